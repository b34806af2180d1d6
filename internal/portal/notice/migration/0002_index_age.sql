-- +goose Up
CREATE INDEX entry_at_idx ON notice.entry (at);
