-- +goose Up
CREATE SCHEMA rp;

CREATE TABLE rp.session (
    id         uuid PRIMARY KEY,
    party      text        NOT NULL,
    subject    text        NOT NULL,
    token_hash bytea       NOT NULL UNIQUE,
    sid        text        NOT NULL,
    sealed     bytea       NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    opened_at  timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX session_subject ON rp.session (subject, party) WHERE ended_at IS NULL;
CREATE INDEX session_sid ON rp.session (sid) WHERE ended_at IS NULL;
CREATE INDEX session_expiry ON rp.session (expires_at);
COMMENT ON TABLE rp.session IS 'retention: one day after expires_at; claims and tokens are erased when the session ends; basis: sign-in; erased by sweep rp.session';
