-- +goose Up
-- One-time links by which staff begin to work here; the name must be that of the account.
-- Retention: class staff; swept when the journal's term has ended after its end.
CREATE TABLE operator.invitation (
    id           uuid        PRIMARY KEY,
    token_hash   bytea       NOT NULL CONSTRAINT invitation_token_hash_key UNIQUE,
    surname      text        NOT NULL,
    given        text        NOT NULL,
    centre_id    text        REFERENCES operator.centre,
    rights       text[]      NOT NULL,
    created_by   bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_by      bigint,
    used_at      timestamptz
);
CREATE INDEX invitation_expires ON operator.invitation (expires_at DESC, id DESC);

-- What administrators did. Retention: class journal; setting journal_term; people are numbers here.
CREATE TABLE operator.admin_act (
    id     uuid        PRIMARY KEY,
    admin  bigint, -- null: set-up on the machine itself
    kind   text        NOT NULL,
    object text        NOT NULL,
    note   text        NOT NULL DEFAULT '',
    at     timestamptz NOT NULL
);
CREATE INDEX admin_act_at ON operator.admin_act (at DESC, id DESC);
