-- +goose Up
CREATE SCHEMA document;

-- Retention: class of the holder (a draft's files 90 days, an application's
-- files three years after its end, G-22); eraser: Documents.Release, then the
-- sweep, which deletes the blob and the row.
CREATE TABLE document.document (
    id         uuid PRIMARY KEY,  -- the key of the blob is made of it
    owner_id   uuid,
    holder     text NOT NULL,
    side       text NOT NULL CHECK (side IN ('citizen', 'agency')),
    slot       text NOT NULL DEFAULT '',
    name       text NOT NULL,
    ext        text NOT NULL,
    media      text NOT NULL,
    size       bigint NOT NULL DEFAULT 0,
    sha256     bytea,
    wrapped    bytea,             -- the file's key, sealed
    encrypted  boolean NOT NULL DEFAULT false,
    scan       text NOT NULL CHECK (scan IN ('received', 'waiting', 'clean', 'infected', 'unchecked')),
    signature  text NOT NULL DEFAULT '',
    scanned_at timestamptz,
    created_at timestamptz NOT NULL,
    kept_at    timestamptz,  -- a transaction names it
    doomed_at  timestamptz,  -- the sweep may take it, nobody may keep it any more
    CONSTRAINT document_complete CHECK (scan = 'received' OR (sha256 IS NOT NULL AND wrapped IS NOT NULL))
);
CREATE INDEX document_holder_idx ON document.document (holder);
CREATE INDEX document_owner_idx ON document.document (owner_id);
CREATE INDEX document_loose_idx ON document.document (created_at) WHERE kept_at IS NULL;
CREATE INDEX document_doomed_idx ON document.document (doomed_at) WHERE doomed_at IS NOT NULL;
