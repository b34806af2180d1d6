-- +goose Up
ALTER TABLE application.application
    ADD COLUMN erased_at timestamptz,
    ALTER COLUMN applicant DROP NOT NULL;
CREATE INDEX application_retention_idx ON application.application (changed_at)
    WHERE erased_at IS NULL AND status IN ('granted', 'refused', 'withdrawn', 'closed');
