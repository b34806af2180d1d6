-- +goose Up
CREATE SCHEMA signin;

-- What a client asked for, until it is answered.
CREATE TABLE signin.request (
    id           uuid PRIMARY KEY,
    hash         bytea       NOT NULL UNIQUE,
    client_id    text        NOT NULL,
    redirect_uri text        NOT NULL,
    scopes       text[]      NOT NULL,
    state        text        NOT NULL,
    nonce        text        NOT NULL,
    challenge    text        NOT NULL,
    silent       boolean     NOT NULL,
    fresh        boolean     NOT NULL,
    ask_consent  boolean     NOT NULL,
    max_age      integer,
    two_factors  boolean     NOT NULL,
    subject      bigint,
    login_hint   bytea,
    locales      text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    refusal      text        NOT NULL DEFAULT '',
    family_id    uuid,
    session_id   uuid
);
CREATE INDEX request_expiry ON signin.request (expires_at);
COMMENT ON TABLE signin.request IS 'retention: one day after expires_at; basis: sign-in; erased by sweep signin.request';

-- A right password that waits for its second factor.
CREATE TABLE signin.pending (
    oid        bigint      NOT NULL,
    hash       bytea       NOT NULL PRIMARY KEY,
    restricted text        NOT NULL,
    remember   boolean     NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX pending_expiry ON signin.pending (expires_at);
CREATE INDEX pending_person ON signin.pending (oid);
COMMENT ON TABLE signin.pending IS 'retention: until expires_at (10 minutes); basis: sign-in; erased by sweep signin.request, with the account by OnDelete';
