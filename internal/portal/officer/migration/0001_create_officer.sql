-- +goose Up
CREATE SCHEMA officer;

-- Retention: class staff; the name is kept as long as the portal runs (cases and
-- answers name the officer who acted), the subject is cleared three years after
-- the end of work (setting retention.days); eraser: the sweep officer.retention.
CREATE TABLE officer.officer (
    id         uuid PRIMARY KEY,
    subject    text NOT NULL CONSTRAINT officer_subject_key UNIQUE,
    agency     text NOT NULL,
    name       text NOT NULL,
    post       text NOT NULL DEFAULT '',
    roles      text[] NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX officer_agency_idx ON officer.officer (agency);

-- Retention: class staff, three years after its end; eraser: the sweep
-- officer.retention.
CREATE TABLE officer.deputy (
    officer_id uuid NOT NULL REFERENCES officer.officer ON DELETE CASCADE,
    deputy_id  uuid NOT NULL REFERENCES officer.officer ON DELETE CASCADE,
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,
    PRIMARY KEY (officer_id, deputy_id, from_at),
    CONSTRAINT deputy_not_self CHECK (officer_id <> deputy_id),
    CONSTRAINT deputy_order CHECK (from_at < until_at)
);
CREATE INDEX deputy_deputy_idx ON officer.deputy (deputy_id);
