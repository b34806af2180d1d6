-- +goose Up
CREATE SCHEMA catalogue;

-- One row: its version moves with every change that readers must see.
CREATE TABLE catalogue.state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL,
    shelves  jsonb NOT NULL -- categories and life situations
);
INSERT INTO catalogue.state (version, shelves) VALUES (1, '{}');

-- Immutable: what was published stays readable for every draft and application that began with it.
-- Retention: class public; kept for ever.
CREATE TABLE catalogue.revision (
    id         text PRIMARY KEY, -- hash of the body
    code       text NOT NULL,
    body       bytea NOT NULL,   -- JSON as hashed; jsonb would reorder it
    created_at timestamptz NOT NULL
);
CREATE INDEX revision_code_idx ON catalogue.revision (code);

-- Retention: class public; kept for ever.
CREATE TABLE catalogue.service (
    code        text PRIMARY KEY,
    revision_id text NOT NULL REFERENCES catalogue.revision,
    state       text NOT NULL CONSTRAINT service_state_check CHECK (state IN ('published', 'withdrawn')),
    version     bigint NOT NULL,
    changed_at  timestamptz NOT NULL
);

-- Who published or withdrew what, when and why (CAT-13). actor is an officer's id or a command.
-- Retention: class public; kept for ever.
CREATE TABLE catalogue.publication (
    code        text NOT NULL,
    version     bigint NOT NULL,
    revision_id text NOT NULL REFERENCES catalogue.revision,
    action      text NOT NULL CONSTRAINT publication_action_check CHECK (action IN ('publish', 'withdraw')),
    actor       text NOT NULL,
    reason      text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (code, version)
);

-- How often a service is used, by day; nobody's name is in it.
-- Retention: class statistics, three years (G-22); eraser: Services.ForgetUse.
CREATE TABLE catalogue.use (
    code      text NOT NULL,
    day       date NOT NULL,
    opened    bigint NOT NULL DEFAULT 0,
    submitted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (code, day)
);
