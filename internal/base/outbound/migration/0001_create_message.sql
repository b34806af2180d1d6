-- +goose Up
CREATE SCHEMA outbound;

-- Retention: class delivery; address and text are cleared at delivery, failure or expiry; the line, which names nobody,
-- goes after 90 days; basis 152-FZ art. 5 part 7; eraser: the sweep outbound.tidy.
CREATE TABLE outbound.message (
    id         text PRIMARY KEY,     -- the caller's stable key: ids only
    channel    text NOT NULL,
    class      text NOT NULL CHECK (class IN ('code', 'notice')),
    state      text NOT NULL CHECK (state IN ('waiting', 'queued', 'sending', 'sent', 'failed', 'expired')),
    sealed     bytea,                -- address, subject and text; NULL once the message has its end
    attempts   integer NOT NULL DEFAULT 0,
    failure    text NOT NULL DEFAULT '',
    not_before timestamptz NOT NULL, -- domain time
    expires_at timestamptz NOT NULL, -- domain time
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT message_cleared CHECK ((sealed IS NULL) = (ended_at IS NOT NULL))
);

CREATE INDEX message_waiting_idx ON outbound.message (not_before) WHERE state = 'waiting';
CREATE INDEX message_open_idx ON outbound.message (expires_at) WHERE ended_at IS NULL;
CREATE INDEX message_ended_idx ON outbound.message (ended_at) WHERE ended_at IS NOT NULL;
