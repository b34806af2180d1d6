-- +goose Up
CREATE SCHEMA IF NOT EXISTS okno;

-- Domain time = wall time + offset. One row; zero in production.
CREATE TABLE okno.clock (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    offset_us    bigint NOT NULL
);
INSERT INTO okno.clock (offset_us) VALUES (0);

-- Which sweep ran when: keeps several processes from sweeping at the same
-- time, and is what the operations page shows. Wall time.
CREATE TABLE okno.sweep (
    name          text PRIMARY KEY,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    found         integer NOT NULL DEFAULT 0,
    error         text NOT NULL DEFAULT ''
);
