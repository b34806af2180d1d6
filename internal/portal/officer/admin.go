package officer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// DeedKind says what an administrator or editor did; its name for people is the
// message officer.deed.<kind>.
type DeedKind string

// The deeds.
const (
	DeedInvite    DeedKind = "staff_invited"
	DeedUninvite  DeedKind = "invitation_ended"
	DeedJoin      DeedKind = "staff_joined"
	DeedChange    DeedKind = "staff_changed"
	DeedDismiss   DeedKind = "staff_dismissed"
	DeedAppoint   DeedKind = "deputy_appointed"
	DeedDirectory DeedKind = "directory_changed"
	DeedCatalogue DeedKind = "catalogue_changed"
	DeedText      DeedKind = "text_changed"
)

// Deed is a line of the administrators' journal. Object is a code or an id,
// never a name.
type Deed struct {
	ID      string    `db:"id"`
	Officer string    `db:"officer"`
	Name    string    `db:"name"` // of who did it
	Kind    DeedKind  `db:"kind"`
	Object  string    `db:"object"`
	Note    string    `db:"note"`
	At      time.Time `db:"at"`
}

// authorise looks the role up at the act.
func (o *Officers) authorise(ctx context.Context, tx *db.Tx, by string, roles ...Role) (*Officer, error) {
	who, err := o.GetIn(ctx, tx, by)
	if fault.Is(err, fault.KindNotFound) {
		return nil, fault.Forbidden("officer.unknown")
	}
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(roles, who.Has) {
		return nil, fault.Forbidden("officer.unknown")
	}
	return who, nil
}

// administer authorises an administrator, does the act and journals it in one
// transaction.
func (o *Officers) administer(ctx context.Context, by string, kind DeedKind, object, note string, do func(tx *db.Tx) error) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		return o.record(ctx, tx, by, kind, object, note)
	})
}

func (o *Officers) record(ctx context.Context, tx *db.Tx, by string, kind DeedKind, object, note string) error {
	_, err := tx.Exec(ctx, `INSERT INTO officer.deed (id, officer, kind, object, note, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), by, kind, object, note, o.Clock.Now())
	if err != nil {
		return fmt.Errorf("record deed: %w", err)
	}
	return nil
}

// Edit authorises an editor (or administrator) at the act and notes it before
// the contexts that keep their own history (directory, catalogue, content) do it.
func (o *Officers) Edit(ctx context.Context, by string, kind DeedKind, object, note string) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleEditor, RoleAdmin); err != nil {
			return err
		}
		return o.record(ctx, tx, by, kind, object, note)
	})
}

// Log lists deeds, the newest first; after is the id of the last line of the page
// before. Only administrators may read it.
func (o *Officers) Log(ctx context.Context, by, after string, limit int) (out []Deed, err error) {
	if after != "" && !db.IsID(after) {
		return nil, fault.NotFound("officer.not_found")
	}
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		out, err = db.List[Deed](ctx, tx, `
			SELECT d.id::text, d.officer::text, coalesce(o.name, '') AS name, d.kind, d.object, d.note, d.at
			  FROM officer.deed d LEFT JOIN officer.officer o ON o.id = d.officer
			 WHERE $1 = '' OR (d.at, d.id) < (SELECT at, id FROM officer.deed WHERE id = nullif($1, '')::uuid)
			 ORDER BY d.at DESC, d.id DESC LIMIT $2`, after, min(max(limit, 1), 200))
		return err
	})
	return out, err
}

// Staff lists all officers of the portal, those at work first; an empty agency
// means every one. One page from offset, and how many there are.
func (o *Officers) Staff(ctx context.Context, by, agency string, offset, limit int) (out []Officer, total int, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		if total, err = db.Get[int](ctx, tx, `SELECT count(*) FROM officer.officer WHERE $1 = '' OR agency = $1`, agency); err != nil {
			return err
		}
		rows, err := db.List[officerRow](ctx, tx, `
			SELECT `+officerColumns+` FROM officer.officer WHERE $2 = '' OR agency = $2
			 ORDER BY active DESC, name COLLATE "ru-x-icu", id OFFSET $3 LIMIT $4`, o.Clock.Now(), agency, offset, min(max(limit, 1), 200))
		for i := range rows {
			out = append(out, *rows[i].officer())
		}
		return err
	})
	return out, total, err
}

// Change gives an officer another agency, post or other roles. The last
// administrator stays one: fault Conflict officer.last_admin.
func (o *Officers) Change(ctx context.Context, by, id, agency, post string, roles []Role) error {
	return o.administer(ctx, by, DeedChange, id, joinRoles(roles), func(tx *db.Tx) error {
		was, err := o.GetIn(ctx, tx, id)
		if err != nil {
			return err
		}
		next := *was
		next.Agency, next.Post, next.Roles = agency, strings.TrimSpace(post), roles
		if err := check(next); err != nil {
			return err
		}
		if !slices.Contains(roles, RoleAdmin) {
			if err := o.keepAdmin(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE officer.officer SET agency = $2, post = $3, roles = $4, active = true, changed_at = $5 WHERE id = $1`,
			id, next.Agency, next.Post, words(roles), o.Clock.Now())
		if err != nil {
			return fmt.Errorf("change officer: %w", err)
		}
		return nil
	})
}

