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
	DeedRelease   DeedKind = "work_released" // its note is a [Load]
	DeedAppoint   DeedKind = "deputy_appointed"
	DeedRecall    DeedKind = "deputy_recalled"
	DeedDirectory DeedKind = "directory_changed"
	DeedCatalogue DeedKind = "catalogue_changed"
	DeedText      DeedKind = "text_changed"
	DeedMailing   DeedKind = "news_mailed"
	DeedSetting   DeedKind = "setting_changed"
	DeedPortal    DeedKind = "portal_changed"
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

// WholePortal is the agency of what belongs to no single agency: texts, centres,
// the catalogue as a whole. Only the portal's own editors may change it.
const WholePortal = ""

// Editing is what the contexts that keep their own history (directory, catalogue,
// content) run first in the transaction of a change: it looks up whether the
// officer may edit what belongs to the agencies, and notes the deed. Administrators
// and the portal's own editors edit everything, an editor of an agency what is
// its own.
func (o *Officers) Editing(by string, kind DeedKind, object, note string) func(ctx context.Context, tx *db.Tx, agencies ...string) error {
	return func(ctx context.Context, tx *db.Tx, agencies ...string) error {
		who, err := o.authorise(ctx, tx, by, RoleEditor, RoleAdmin)
		if err != nil {
			return err
		}
		for _, a := range agencies {
			if !who.Edits(a) {
				return fault.Forbidden("officer.other_agency")
			}
		}
		return o.record(ctx, tx, by, kind, object, note)
	}
}

// Administering is [Officers.Editing] for administrators alone.
func (o *Officers) Administering(by string, kind DeedKind, object, note string) func(ctx context.Context, tx *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		return o.record(ctx, tx, by, kind, object, note)
	}
}

// Edits tells whether the officer may change what belongs to an agency.
func (o *Officer) Edits(agency string) bool {
	return o.Has(RoleAdmin) || o.Has(RoleEditor) && (o.Agency == WholePortal || o.Agency == agency)
}

// AtAgency counts who works for an agency and who is invited to.
func (o *Officers) AtAgency(ctx context.Context, tx *db.Tx, agency string) (staff, invited int, err error) {
	if staff, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM officer.officer WHERE agency = $1 AND active`, agency); err == nil {
		invited, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM officer.invitation WHERE agency = $1 AND used_at IS NULL AND expires_at > $2`, agency, o.Clock.Now())
	}
	if err != nil {
		return 0, 0, fmt.Errorf("count officers of %s: %w", agency, err)
	}
	return staff, invited, nil
}

// AgencyFree refuses to take away an agency that officers work for (fault Conflict
// officer.agency_in_use) or are invited to (officer.agency_invited).
func (o *Officers) AgencyFree(ctx context.Context, tx *db.Tx, agency string) error {
	staff, invited, err := o.AtAgency(ctx, tx, agency)
	switch {
	case err != nil:
		return err
	case staff > 0:
		return fault.Conflict("officer.agency_in_use").With("n", staff)
	case invited > 0:
		return fault.Conflict("officer.agency_invited").With("n", invited)
	}
	return nil
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

// StaffFilter narrows the list of staff; the zero value means everybody who works.
type StaffFilter struct {
	Agency string
	Role   Role
	Query  string // a part of the name
	Left   bool   // those who left instead
	Offset int
	Limit  int
}

// Staff lists officers of the portal by name and tells how many there are.
func (o *Officers) Staff(ctx context.Context, by string, f StaffFilter) (out []Officer, total int, err error) {
	const where = ` FROM officer.officer WHERE active <> $1 AND ($2 = '' OR agency = $2) AND ($3 = '' OR $3 = ANY(roles))
		AND ($4 = '' OR position($4 IN replace(lower(name COLLATE "ru-x-icu"), 'ё', 'е')) > 0)`
	query := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(f.Query)), "ё", "е")
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		if total, err = db.Get[int](ctx, tx, `SELECT count(*)`+where, f.Left, f.Agency, string(f.Role), query); err != nil {
			return err
		}
		rows, err := db.List[officerRow](ctx, tx, `
			SELECT id, subject, agency, name, post, roles, active, version, '{}'::text[] AS principals`+where+`
			 ORDER BY name COLLATE "ru-x-icu", id OFFSET $5 LIMIT $6`, f.Left, f.Agency, string(f.Role), query, max(f.Offset, 0), min(max(f.Limit, 1), 200))
		for i := range rows {
			out = append(out, *rows[i].officer())
		}
		return err
	})
	return out, total, err
}

