-- +goose Up
CREATE SCHEMA content;

-- One row: its version moves with every change that readers must see.
CREATE TABLE content.state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL
);
INSERT INTO content.state (version) VALUES (1);

-- Every edition of every text; the one with the highest number is the current one.
-- Retention: class public; what was agreed to must stay readable, kept for ever.
CREATE TABLE content.entry (
    kind       text NOT NULL CONSTRAINT entry_kind_check CHECK (kind IN ('help', 'act', 'agreement', 'consent', 'news')),
    code       text NOT NULL,
    number     integer NOT NULL,
    body       jsonb NOT NULL,
    withdrawn  boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (kind, code, number)
);

-- Whether a help article was useful (HLP-13); voter is the hash of a random cookie or of an account.
-- Retention: class statistics, three years (G-22); eraser: Contents.ForgetRatings.
CREATE TABLE content.rating (
    code   text NOT NULL,
    voter  bytea NOT NULL,
    useful boolean NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (code, voter)
);
