-- +goose Up
CREATE SCHEMA IF NOT EXISTS person;

-- The account. Names and birth data are the values in force: the verified
-- version's, or, while nothing was verified, what the person entered.
-- Retention: class account; basis 152-FZ art. 21; erased by Persons.Delete, the row with its number stays so that an oid is never reused.
CREATE TABLE person.person (
    oid         bigint PRIMARY KEY CHECK (oid >= 1000000000 AND oid < 2147483648),
    status      text        NOT NULL DEFAULT 'registered' CHECK (status IN ('registered', 'deleted')),
    level       smallint    NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 3),
    level_at    timestamptz NOT NULL,
    locale      text        NOT NULL DEFAULT 'ru',
    surname     text        NOT NULL DEFAULT '',
    given       text        NOT NULL DEFAULT '',
    patronymic  text        NOT NULL DEFAULT '',
    name_key    text        NOT NULL DEFAULT '',
    sex         text        NOT NULL DEFAULT '' CHECK (sex IN ('', 'M', 'F')),
    birth_date  date,
    birth_place text        NOT NULL DEFAULT '',
    citizenship text        NOT NULL DEFAULT '',
    version     int,
    avatar      text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    deleted_at  timestamptz
);

-- One complete set of the personal-data form. At most one is verified, at most one is being checked.
-- Retention: class account; erased with the account; superseded versions after the journal's term.
CREATE TABLE person.version (
    oid          bigint      NOT NULL REFERENCES person.person,
    version      int         NOT NULL,
    state        text        NOT NULL CHECK (state IN ('checking', 'verified', 'failed', 'superseded')),
    surname      text        NOT NULL,
    given        text        NOT NULL,
    patronymic   text        NOT NULL,
    sex          text        NOT NULL CHECK (sex IN ('M', 'F')),
    birth_date   date        NOT NULL,
    birth_place  text        NOT NULL,
    citizenship  text        NOT NULL,
    snils_sealed bytea       NOT NULL,
    snils_index  bytea       NOT NULL,
    document_id  uuid        NOT NULL,
    entered_at   timestamptz NOT NULL,
    entered_by   text        NOT NULL,
    ended_at     timestamptz,
    verified_by  text        NOT NULL DEFAULT '',
    PRIMARY KEY (oid, version)
);
CREATE UNIQUE INDEX version_snils_key ON person.version (snils_index) WHERE state = 'verified';
CREATE UNIQUE INDEX version_verified_key ON person.version (oid) WHERE state = 'verified';
CREATE UNIQUE INDEX version_checking_key ON person.version (oid) WHERE state = 'checking';
CREATE INDEX version_snils ON person.version (snils_index);

-- Documents, each row one set of values; a new set of the same type replaces the old one.
-- Retention: class account; erased with the account.
CREATE TABLE person.document (
    id           uuid        PRIMARY KEY,
    oid          bigint      NOT NULL REFERENCES person.person,
    type         text        NOT NULL,
    sealed       bytea       NOT NULL,
    number_index bytea       NOT NULL,
    state        text        NOT NULL CHECK (state IN ('entered', 'checking', 'verified', 'not_found')),
    state_at     timestamptz NOT NULL,
    verified_by  text        NOT NULL DEFAULT '',
    entered_at   timestamptz NOT NULL,
    replaced_at  timestamptz
);
CREATE INDEX document_oid ON person.document (oid, type);
CREATE INDEX document_number ON person.document (number_index);

-- Contacts. A confirmed mobile phone or e-mail belongs to one account alone (ID-REG-22).
-- Retention: class account; a removed contact is deleted at once.
CREATE TABLE person.contact (
    id           uuid        PRIMARY KEY,
    oid          bigint      NOT NULL REFERENCES person.person,
    kind         text        NOT NULL CHECK (kind IN ('phone', 'email', 'home_phone')),
    value_sealed bytea       NOT NULL,
    value_index  bytea       NOT NULL,
    state        text        NOT NULL CHECK (state IN ('unconfirmed', 'confirmed')),
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz
);
CREATE UNIQUE INDEX contact_confirmed_key ON person.contact (kind, value_index) WHERE state = 'confirmed' AND kind IN ('phone', 'email');
CREATE UNIQUE INDEX contact_owner_key ON person.contact (oid, kind, state);

-- Retention: class account; erased with the account.
CREATE TABLE person.address (
    oid        bigint      NOT NULL REFERENCES person.person,
    id         uuid        NOT NULL UNIQUE,
    kind       text        NOT NULL CHECK (kind IN ('PLV', 'PRG')),
    sealed     bytea       NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (oid, kind)
);

-- Cards of children, entered by a parent.
-- Retention: class account; erased with the parent's account or when the card is removed.
CREATE TABLE person.child (
    oid        bigint      NOT NULL REFERENCES person.person,
    id         uuid        NOT NULL UNIQUE,
    sealed     bytea       NOT NULL,
    birth_date date        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('entered', 'checking', 'verified', 'not_found')),
    state_at   timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (oid, id)
);

-- Retention: class account; erased with the account or when removed.
CREATE TABLE person.vehicle (
    oid        bigint      NOT NULL REFERENCES person.person,
    id         uuid        NOT NULL UNIQUE,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (oid, id)
);

-- How identity was proven (ID-CNF-18).
-- Retention: class journal; kept for the journal's term after deletion, without personal data.
CREATE TABLE person.proofing (
    id         uuid        PRIMARY KEY,
    oid        bigint      NOT NULL REFERENCES person.person,
    method     text        NOT NULL,
    provider   text        NOT NULL,
    place      text        NOT NULL DEFAULT '',
    actor      text        NOT NULL DEFAULT '',
    document   text        NOT NULL DEFAULT '',
    level      smallint    NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX proofing_oid ON person.proofing (oid, at);

-- A small picture, re-encoded by us, so that a family tells its accounts apart (ID-ACC-04).
-- Retention: class account; erased with the account or when removed.
CREATE TABLE person.avatar (
    oid        bigint      PRIMARY KEY REFERENCES person.person,
    id         text        NOT NULL,
    jpeg       bytea       NOT NULL,
    updated_at timestamptz NOT NULL
);
