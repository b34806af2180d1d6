-- +goose Up
CREATE SCHEMA IF NOT EXISTS credential;

-- Retention: class account; erased with the account.
CREATE TABLE credential.password (
    oid        bigint      PRIMARY KEY,
    hash       text        NOT NULL,
    temporary  boolean     NOT NULL DEFAULT false,
    expires_at timestamptz,
    used_at    timestamptz,
    set_at     timestamptz NOT NULL
);

-- One authenticator app per person; confirmed_at is null until the first code was right.
-- Retention: class account; erased with the account.
CREATE TABLE credential.totp (
    oid          bigint      PRIMARY KEY,
    sealed       bytea       NOT NULL,
    last_step    bigint      NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz
);

-- Failures by account and place, keyed hashes only. Retention: class session; swept after a day without failures.
CREATE TABLE credential.throttle (
    key         bytea       PRIMARY KEY,
    failures    int         NOT NULL,
    failed_at   timestamptz NOT NULL,
    open_at     timestamptz NOT NULL,
    told_at     timestamptz
);
CREATE INDEX throttle_failed ON credential.throttle (failed_at);

-- Devices that signed in to an account before: strangers' failures do not slow them down.
-- Retention: class session; swept 400 days after the last sign-in, erased with the account.
CREATE TABLE credential.device (
    oid         bigint      NOT NULL,
    device_hash bytea       NOT NULL,
    used_at     timestamptz NOT NULL,
    PRIMARY KEY (oid, device_hash)
);
CREATE INDEX device_used ON credential.device (used_at);
