package officer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Acting answers the active officer of a subject with the deputies of the day.
// Anybody else is forbidden, in the same words.
func (o *Officers) Acting(ctx context.Context, subject string) (*Officer, error) {
	var out *Officer
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = o.find(ctx, tx, `subject = $2`, subject)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out == nil || !out.Active {
		return nil, fault.Forbidden("officer.unknown")
	}
	return out, nil
}

// Get answers an officer by id, also one who left: cases name him.
func (o *Officers) Get(ctx context.Context, id string) (*Officer, error) {
	var out *Officer
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = o.GetIn(ctx, tx, id)
		return err
	})
	return out, err
}

// GetIn is [Officers.Get] inside a transaction: for the look-up of rights at
// the act itself.
func (o *Officers) GetIn(ctx context.Context, tx *db.Tx, id string) (*Officer, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("officer.not_found")
	}
	out, err := o.find(ctx, tx, `id = $2`, id)
	if err == nil && out == nil {
		return nil, fault.NotFound("officer.not_found")
	}
	return out, err
}

// Add makes a subject an officer, or gives the one that is there new data and
// rights and lets him work again. It is idempotent by subject.
func (o *Officers) Add(ctx context.Context, n Officer) (*Officer, error) {
	if err := check(n); err != nil {
		return nil, err
	}
	var out *Officer
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		id, err := o.put(ctx, tx, n)
		if err != nil {
			return err
		}
		if err := o.settle(ctx, tx, "", id, false); err != nil {
			return err
		}
		out, err = o.GetIn(ctx, tx, id)
		return err
	})
	return out, err
}

// put writes a checked officer and answers the id; the caller settles what follows from
// his new rights.
func (o *Officers) put(ctx context.Context, tx *db.Tx, n Officer) (string, error) {
	id, err := db.Get[string](ctx, tx, `
		INSERT INTO officer.officer AS officer (id, subject, agency, name, post, roles, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
		ON CONFLICT (subject) DO UPDATE
		   SET agency = $3, name = $4, post = $5, roles = $6, active = true, changed_at = $7, version = officer.version + 1
		RETURNING id`, db.NewID(), n.Subject, n.Agency, n.Name, n.Post, words(n.Roles), o.Clock.Now())
	if err != nil {
		return "", fmt.Errorf("add officer: %w", err)
	}
	return id, nil
}

func check(n Officer) error {
	var wrong []fault.Field
	if strings.TrimSpace(n.Subject) == "" {
		wrong = append(wrong, fault.F("subject", "officer.subject_missing"))
	}
	if strings.TrimSpace(n.Name) == "" {
		wrong = append(wrong, fault.F("name", "officer.name_missing"))
	}
	if len(n.Roles) == 0 {
		wrong = append(wrong, fault.F("roles", "officer.role_missing"))
	}
	for _, r := range n.Roles {
		if !slices.Contains(Roles, r) {
			wrong = append(wrong, fault.F("roles", "officer.role_unknown"))
		}
	}
	if slices.Contains(n.Roles, RoleClerk) && n.Agency == "" {
		wrong = append(wrong, fault.F("agency", "officer.agency_missing"))
	}
	if len(wrong) > 0 {
		return fault.Invalid("officer.invalid", wrong...)
	}
	return nil
}

// Deactivate ends an officer's work at once; his name stays in the cases.
func (o *Officers) Deactivate(ctx context.Context, id string) error {
	if !db.IsID(id) {
		return fault.NotFound("officer.not_found")
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		return o.leave(ctx, tx, "", id)
	})
}

// leave ends the work and the sessions, and gives back what he holds. by is an
// administrator, or empty for a command.
func (o *Officers) leave(ctx context.Context, tx *db.Tx, by, id string) error {
	subject, err := db.Find[string](ctx, tx, `
		UPDATE officer.officer SET active = false, changed_at = $2, version = version + 1 WHERE id = $1 RETURNING subject`, id, o.Clock.Now())
	if err != nil {
		return fmt.Errorf("deactivate officer: %w", err)
	}
	if subject == nil {
		return fault.NotFound("officer.not_found")
	}
	if err := o.settle(ctx, tx, by, id, true); err != nil {
		return err
	}
	if o.OnLeave == nil {
		return nil
	}
	return o.OnLeave(ctx, tx, *subject)
}

// Appoint lets a deputy of the same agency act for an officer between two
// moments.
func (o *Officers) Appoint(ctx context.Context, d Deputy) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error { return o.appoint(ctx, tx, d) })
}

func (o *Officers) appoint(ctx context.Context, tx *db.Tx, d Deputy) error {
	if !d.From.Before(d.Until) || d.OfficerID == d.DeputyID {
		return fault.Invalid("officer.deputy_invalid")
	}
	a, err := o.GetIn(ctx, tx, d.OfficerID)
	if err != nil {
		return err
	}
	b, err := o.GetIn(ctx, tx, d.DeputyID)
	if err != nil {
		return err
	}
	if a.Agency != b.Agency {
		return fault.Invalid("officer.deputy_invalid")
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO officer.deputy (officer_id, deputy_id, from_at, until_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (officer_id, deputy_id, from_at) DO UPDATE SET until_at = $4`,
		d.OfficerID, d.DeputyID, d.From, d.Until)
	if err != nil {
		return fmt.Errorf("appoint deputy: %w", err)
	}
	return nil
}

// List answers the staff of an agency by name, active ones first; an agency
// has hundreds of officers at most, so one page holds them.
func (o *Officers) List(ctx context.Context, agency string) ([]Officer, error) {
	var out []Officer
	err := o.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[officerRow](ctx, tx, `
			SELECT `+officerColumns+` FROM officer.officer WHERE agency = $2
			 ORDER BY active DESC, name COLLATE "ru-x-icu", id LIMIT 1000`, o.Clock.Now(), agency)
		for i := range rows {
			out = append(out, *rows[i].officer())
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list officers: %w", err)
	}
	return out, nil
}

const officerColumns = `id, subject, agency, name, post, roles, active, version,
	ARRAY(SELECT d.officer_id::text FROM officer.deputy d
	       WHERE d.deputy_id = officer.id AND d.from_at <= $1 AND d.until_at > $1) AS principals`

type officerRow struct {
	ID, Subject, Agency, Name, Post string
	Roles                           []string
	Active                          bool
	Version                         int64
	Principals                      []string
}

func (r *officerRow) officer() *Officer {
	out := &Officer{ID: r.ID, Subject: r.Subject, Agency: r.Agency, Name: r.Name, Post: r.Post, Active: r.Active, Version: r.Version, Principals: r.Principals}
	for _, w := range r.Roles {
		out.Roles = append(out.Roles, Role(w))
	}
	return out
}

func (o *Officers) find(ctx context.Context, tx *db.Tx, where, arg string) (*Officer, error) {
	row, err := db.Find[officerRow](ctx, tx,
		`SELECT `+officerColumns+` FROM officer.officer WHERE `+where, o.Clock.Now(), arg)
	if err != nil {
		return nil, fmt.Errorf("read officer: %w", err)
	}
	if row == nil {
		return nil, nil
	}
	return row.officer(), nil
}

func words(rs []Role) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = string(r)
	}
	return out
}
