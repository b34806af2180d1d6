-- +goose Up
CREATE SCHEMA application;

-- Retention: class draft, 90 days without a change (DRF-05); eraser: the sweep
-- application.drafts, also Applications.DeleteDraft.
CREATE TABLE application.draft (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL,
    start_key  text NOT NULL,
    service    text NOT NULL,
    revision   text NOT NULL,
    title      jsonb NOT NULL,
    content    bytea NOT NULL,  -- sealed: answers and snapshot of the profile
    profile_at timestamptz NOT NULL,
    step       text NOT NULL DEFAULT '',
    status     text NOT NULL CHECK (status IN ('draft', 'awaiting_signature')),
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    warn_at    timestamptz NOT NULL,
    warned_at  timestamptz,
    CONSTRAINT draft_start_key UNIQUE (owner_id, start_key)
);
CREATE INDEX draft_owner_idx ON application.draft (owner_id, updated_at DESC);
CREATE INDEX draft_expires_idx ON application.draft (expires_at);
CREATE INDEX draft_warn_idx ON application.draft (warn_at) WHERE warned_at IS NULL;

-- Retention: class case, three years after the end (G-22, setting
-- retention.days); eraser: the sweep application.retention clears names and
-- indexes, deletes contents, signatures, messages and files.
CREATE TABLE application.application (
    id                uuid PRIMARY KEY,
    draft_id          uuid NOT NULL CONSTRAINT application_draft_key UNIQUE,
    number            text NOT NULL CONSTRAINT application_number_key UNIQUE,
    owner_id          uuid NOT NULL,
    filed_by          uuid NOT NULL,
    capacity          text NOT NULL,
    channel           text NOT NULL,
    service           text NOT NULL,
    revision          text NOT NULL,
    title             jsonb NOT NULL,
    agency            text NOT NULL,
    body              text NOT NULL,
    words             text NOT NULL,    -- match keys of service, number, agency (SVC-20)
    applicant         bytea NOT NULL,   -- sealed: the name in the agency's queue
    finders           bytea[] NOT NULL, -- blind indexes of name and SNILS
    status            text NOT NULL,
    outcome           text NOT NULL DEFAULT '',
    ground            text NOT NULL DEFAULT '',
    version           integer NOT NULL DEFAULT 1,
    level             smallint NOT NULL,
    proofing          text NOT NULL,
    submitted_at      timestamptz NOT NULL,
    register_by       timestamptz NOT NULL,
    registered_at     timestamptz,
    due_at            timestamptz,
    answer_by         timestamptz,
    decided_at        timestamptz,
    changed_at        timestamptz NOT NULL,
    late_registration boolean NOT NULL DEFAULT false,
    overdue           boolean NOT NULL DEFAULT false,
    officer_id        uuid,
    officer_name      text NOT NULL DEFAULT '',
    taken_at          timestamptz,
    unseen            boolean NOT NULL DEFAULT false,
    contents          integer NOT NULL DEFAULT 1,
    stars             smallint NOT NULL DEFAULT 0 CHECK (stars BETWEEN 0 AND 5),
    stars_comment     bytea,  -- sealed
    proof_hash        bytea NOT NULL CONSTRAINT application_proof_key UNIQUE,
    proof             bytea NOT NULL  -- sealed: the token of the public check page
);
CREATE INDEX application_owner_idx ON application.application (owner_id, changed_at DESC, id DESC);
CREATE INDEX application_queue_idx ON application.application (agency, due_at, id)
    WHERE status NOT IN ('withdrawn', 'closed');
CREATE INDEX application_due_idx ON application.application (due_at)
    WHERE NOT overdue AND status IN ('registered', 'in_work', 'more_info', 'invited', 'awaiting_payment');
CREATE INDEX application_register_idx ON application.application (register_by)
    WHERE NOT late_registration AND status = 'sent';
CREATE INDEX application_finders_idx ON application.application USING gin (finders);

-- Retention: class case; eraser: the sweep application.retention.
CREATE TABLE application.content (
    application_id uuid NOT NULL REFERENCES application.application,
    version        integer NOT NULL,
    content        bytea NOT NULL,  -- sealed: names, answers, profile
    signed         bytea NOT NULL,  -- sealed: the exact bytes that were signed
    PRIMARY KEY (application_id, version)
);

-- Retention: class case; eraser: the sweep application.retention.
CREATE TABLE application.signature (
    application_id uuid NOT NULL,
    version        integer NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('simple')),
    signer_id      uuid NOT NULL,
    digest         bytea NOT NULL,  -- SHA-256 of the signed bytes
    session        text NOT NULL,
    acr            text NOT NULL,
    amr            text[] NOT NULL,
    auth_time      timestamptz NOT NULL,
    consent        text NOT NULL,   -- version of the text that was agreed to
    signed_at      timestamptz NOT NULL,
    PRIMARY KEY (application_id, version),
    FOREIGN KEY (application_id, version) REFERENCES application.content
);

-- Retention: class case; eraser: the sweep application.retention clears the
-- comment and keeps the line.
CREATE TABLE application.event (
    id             uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES application.application,
    key            text NOT NULL,   -- of the act: what is done twice is one line
    at             timestamptz NOT NULL,
    status         text NOT NULL,
    actor          text NOT NULL,
    officer_id     uuid,
    officer_name   text NOT NULL DEFAULT '',
    comment        bytea,           -- sealed
    ground         text NOT NULL DEFAULT '',
    CONSTRAINT event_key UNIQUE (application_id, key)
);
CREATE INDEX event_application_idx ON application.event (application_id, at, id);

-- Retention: class case; eraser: the sweep application.retention.
CREATE TABLE application.message (
    id             uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES application.application,
    key            text NOT NULL,
    at             timestamptz NOT NULL,
    side           text NOT NULL CHECK (side IN ('citizen', 'agency')),
    officer_id     uuid,
    officer_name   text NOT NULL DEFAULT '',
    text           bytea NOT NULL,  -- sealed
    CONSTRAINT message_key UNIQUE (application_id, key)
);
CREATE INDEX message_application_idx ON application.message (application_id, at, id);

-- Retention: class case; eraser: the sweep application.retention.
CREATE TABLE application.file (
    application_id uuid NOT NULL REFERENCES application.application,
    document_id    uuid NOT NULL,
    side           text NOT NULL CHECK (side IN ('citizen', 'agency')),
    slot           text NOT NULL DEFAULT '',
    name           text NOT NULL,
    ext            text NOT NULL,
    size           bigint NOT NULL,
    sha256         bytea NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (application_id, document_id)
);

-- Retention: for good; numbers are never given twice. Processes take blocks of
-- numbers, so that submissions do not queue for one row; gaps are permitted.
CREATE TABLE application.number_block (
    year integer PRIMARY KEY,
    next bigint NOT NULL
);
