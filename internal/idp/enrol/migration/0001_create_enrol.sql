-- +goose Up
CREATE SCHEMA IF NOT EXISTS enrol;

-- One-time codes and links. A challenge belongs to one act and one subject
-- (an attempt or an account); secret is a keyed hash of the code or of the link's token.
-- Retention: class session; swept a week after it expired.
CREATE TABLE enrol.challenge (
    id         uuid        PRIMARY KEY,
    act        text        NOT NULL,
    subject    text        NOT NULL,
    link       boolean     NOT NULL,
    to_index   bytea       NOT NULL,
    secret     bytea       NOT NULL,
    tries      int         NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    void       boolean     NOT NULL DEFAULT false
);
CREATE INDEX challenge_subject ON enrol.challenge (act, subject, created_at);
CREATE UNIQUE INDEX challenge_link_key ON enrol.challenge (secret) WHERE link;
CREATE INDEX challenge_to ON enrol.challenge (to_index, created_at);
CREATE INDEX challenge_expires ON enrol.challenge (expires_at);

-- Registrations under way and done. Values are erased when done or expired.
-- Retention: class session; setting remind_deletion after the last step.
CREATE TABLE enrol.registration (
    id              uuid        PRIMARY KEY,
    token_hash      bytea       NOT NULL UNIQUE,
    state           text        NOT NULL CHECK (state IN ('code', 'link', 'password', 'done')),
    sealed          bytea,
    email_confirmed boolean     NOT NULL DEFAULT false,
    consent_version text        NOT NULL,
    consent_at      timestamptz NOT NULL,
    network         bytea       NOT NULL,
    oid             bigint,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX registration_network ON enrol.registration (network, created_at);
CREATE INDEX registration_expires ON enrol.registration (expires_at);

-- Consents to the processing of personal data (ID-REG-19).
-- Retention: class consent; kept for the journal's term after deletion as proof, holds no data but the number.
CREATE TABLE enrol.agreement (
    id      uuid        PRIMARY KEY,
    oid     bigint      NOT NULL,
    kind    text        NOT NULL,
    version text        NOT NULL,
    locale  text        NOT NULL,
    channel text        NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX agreement_oid ON enrol.agreement (oid, at);

-- The personal-data form as typed, kept until it is verified (ID-REG-25).
-- Retention: class account; erased with the account.
CREATE TABLE enrol.form (
    oid        bigint      PRIMARY KEY,
    sealed     bytea       NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Questions to registers about a version of the data or about one document.
-- Retention: class journal; setting journal_term; no personal data but the number.
CREATE TABLE enrol.check (
    id          uuid        PRIMARY KEY,
    oid         bigint      NOT NULL,
    version     int,
    document_id uuid,
    register    text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('waiting', 'asked', 'matched', 'mismatched', 'unanswered', 'superseded')),
    reason      text        NOT NULL DEFAULT '',
    attempts    int         NOT NULL DEFAULT 0,
    away        boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    asked_at    timestamptz,
    next_at     timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    answered_at timestamptz,
    CHECK ((version IS NULL) <> (document_id IS NULL))
);
CREATE UNIQUE INDEX check_version_key ON enrol.check (oid, version, register) WHERE version IS NOT NULL;
CREATE INDEX check_document ON enrol.check (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX check_next ON enrol.check (next_at) WHERE state IN ('waiting', 'asked');
CREATE INDEX check_oid ON enrol.check (oid, created_at);

-- Recoveries of access under way.
-- Retention: class session; swept a week after it expired.
CREATE TABLE enrol.recovery (
    id         uuid        PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE,
    way        text        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('code', 'link', 'password', 'done')),
    oid        bigint,
    sealed     bytea       NOT NULL,
    locale     text        NOT NULL,
    network    bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX recovery_network ON enrol.recovery (network, created_at);
CREATE INDEX recovery_expires ON enrol.recovery (expires_at);
