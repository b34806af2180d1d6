-- +goose Up
CREATE SCHEMA IF NOT EXISTS setting;

-- Every version of the administrator's settings. Retention: class configuration; kept for good, holds no personal data but the number of who changed it.
CREATE TABLE setting.version (
    version int         PRIMARY KEY,
    value   jsonb       NOT NULL,
    actor   text        NOT NULL,
    reason  text        NOT NULL DEFAULT '',
    at      timestamptz NOT NULL
);
