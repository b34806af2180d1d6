-- +goose Up
-- Why a line stands in the history when the status is not all that it tells: 'released' and
-- 'taken' are the words of a holder who went and of the next one. The program before it
-- writes and reads lines without it.
ALTER TABLE application.event ADD COLUMN reason text NOT NULL DEFAULT '';

-- What somebody holds, when he leaves or moves.
CREATE INDEX IF NOT EXISTS application_holder_idx ON application.application (officer_id, id)
    WHERE officer_id IS NOT NULL AND status NOT IN ('withdrawn', 'closed');
