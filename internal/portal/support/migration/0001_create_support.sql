-- +goose Up
CREATE SCHEMA support;

-- Retention: class support, three years after the end (G-22, setting
-- retention.days); eraser: the sweep support.erase.
CREATE TABLE support.ticket (
    id           uuid PRIMARY KEY,
    number       text NOT NULL CONSTRAINT ticket_number_key UNIQUE,
    form_key     uuid NOT NULL CONSTRAINT ticket_form_key UNIQUE,
    owner_id     uuid,             -- account; null: somebody without an account
    channel      text NOT NULL CHECK (channel IN ('form', 'report', 'phone', 'social', 'letter', 'visit')),
    queue        text NOT NULL CHECK (queue IN ('portal', 'identity')),
    topic        text NOT NULL,
    kind         text NOT NULL,
    error_id     text NOT NULL DEFAULT '',
    locale       text NOT NULL,
    content      bytea NOT NULL,   -- sealed: name, e-mail, page, browser
    finders      bytea[] NOT NULL DEFAULT '{}', -- blind index of the e-mail
    status       text NOT NULL CHECK (status IN ('new', 'in_work', 'answered', 'closed')),
    ending       text NOT NULL DEFAULT '',
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    answered_at  timestamptz,
    closed_at    timestamptz,
    overdue      boolean NOT NULL DEFAULT false, -- an answer was late at least once
    officer_id   uuid,
    officer_name text NOT NULL DEFAULT ''
);
CREATE INDEX ticket_owner_idx ON support.ticket (owner_id, changed_at DESC, id DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX ticket_queue_idx ON support.ticket (queue, due_at, id) WHERE status IN ('new', 'in_work');
CREATE INDEX ticket_overdue_idx ON support.ticket (due_at) WHERE NOT overdue AND status IN ('new', 'in_work');
CREATE INDEX ticket_answered_idx ON support.ticket (changed_at) WHERE status = 'answered';
CREATE INDEX ticket_closed_idx ON support.ticket (closed_at) WHERE status = 'closed';
CREATE INDEX ticket_error_idx ON support.ticket (error_id) WHERE error_id <> '';
CREATE INDEX ticket_finders_idx ON support.ticket USING gin (finders);

-- Retention: class support, with its ticket; eraser: the sweep support.erase.
CREATE TABLE support.message (
    id           uuid PRIMARY KEY,
    ticket_id    uuid NOT NULL REFERENCES support.ticket ON DELETE CASCADE,
    key          text NOT NULL,     -- of the form: sent twice, it is one
    side         text NOT NULL CHECK (side IN ('citizen', 'support', 'note', 'act')),
    officer_id   uuid,
    officer_name text NOT NULL DEFAULT '',
    at           timestamptz NOT NULL,
    text         bytea NOT NULL,    -- sealed
    CONSTRAINT message_key UNIQUE (ticket_id, key)
);
CREATE INDEX message_ticket_idx ON support.message (ticket_id, at, id);

-- Retention: class setting, until an officer deletes it; eraser: Tickets.DropTemplate.
CREATE TABLE support.template (
    id         uuid PRIMARY KEY,
    title      text NOT NULL,
    text       text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Retention: class limit, two days; eraser: the sweep support.erase. Keys are
-- MACs of network, device or account: nobody can be read out of them.
CREATE TABLE support.quota (
    key    bytea NOT NULL,
    hour   timestamptz NOT NULL,
    taken  integer NOT NULL,
    PRIMARY KEY (key, hour)
);
CREATE INDEX quota_hour_idx ON support.quota (hour);
