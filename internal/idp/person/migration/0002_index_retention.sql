-- +goose Up
-- What Persons.EraseOld looks for.
CREATE INDEX version_superseded ON person.version (ended_at) WHERE state = 'superseded';
CREATE INDEX document_replaced ON person.document (replaced_at) WHERE replaced_at IS NOT NULL;
CREATE INDEX person_deleted ON person.person (deleted_at) WHERE deleted_at IS NOT NULL;
