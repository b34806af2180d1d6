-- +goose Up
-- Searches without result are counted once per visitor and day now; what was counted
-- by minutes, and by weaker rules about names, begins anew.
DELETE FROM catalogue.miss;
ALTER TABLE catalogue.miss
    ADD COLUMN today   bigint  NOT NULL DEFAULT 0,     -- visitors on last_day
    ADD COLUMN several boolean NOT NULL DEFAULT false; -- a day had visitors enough that it is nobody's own matter
