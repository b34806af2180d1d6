-- +goose Up
CREATE SCHEMA client;

CREATE TABLE client.client (
    id               text PRIMARY KEY,
    name             text        NOT NULL,
    kind             text        NOT NULL CHECK (kind IN ('state', 'commercial')),
    status           text        NOT NULL CHECK (status IN ('pending', 'active', 'suspended')),
    purpose          text        NOT NULL,
    home_url         text        NOT NULL,
    redirect_uris    text[]      NOT NULL,
    post_logout_uris text[]      NOT NULL,
    backchannel_uri  text        NOT NULL,
    event_uri        text        NOT NULL,
    scopes           text[]      NOT NULL,
    min_level        smallint    NOT NULL CHECK (min_level BETWEEN 1 AND 3),
    refused_proofing text[]      NOT NULL,
    first_party      boolean     NOT NULL,
    second_factor    boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL
);
COMMENT ON TABLE client.client IS 'retention: while registered; basis: contract; holds no personal data';

CREATE TABLE client.secret (
    client_id  text        NOT NULL REFERENCES client.client (id) ON DELETE CASCADE,
    mac        bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (client_id, mac)
);
COMMENT ON TABLE client.secret IS 'retention: until expires_at, then erased by Sweep; basis: contract; holds no personal data';

CREATE TABLE client.certificate (
    client_id  text        NOT NULL REFERENCES client.client (id) ON DELETE CASCADE,
    sha256     bytea       NOT NULL,
    der        bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, sha256)
);
COMMENT ON TABLE client.certificate IS 'retention: while registered; basis: contract; holds no personal data';
