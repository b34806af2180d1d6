-- +goose Up
CREATE SCHEMA IF NOT EXISTS operator;

-- Service centres. Retention: class configuration; kept for good, no personal data.
CREATE TABLE operator.centre (
    id        text             PRIMARY KEY,
    kind      text             NOT NULL CHECK (kind IN ('mfc', 'rostelecom', 'post', 'pension_fund', 'bank')),
    name      text             NOT NULL,
    address   text             NOT NULL,
    phone     text             NOT NULL DEFAULT '',
    hours     text             NOT NULL DEFAULT '',
    latitude  double precision,
    longitude double precision,
    acts      text[]           NOT NULL,
    active    boolean          NOT NULL DEFAULT true
);

-- Who works at the desks and who administers. Retention: class staff; kept for the journal's term after the last act.
CREATE TABLE operator.operator (
    oid        bigint      PRIMARY KEY,
    centre_id  text        REFERENCES operator.centre,
    rights     text[]      NOT NULL,
    active     boolean     NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL,
    changed_by text        NOT NULL
);
CREATE INDEX operator_centre ON operator.operator (centre_id);

-- A citizen at a desk: what was shown, and how far the act has come.
-- Retention: class session; the values are erased when it ends or after two hours, the row after the journal's term.
CREATE TABLE operator.visit (
    id         uuid        PRIMARY KEY,
    operator   bigint      NOT NULL,
    centre_id  text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('found', 'register', 'assist')),
    oid        bigint,
    sealed     bytea,
    proved     boolean     NOT NULL DEFAULT false,
    ended      text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX visit_expires ON operator.visit (expires_at) WHERE sealed IS NOT NULL;

-- What operators did (ID-MFC-07). Retention: class journal; setting journal_term; the person is a number, no other personal data.
CREATE TABLE operator.act (
    id        uuid        PRIMARY KEY,
    operator  bigint      NOT NULL,
    centre_id text        NOT NULL,
    kind      text        NOT NULL,
    oid       bigint,
    document  text        NOT NULL DEFAULT '',
    reason    text        NOT NULL DEFAULT '',
    at        timestamptz NOT NULL
);
CREATE INDEX act_operator ON operator.act (operator, at DESC, id DESC);
CREATE INDEX act_centre ON operator.act (centre_id, at DESC, id DESC);
