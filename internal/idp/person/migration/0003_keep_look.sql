-- +goose Up
-- The version for the visually impaired, as the person chose it for all browsers.
ALTER TABLE person.person ADD COLUMN look text NOT NULL DEFAULT '';
