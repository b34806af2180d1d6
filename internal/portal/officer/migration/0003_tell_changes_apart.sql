-- +goose Up
-- Counts the changes of an officer's data and rights: whoever saves says what he saw.
ALTER TABLE officer.officer ADD COLUMN version bigint NOT NULL DEFAULT 1;
