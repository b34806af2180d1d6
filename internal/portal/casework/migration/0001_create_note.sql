-- +goose Up
CREATE SCHEMA casework;

-- Retention: class case, as the application; eraser: Cases.Erase, called by the
-- sweep application.retention.
CREATE TABLE casework.note (
    id             uuid PRIMARY KEY,
    application_id uuid NOT NULL,
    key            text NOT NULL,
    officer_id     uuid NOT NULL,
    officer_name   text NOT NULL,
    text           bytea NOT NULL,  -- sealed
    at             timestamptz NOT NULL,
    CONSTRAINT note_key UNIQUE (application_id, key)
);
CREATE INDEX note_application_idx ON casework.note (application_id, at, id);
