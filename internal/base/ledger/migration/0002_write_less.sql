-- +goose Up
-- A new entry is in no batch, and the queries by batch ask for one.
CREATE INDEX IF NOT EXISTS entry_sealed_idx ON ledger.entry (batch, id) WHERE batch IS NOT NULL;
DROP INDEX IF EXISTS ledger.entry_batch_idx;
ALTER TABLE ledger.entry ALTER COLUMN payload SET STORAGE EXTERNAL; -- sealed: it does not shrink
