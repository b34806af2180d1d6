-- +goose Up
CREATE SCHEMA consent;

CREATE TABLE consent.consent (
    oid          bigint      NOT NULL,
    id           uuid        NOT NULL PRIMARY KEY,
    chain        uuid        NOT NULL,
    client_id    text        NOT NULL,
    client_name  text        NOT NULL,
    scopes       text[]      NOT NULL,
    purpose      text        NOT NULL,
    text_version text        NOT NULL,
    locale       text        NOT NULL,
    given_at     timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_by     text        NOT NULL DEFAULT '' CHECK (ended_by IN ('', 'withdrawn', 'replaced', 'expired', 'account'))
);
CREATE UNIQUE INDEX consent_in_force ON consent.consent (oid, client_id) WHERE ended_at IS NULL;
CREATE INDEX consent_chain ON consent.consent (chain) WHERE ended_at IS NULL;
CREATE INDEX consent_history ON consent.consent (oid, given_at DESC);
COMMENT ON TABLE consent.consent IS 'retention: 3 years after ended_at; basis: proof of consent, 152-FZ art. 9 (3); erased by sweep consent.old';

CREATE TABLE consent.visit (
    oid       bigint      NOT NULL,
    client_id text        NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    count     bigint      NOT NULL,
    PRIMARY KEY (oid, client_id)
);
COMMENT ON TABLE consent.visit IS 'retention: 3 years after last_at; basis: the person''s own list of portals; erased by sweep consent.old, with the account by OnDelete';
