-- +goose Up
-- Searches that found nothing, as counts: what people call services by. The words
-- are written down only once several people have used them; until then the row
-- knows them by a keyed hash alone. Retention: class statistics; 90 days after the
-- last search, swept by catalogue.miss.
CREATE TABLE catalogue.miss (
    key       bytea   PRIMARY KEY,
    query     text,
    times     bigint  NOT NULL,
    first_day date    NOT NULL,
    last_day  date    NOT NULL
);
CREATE INDEX miss_last_day ON catalogue.miss (last_day);
