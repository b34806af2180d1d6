-- +goose Up
CREATE SCHEMA IF NOT EXISTS session;

-- One row per sign-in. The browser holds the token, the row only its hash.
-- Retention: class session; erased 90 days after its end by session.erase, at once with the account.
CREATE TABLE session.session (
    id          uuid        PRIMARY KEY,
    oid         bigint      NOT NULL,
    token_hash  bytea       NOT NULL UNIQUE,
    level       smallint    NOT NULL,
    amr         text[]      NOT NULL,
    auth_at     timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    foreign_computer boolean NOT NULL,
    restricted  text        NOT NULL DEFAULT '',
    device_hash bytea       NOT NULL,
    device_name text        NOT NULL,
    network     bytea       NOT NULL,
    ended_at    timestamptz,
    end_reason  text        NOT NULL DEFAULT ''
);
CREATE INDEX session_oid ON session.session (oid, opened_at);
CREATE INDEX session_ended ON session.session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX session_expires ON session.session (expires_at) WHERE ended_at IS NULL;
