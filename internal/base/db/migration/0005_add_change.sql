-- +goose Up
-- What has changed of the rows that processes keep in memory, see change.go. A
-- row stands there from the commit of the change; at is the server's wall time.
CREATE TABLE okno.change (
    xid    xid8        NOT NULL DEFAULT pg_current_xact_id(),
    topic  text        NOT NULL,
    key    text        NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX change_xid ON okno.change (xid);
