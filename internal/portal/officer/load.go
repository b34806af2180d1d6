package officer

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
)

// Load is what hangs on an officer: what goes back to the queues, and which links end,
// when he leaves.
type Load struct {
	Cases, Tickets int
	Invitations    int // that wait in his name, or that he made
}

// String is the load as a [Deed]'s note.
func (l Load) String() string { return fmt.Sprintf("%d %d %d", l.Cases, l.Tickets, l.Invitations) }

// ParseLoad reads a [Deed]'s note.
func ParseLoad(note string) Load {
	var n [3]int
	for i, w := range strings.Fields(note) {
		if i < len(n) {
			n[i], _ = strconv.Atoi(w)
		}
	}
	return Load{n[0], n[1], n[2]}
}

// Load tells an administrator what a dismissal would give back.
func (o *Officers) Load(ctx context.Context, by, id string) (l Load, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		who, err := o.GetIn(ctx, tx, id)
		if err != nil {
			return err
		}
		gone := *who
		gone.Active = false
		ids, err := o.waitingFor(ctx, tx, &gone)
		l = Load{Invitations: len(ids)}
		if err != nil {
			return err
		}
		for _, h := range []struct {
			Holding
			n *int
		}{{o.Cases, &l.Cases}, {o.Tickets, &l.Tickets}} {
			if h.Holding == nil {
				continue
			}
			if *h.n, err = h.Held(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return l, err
}

// settle makes work agree with the rights that an officer has now: what he holds and may
// not finish goes back to the queues. With ends, the links of before end too: those in
// his name, and those that he made and may not make now. The caller has changed his row,
// and so holds its lock: nobody gives him anything meanwhile, see [Officers.Stay].
func (o *Officers) settle(ctx context.Context, tx *db.Tx, by, id string, ends bool) error {
	now, err := o.GetIn(ctx, tx, id)
	if err != nil {
		return err
	}
	var done Load
	if o.Cases != nil {
		if done.Cases, err = o.Cases.Release(ctx, tx, now); err != nil {
			return err
		}
	}
	if o.Tickets != nil {
		if done.Tickets, err = o.Tickets.Release(ctx, tx, now); err != nil {
			return err
		}
	}
	if ends {
		ids, err := o.waitingFor(ctx, tx, now)
		if err != nil {
			return err
		}
		done.Invitations = len(ids)
		if _, err := tx.Exec(ctx, `UPDATE officer.invitation SET expires_at = $2 WHERE id = ANY($1::uuid[])`, ids, o.Clock.Now()); err != nil {
			return fmt.Errorf("withdraw invitations: %w", err)
		}
	}
	if by == "" || done == (Load{}) {
		return nil
	}
	return o.record(ctx, tx, by, DeedRelease, id, done.String())
}

// waitingFor finds the invitations that somebody could come back by, and those that he
// made without being an administrator now.
func (o *Officers) waitingFor(ctx context.Context, tx *db.Tx, who *Officer) ([]string, error) {
	rows, err := db.List[invitationRow](ctx, tx, `SELECT `+invitationColumns+` FROM officer.invitation
		WHERE used_at IS NULL AND expires_at > $1 ORDER BY id`, o.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("look for invitations: %w", err)
	}
	ids, name := []string{}, rutext.MatchKey(who.Name)+" "
	for _, r := range rows {
		invited := rutext.MatchKey(r.Surname+" "+r.Given) + " "
		if strings.HasPrefix(name, invited) || r.CreatedBy == who.ID && !who.Has(RoleAdmin) {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// Stay locks an officer as he is until the end of the transaction: for acts that give him
// something to hold, so that it cannot cross his dismissal. Unknown ids are fault
// Forbidden officer.unknown.
func (o *Officers) Stay(ctx context.Context, tx *db.Tx, id string) error {
	if !db.IsID(id) {
		return fault.Forbidden("officer.unknown")
	}
	found, err := db.Find[string](ctx, tx, `SELECT id::text FROM officer.officer WHERE id = $1 FOR SHARE`, id)
	if err != nil {
		return fmt.Errorf("hold officer: %w", err)
	}
	if found == nil {
		return fault.Forbidden("officer.unknown")
	}
	return nil
}
