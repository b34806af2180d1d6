-- +goose Up
CREATE SCHEMA directory;

-- One row: its version moves with every change of the directory.
CREATE TABLE directory.state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL
);
INSERT INTO directory.state (version) VALUES (1);

-- Retention: class public; no personal data but the names of heads of agencies, which the law makes
-- public (8-FZ art. 13); kept for ever.
CREATE TABLE directory.agency (
    code       text PRIMARY KEY,
    position   integer NOT NULL,
    body       jsonb NOT NULL,
    hidden     boolean NOT NULL DEFAULT false,
    version    bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- Retention: class public; kept for ever.
CREATE TABLE directory.centre (
    code       text PRIMARY KEY,
    position   integer NOT NULL,
    body       jsonb NOT NULL,
    hidden     boolean NOT NULL DEFAULT false,
    version    bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- Retention: class public; what the directory said when, kept for ever.
CREATE TABLE directory.history (
    kind       text NOT NULL,
    code       text NOT NULL,
    version    bigint NOT NULL,
    body       jsonb NOT NULL,
    hidden     boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (kind, code, version)
);
