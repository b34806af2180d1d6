-- +goose Up
-- A consent to the processing is proof for the journal's term after the account was deleted.
ALTER TABLE enrol.agreement ADD COLUMN ended_at timestamptz;
CREATE INDEX agreement_ended ON enrol.agreement (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX check_created ON enrol.check (created_at);
