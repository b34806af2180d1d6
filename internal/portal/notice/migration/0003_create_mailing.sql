-- +goose Up
-- Retention: class public, as long as the database; what was mailed to whom stands in the feeds.
-- reached is the owner up to whom, in the order of ids, subscribers have it.
CREATE TABLE notice.mailing (
    object     text PRIMARY KEY,
    topic      text NOT NULL,
    args       jsonb NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    reached    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    sent       integer NOT NULL DEFAULT 0,
    ended_at   timestamptz,
    CONSTRAINT mailing_sent CHECK (sent >= 0)
);
CREATE INDEX mailing_open_idx ON notice.mailing (started_at) WHERE ended_at IS NULL;
CREATE INDEX choice_wanted_idx ON notice.choice (type, owner_id) WHERE wanted;
