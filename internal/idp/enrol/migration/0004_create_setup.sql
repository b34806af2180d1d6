-- +goose Up
-- One-time links by which a new administrator gets a password (okno admin create).
-- Retention: class session; the hash of a random token, swept a week after its end, erased with the account.
CREATE TABLE enrol.setup (
    id         uuid        PRIMARY KEY,
    oid        bigint      NOT NULL,
    token_hash bytea       NOT NULL CONSTRAINT setup_token_hash_key UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX setup_oid ON enrol.setup (oid);
CREATE INDEX setup_expires ON enrol.setup (expires_at);
