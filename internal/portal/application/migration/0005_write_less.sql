-- +goose Up
-- What is sealed does not shrink: PostgreSQL need not try.
ALTER TABLE application.draft ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE application.content ALTER COLUMN content SET STORAGE EXTERNAL, ALTER COLUMN signed SET STORAGE EXTERNAL;

-- The unique keys begin with the case and give its few lines as well.
DROP INDEX application.event_application_idx;
DROP INDEX application.message_application_idx;

-- No query could use it: an officer's search is words or finders, within the
-- cases of an agency.
DROP INDEX application.application_finders_idx;

-- Both are written in the transaction of what they point to, and never alone.
ALTER TABLE application.signature DROP CONSTRAINT signature_application_id_version_fkey;
ALTER TABLE application.event DROP CONSTRAINT event_application_id_fkey;
