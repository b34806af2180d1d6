-- +goose Up
-- What the sweep operator.retention looks for.
CREATE INDEX act_at ON operator.act (at);
CREATE INDEX visit_created ON operator.visit (created_at);
