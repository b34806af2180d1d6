-- +goose Up
CREATE SCHEMA IF NOT EXISTS journal;

-- Retention: class journal; setting journal_term (G-22), the payload is erased with the account.
CREATE TABLE journal.entry (
    id     uuid        PRIMARY KEY,
    oid    bigint      NOT NULL,
    kind   text        NOT NULL,
    at     timestamptz NOT NULL,
    sealed bytea
);
CREATE INDEX entry_oid ON journal.entry (oid, at DESC, id DESC);
