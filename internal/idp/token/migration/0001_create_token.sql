-- +goose Up
CREATE SCHEMA token;

CREATE TABLE token.key (
    seq        integer PRIMARY KEY,
    kid        text        NOT NULL UNIQUE,
    sealed     bytea       NOT NULL,
    public     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    active_at  timestamptz NOT NULL,
    retired_at timestamptz NOT NULL,
    removed_at timestamptz NOT NULL
);
COMMENT ON TABLE token.key IS 'retention: until removed_at, then erased by sweep token.key; holds no personal data';

-- One sign-in at one client: the family of its tokens.
CREATE TABLE token.family (
    oid         bigint      NOT NULL,
    id          uuid        NOT NULL PRIMARY KEY,
    client_id   text        NOT NULL,
    session_id  uuid        NOT NULL,
    consent_id  uuid,
    scopes      text[]      NOT NULL,
    nonce       text        NOT NULL,
    auth_time   timestamptz NOT NULL,
    level       smallint    NOT NULL,
    acr         text        NOT NULL,
    amr         text[]      NOT NULL,
    offline     boolean     NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    revoked_for text        NOT NULL DEFAULT '',
    told_at     timestamptz
);
CREATE INDEX family_person ON token.family (oid);
CREATE INDEX family_session ON token.family (session_id);
CREATE INDEX family_expiry ON token.family (expires_at);
COMMENT ON TABLE token.family IS 'retention: 30 days after expires_at; basis: security journal; erased by sweep token.family, with the account by OnDelete';

CREATE TABLE token.code (
    hash         bytea PRIMARY KEY,
    family_id    uuid        NOT NULL REFERENCES token.family (id) ON DELETE CASCADE,
    redirect_uri text        NOT NULL,
    challenge    text        NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE INDEX code_family ON token.code (family_id);
COMMENT ON TABLE token.code IS 'retention: with its family; holds no personal data';

CREATE TABLE token.refresh (
    hash       bytea PRIMARY KEY,
    family_id  uuid        NOT NULL REFERENCES token.family (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_family ON token.refresh (family_id);
COMMENT ON TABLE token.refresh IS 'retention: with its family; holds no personal data';

-- Ids of client assertions that were used (RFC 7523, 3, item 7).
CREATE TABLE token.assertion (
    client_id  text        NOT NULL,
    jti_hash   bytea       NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
COMMENT ON TABLE token.assertion IS 'retention: until expires_at; erased by sweep token.family; holds no personal data';
