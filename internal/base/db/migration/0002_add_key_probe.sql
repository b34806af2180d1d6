-- +goose Up
-- One sealed value per key-encryption key that has ever been the active one
-- here: a start with the wrong key file is refused before anything is written.
CREATE TABLE okno.key_probe (
    key_id  text PRIMARY KEY,
    sealed  bytea NOT NULL
);
