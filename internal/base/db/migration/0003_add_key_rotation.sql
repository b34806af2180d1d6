-- +goose Up
-- How far a rotation of keys has come, by table: rows before the block are under
-- the key, or were locked and are met in the next pass. Wall time.
CREATE TABLE okno.rewrap (
    target      text PRIMARY KEY,
    key_id      text NOT NULL,
    block       bigint NOT NULL,
    found       bigint NOT NULL, -- values under another key that this pass has met
    moved       bigint NOT NULL, -- values that all passes have moved
    started_at  timestamptz NOT NULL,
    finished_at timestamptz
);

-- Which key each running process seals under.
CREATE TABLE okno.key_use (
    process uuid PRIMARY KEY,
    key_id  text NOT NULL,
    seen_at timestamptz NOT NULL
);
