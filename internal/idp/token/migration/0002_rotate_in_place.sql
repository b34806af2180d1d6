-- +goose Up
-- A family keeps the hash of its one living refresh token and of the one before
-- it. A rotation changes this row in place, so that no index grows with it.
ALTER TABLE token.family
    ADD COLUMN refresh_hash bytea,
    ADD COLUMN refresh_prev bytea,
    ADD COLUMN refreshed_at timestamptz;
ALTER TABLE token.family SET (fillfactor = 70);
COMMENT ON TABLE token.refresh IS 'retention: with its family; tokens of the release before, adopted when they come; holds no personal data';
