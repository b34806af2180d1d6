-- +goose Up
CREATE SCHEMA IF NOT EXISTS event;

-- The outbox of security events. Retention: class delivery; 30 days after the last delivery, swept by event.erase.
CREATE TABLE event.event (
    id      uuid        PRIMARY KEY,
    type    text        NOT NULL,
    oid     bigint      NOT NULL,
    payload jsonb       NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX event_at ON event.event (at);

-- One row per event and receiver. Retention: as the event.
CREATE TABLE event.delivery (
    event_id     uuid        NOT NULL REFERENCES event.event ON DELETE CASCADE,
    receiver     text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts     int         NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    delivered_at timestamptz,
    error        text        NOT NULL DEFAULT '',
    PRIMARY KEY (event_id, receiver)
);
CREATE INDEX delivery_due ON event.delivery (due_at) WHERE state = 'waiting';
