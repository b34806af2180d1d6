-- +goose Up
-- Who put the shelves up last: a release leaves those of an editor alone.
ALTER TABLE catalogue.state ADD COLUMN shelves_by text NOT NULL DEFAULT '';

-- A service that will be withdrawn, by whom and why.
ALTER TABLE catalogue.service
    ADD COLUMN withdraw_at     timestamptz,
    ADD COLUMN withdraw_by     text NOT NULL DEFAULT '',
    ADD COLUMN withdraw_reason text NOT NULL DEFAULT '';
CREATE INDEX service_withdraw_idx ON catalogue.service (withdraw_at) WHERE withdraw_at IS NOT NULL;

-- What an editor has uploaded and not published yet, as a zip.
-- Retention: class technical, a week; eraser: the sweep catalogue.proposal.
CREATE TABLE catalogue.proposal (
    id         uuid PRIMARY KEY, -- the key of the form
    archive    bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX proposal_created_idx ON catalogue.proposal (created_at);
