-- +goose Up
-- What somebody holds, when he leaves or loses the role.
CREATE INDEX ticket_holder_idx ON support.ticket (officer_id, id) WHERE officer_id IS NOT NULL AND status IN ('new', 'in_work');
