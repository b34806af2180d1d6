-- +goose Up
-- When this database was last written into a whole backup. Wall time.
CREATE TABLE okno.backup (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    made_at timestamptz NOT NULL
);
