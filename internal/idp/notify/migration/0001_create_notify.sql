-- +goose Up
CREATE SCHEMA IF NOT EXISTS notify;

-- What a person chose to be told of. Retention: class account; erased with the account.
CREATE TABLE notify.preference (
    oid       bigint  PRIMARY KEY,
    signed_in boolean NOT NULL
);
