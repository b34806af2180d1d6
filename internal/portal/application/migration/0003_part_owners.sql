-- +goose Up
-- parted_at: the owner's account was deleted; unlinked_at: the case had ended,
-- and owner_id became an id that leads to nobody and to no other case (G-23).
ALTER TABLE application.application
    ADD COLUMN parted_at timestamptz,
    ADD COLUMN unlinked_at timestamptz;
CREATE INDEX application_parted_idx ON application.application (parted_at) WHERE parted_at IS NOT NULL AND unlinked_at IS NULL;
