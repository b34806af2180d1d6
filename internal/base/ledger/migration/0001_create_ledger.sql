-- +goose Up
CREATE SCHEMA ledger;

-- Retention: class journal; three years by default (G-22), set by the owning context; basis 152-FZ art. 18.1, 19;
-- eraser: Ledger.Erase and Ledger.EraseBefore clear the payload, the row with its hash stays for the chain.
CREATE TABLE ledger.entry (
    id           uuid PRIMARY KEY,
    subject      text NOT NULL,        -- whose journal it is: an id, never a name
    actor        text NOT NULL,        -- who acted: an id with its kind, such as officer:…
    kind         text NOT NULL,
    object       text NOT NULL,        -- what was acted on: an id with its kind
    at           timestamptz NOT NULL, -- domain time
    once         text CONSTRAINT entry_once_key UNIQUE,
    payload      bytea,                -- sealed salt and JSON; NULL once erased
    payload_hash bytea NOT NULL CHECK (length(payload_hash) = 32),
    hash         bytea NOT NULL CHECK (length(hash) = 32),
    key_id       text NOT NULL,
    batch        bigint
);

CREATE INDEX entry_subject_idx ON ledger.entry (subject, at DESC, id DESC);
CREATE INDEX entry_object_idx ON ledger.entry (object, at DESC, id DESC);
CREATE INDEX entry_unsealed_idx ON ledger.entry (id) WHERE batch IS NULL;
CREATE INDEX entry_batch_idx ON ledger.entry (batch, id);
CREATE INDEX entry_payload_idx ON ledger.entry (at) WHERE payload IS NOT NULL;
CREATE INDEX entry_key_idx ON ledger.entry (key_id) WHERE payload IS NOT NULL;

-- Retention: class journal; holds no personal data; kept as long as the product runs.
CREATE TABLE ledger.batch (
    seq       bigint PRIMARY KEY,
    count     integer NOT NULL CHECK (count > 0),
    previous  bytea NOT NULL,
    hash      bytea NOT NULL CHECK (length(hash) = 32),
    mac       bytea NOT NULL CHECK (length(mac) = 32),
    sealed_at timestamptz NOT NULL
);