// Dismiss is [Officers.Deactivate] by an administrator.
func (o *Officers) Dismiss(ctx context.Context, by, id string) error {
	return o.administer(ctx, by, DeedDismiss, id, "", func(tx *db.Tx) error {
		if _, err := o.GetIn(ctx, tx, id); err != nil {
			return err
		}
		if err := o.keepAdmin(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE officer.officer SET active = false, changed_at = $2 WHERE id = $1`, id, o.Clock.Now())
		return err
	})
}

// keepAdmin refuses to take the last administrator away. It locks the rows of
// all administrators, so that two of them cannot take each other's role.
func (o *Officers) keepAdmin(ctx context.Context, tx *db.Tx, id string) error {
	admins, err := db.List[string](ctx, tx, `SELECT id::text FROM officer.officer WHERE active AND 'admin' = ANY(roles) ORDER BY id FOR UPDATE`)
	if err != nil {
		return fmt.Errorf("look for administrators: %w", err)
	}
	if len(admins) == 1 && admins[0] == id {
		return fault.Conflict("officer.last_admin")
	}
	return nil
}

// AppointBy is [Officers.Appoint] by an administrator.
func (o *Officers) AppointBy(ctx context.Context, by string, d Deputy) error {
	return o.administer(ctx, by, DeedAppoint, d.OfficerID, d.DeputyID, func(tx *db.Tx) error { return o.appoint(ctx, tx, d) })
}

// Deputies lists who acts for an officer now or later, the nearest first.
func (o *Officers) Deputies(ctx context.Context, by, id string) (out []Deputy, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		rows, err := db.List[struct {
			OfficerID string    `db:"officer_id"`
			DeputyID  string    `db:"deputy_id"`
			From      time.Time `db:"from_at"`
			Until     time.Time `db:"until_at"`
		}](ctx, tx, `SELECT officer_id::text, deputy_id::text, from_at, until_at FROM officer.deputy
			WHERE officer_id = $1 AND until_at > $2 ORDER BY from_at, deputy_id LIMIT 100`, id, o.Clock.Now())
		for _, r := range rows {
			out = append(out, Deputy(r))
		}
		return err
	})
	return out, err
}

func joinRoles(rs []Role) string { return strings.Join(words(rs), " ") }

// ParseRoles reads the roles in a [Deed]'s note.
func ParseRoles(note string) []Role {
	var out []Role
	for _, w := range strings.Fields(note) {
		out = append(out, Role(w))
	}
	return out
}
