-- +goose Up
-- A withdrawal that is planned or called off is a change like any other: it has a
-- version and stands in the history with its moment.
ALTER TABLE catalogue.publication
    ADD COLUMN due timestamptz,
    DROP CONSTRAINT publication_action_check,
    ADD CONSTRAINT publication_action_check CHECK (action IN ('publish', 'withdraw', 'plan', 'keep'));