// Names answers the names of officers by id, for the histories of what they
// changed; ids of nobody (commands, deliveries) are left out.
func (o *Officers) Names(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	var known []string
	for _, id := range ids {
		if db.IsID(id) {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return out, nil
	}
	type row struct{ ID, Name string }
	err := o.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[row](ctx, tx, `SELECT id::text AS id, name FROM officer.officer WHERE id = ANY($1::uuid[])`, known)
		for _, r := range rows {
			out[r.ID] = r.Name
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read names of officers: %w", err)
	}
	return out, nil
}

// Change gives an officer another agency, post or other roles, and lets one who
// left work again. next says whom (ID) and on top of which Version: somebody else's
// change in between is fault Conflict officer.changed_meanwhile. The last
// administrator stays one: fault Conflict officer.last_admin.
func (o *Officers) Change(ctx context.Context, by string, next Officer) error {
	return o.administer(ctx, by, DeedChange, next.ID, joinRoles(next.Roles), func(tx *db.Tx) error {
		was, err := o.GetIn(ctx, tx, next.ID)
		if err != nil {
			return err
		}
		next.Subject, next.Name, next.Post = was.Subject, was.Name, strings.TrimSpace(next.Post)
		if strings.HasPrefix(was.Subject, "left:") {
			return fault.Conflict("officer.erased")
		}
		if err := check(next); err != nil {
			return err
		}
		if !slices.Contains(next.Roles, RoleAdmin) {
			if err := o.keepAdmin(ctx, tx, next.ID); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `
			UPDATE officer.officer SET agency = $2, post = $3, roles = $4, active = true, changed_at = $5, version = version + 1
			 WHERE id = $1 AND version = $6`, next.ID, next.Agency, next.Post, words(next.Roles), o.Clock.Now(), next.Version)
		if err != nil {
			return fmt.Errorf("change officer: %w", err)
		}
		if n == 0 {
			return fault.Conflict("officer.changed_meanwhile")
		}
		return o.settle(ctx, tx, by, next.ID, !was.Active || was.Agency != next.Agency || !slices.Equal(was.Roles, next.Roles))
	})
}

// Dismiss is [Officers.Deactivate] by an administrator: rights and sessions end at
// once. Somebody who has left already is left as he is.
func (o *Officers) Dismiss(ctx context.Context, by, id string) error {
	return o.administer(ctx, by, DeedDismiss, id, "", func(tx *db.Tx) error {
		if _, err := o.GetIn(ctx, tx, id); err != nil {
			return err
		}
		if err := o.keepAdmin(ctx, tx, id); err != nil {
			return err
		}
		return o.leave(ctx, tx, by, id)
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

// Recall ends a deputy's time now, or takes back one that has not begun.
func (o *Officers) Recall(ctx context.Context, by string, d Deputy) error {
	if !db.IsID(d.DeputyID) {
		return fault.NotFound("officer.not_found")
	}
	return o.administer(ctx, by, DeedRecall, d.OfficerID, d.DeputyID, func(tx *db.Tx) error {
		now := o.Clock.Now()
		n, err := tx.Exec(ctx, `UPDATE officer.deputy SET until_at = $3 WHERE officer_id = $1 AND deputy_id = $2 AND from_at < $3 AND until_at > $3`,
			d.OfficerID, d.DeputyID, now)
		if err != nil {
			return fmt.Errorf("recall deputy: %w", err)
		}
		gone, err := tx.Exec(ctx, `DELETE FROM officer.deputy WHERE officer_id = $1 AND deputy_id = $2 AND from_at >= $3`, d.OfficerID, d.DeputyID, now)
		if err != nil {
			return fmt.Errorf("recall deputy: %w", err)
		}
		if n+gone == 0 {
			return fault.NotFound("officer.not_found")
		}
		return nil
	})
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
