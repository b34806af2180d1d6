-- +goose Up
CREATE SCHEMA account;

-- Retention: class account; kept until the person deletes the account at the
-- identity provider; eraser: Accounts.Close clears everything but the id.
CREATE TABLE account.account (
    id                uuid PRIMARY KEY,
    subject           text CONSTRAINT account_subject_key UNIQUE,
    level             smallint NOT NULL,
    offered           smallint NOT NULL,
    proofing          text NOT NULL DEFAULT '',
    locale            text NOT NULL DEFAULT '',
    place             text NOT NULL DEFAULT '',
    prefs             jsonb NOT NULL DEFAULT '{}',
    agreement_version text NOT NULL DEFAULT '',
    agreed_at         timestamptz,
    contacts          bytea,        -- sealed JSON
    contacts_at       timestamptz,  -- how fresh they are
    created_at        timestamptz NOT NULL,
    signed_in_at      timestamptz NOT NULL,
    closed_at         timestamptz,
    CONSTRAINT account_open_has_subject CHECK ((subject IS NULL) = (closed_at IS NOT NULL))
);
