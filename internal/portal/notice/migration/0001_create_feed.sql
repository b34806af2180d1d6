-- +goose Up
CREATE SCHEMA notice;

-- Retention: class feed, three years (G-22, setting retention.days) or with the
-- account; eraser: the sweep notice.retention, Notices.Forget. Arguments are service names, numbers, days: no names of people.
CREATE TABLE notice.entry (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL,
    key        text NOT NULL,
    category   text NOT NULL,
    type       text NOT NULL,
    topic      text NOT NULL,
    args       jsonb NOT NULL,
    object     text NOT NULL DEFAULT '',
    words      text NOT NULL DEFAULT '',  -- match keys, for the search
    action     boolean NOT NULL DEFAULT false,
    due        date,
    done_at    timestamptz,
    at         timestamptz NOT NULL,
    read_at    timestamptz,
    CONSTRAINT entry_key UNIQUE (owner_id, key)
);
CREATE INDEX entry_feed_idx ON notice.entry (owner_id, at DESC, id DESC);
CREATE INDEX entry_unread_idx ON notice.entry (owner_id) WHERE read_at IS NULL;
CREATE INDEX entry_object_idx ON notice.entry (owner_id, object);

-- Retention: class account; eraser: Notices.Forget.
CREATE TABLE notice.choice (
    owner_id uuid NOT NULL,
    type     text NOT NULL,
    channel  text NOT NULL,
    wanted   boolean NOT NULL,
    PRIMARY KEY (owner_id, type, channel)
);

-- Retention: class account; eraser: Notices.Forget. Minutes of the day in the
-- portal's zone; from > until goes over midnight.
CREATE TABLE notice.hours (
    owner_id     uuid PRIMARY KEY,
    from_minute  smallint NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    until_minute smallint NOT NULL CHECK (until_minute BETWEEN 0 AND 1439),
    CONSTRAINT hours_not_empty CHECK (from_minute <> until_minute)
);
