-- +goose Up
CREATE SCHEMA exchange;

-- Retention: 30 days by the sweep exchange.received: longer than the provider
-- repeats an event (three days).
CREATE TABLE exchange.received (
    id text NOT NULL,  -- jti of a security event token
    at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX received_at_idx ON exchange.received (at);
