-- +goose Up
-- River makes these for searches of jobs by argument, which nobody does here, and
-- each job of a rush would pay for them. Uniqueness has an index of its own.
DROP INDEX IF EXISTS river.river_job_args_index;
DROP INDEX IF EXISTS river.river_job_metadata_index;
