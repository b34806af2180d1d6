-- +goose Up
CREATE SCHEMA term;

-- Production calendars that an administrator has imported; they rule those of the program.
-- Retention: class public; kept for ever: terms of old cases were counted by them.
CREATE TABLE term.year (
    year       integer NOT NULL,
    version    integer NOT NULL,
    source     text NOT NULL,  -- the XML as it was imported
    decree     text NOT NULL,  -- the act that moved the days off
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (year, version)
);
