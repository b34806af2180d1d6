-- +goose Up
-- Who holds a login: a confirmed phone or e-mail, a verified SNILS, each known
-- by its blind index alone. The one place that is unique over all people, so
-- that the tables of persons can be divided by oid. The release before does not
-- know it: the unique indexes of contact and version stay until the next one,
-- and what is missing here is looked for there.
-- Retention: class account; with the contact or the version that it stands for.
CREATE TABLE person.claim (
    kind        text        NOT NULL CHECK (kind IN ('phone', 'email', 'snils')),
    value_index bytea       NOT NULL,
    oid         bigint      NOT NULL,
    claimed_at  timestamptz NOT NULL,
    PRIMARY KEY (kind, value_index)
);
CREATE INDEX claim_oid ON person.claim (oid);
INSERT INTO person.claim (kind, value_index, oid, claimed_at)
    SELECT kind, value_index, oid, coalesce(confirmed_at, created_at) FROM person.contact
    WHERE state = 'confirmed' AND kind IN ('phone', 'email');
INSERT INTO person.claim (kind, value_index, oid, claimed_at)
    SELECT 'snils', snils_index, oid, coalesce(ended_at, entered_at) FROM person.version WHERE state = 'verified';
