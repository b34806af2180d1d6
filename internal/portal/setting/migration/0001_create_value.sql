-- +goose Up
CREATE SCHEMA setting;

-- Retention: class journal of administration; kept as long as the portal runs
-- (it explains past decisions); holds no personal data but the officer's id.
CREATE TABLE setting.value (
    name    text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    value   jsonb NOT NULL,
    set_by  text NOT NULL,
    reason  text NOT NULL CHECK (reason <> ''),
    set_at  timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
