-- +goose Up
-- One-time links by which staff begin to work here; the name must be that of the account.
-- Retention: class staff; setting retention.days after its end; eraser: the sweep officer.retention.
CREATE TABLE officer.invitation (
    id         uuid PRIMARY KEY,
    token_hash bytea NOT NULL CONSTRAINT invitation_token_hash_key UNIQUE,
    surname    text NOT NULL,
    given      text NOT NULL,
    agency     text NOT NULL,
    post       text NOT NULL,
    roles      text[] NOT NULL,
    created_by uuid NOT NULL REFERENCES officer.officer,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_by    uuid REFERENCES officer.officer,
    used_at    timestamptz
);
CREATE INDEX invitation_expires_idx ON officer.invitation (expires_at DESC, id DESC);

-- What administrators and editors did. Retention: class journal; setting retention.days; no names.
CREATE TABLE officer.deed (
    id      uuid PRIMARY KEY,
    officer uuid NOT NULL,
    kind    text NOT NULL,
    object  text NOT NULL,
    note    text NOT NULL DEFAULT '',
    at      timestamptz NOT NULL
);
CREATE INDEX deed_at_idx ON officer.deed (at DESC, id DESC);
