-- +goose Up
-- The alarm about registers that do not answer (C-07) must not read all checks ever made.
CREATE INDEX check_overdue ON enrol.check (created_at) WHERE state IN ('waiting', 'asked', 'unanswered');
