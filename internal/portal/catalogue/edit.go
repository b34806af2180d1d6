package catalogue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/form"
)

// Edit is by whom, why and on top of what a service is changed.
type Edit struct {
	By     string // an officer's id
	Reason string // needed: it stands in the history (CAT-13)
	// Version is that of the service which the editor saw, 0 for a new one: somebody
	// else's change in between is fault Conflict catalogue.changed_meanwhile.
	Version int64
	// Within authorises the editor for services of the agencies and journals the deed
	// in the same transaction.
	Within func(ctx context.Context, tx *db.Tx, agencies ...string) error
}

// maxReason bounds the words of a reason, in characters.
const maxReason = 500

func (e *Edit) check() error {
	e.Reason = strings.TrimSpace(e.Reason)
	if n := len([]rune(e.Reason)); n == 0 || n > maxReason {
		return fault.Invalid("catalogue.reason_missing", fault.F("reason", "catalogue.reason_missing"))
	}
	return nil
}

// Listed is a service as the editor sees it, published or withdrawn.
type Listed struct {
	*Service   // of the current or last revision
	Published  bool
	Version    int64
	WithdrawAt *time.Time // when it will be withdrawn
	ChangedAt  time.Time
}

type listedRow struct {
	Code       string     `db:"code"`
	Revision   string     `db:"revision_id"`
	State      string     `db:"state"`
	Version    int64      `db:"version"`
	ChangedAt  time.Time  `db:"changed_at"`
	WithdrawAt *time.Time `db:"withdraw_at"`
}

const listedColumns = `code, revision_id, state, version, changed_at, withdraw_at`

func (s *Services) listed(ctx context.Context, r *listedRow) (*Listed, error) {
	sv, err := s.Revision(ctx, r.Revision)
	if err != nil {
		return nil, err
	}
	return &Listed{Service: sv, Published: r.State == "published", Version: r.Version, WithdrawAt: r.WithdrawAt, ChangedAt: r.ChangedAt}, nil
}

// Listing answers all services that were ever published, by title, withdrawn ones
// last; at most 20,000. query is a part of the title or the code, agency one of the
// directory; both may be empty.
func (s *Services) Listing(ctx context.Context, query, agency string) ([]Listed, error) {
	var rows []listedRow
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[listedRow](ctx, tx, `SELECT `+listedColumns+` FROM catalogue.service ORDER BY code LIMIT 20000`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	key := rutext.MatchKey(query)
	out := make([]Listed, 0, len(rows))
	for i := range rows {
		l, err := s.listed(ctx, &rows[i])
		if err != nil {
			return nil, err
		}
		if agency != "" && l.Agency != agency || key != "" && !strings.Contains(rutext.MatchKey(l.Title.RU+" "+l.Code), key) {
			continue
		}
		out = append(out, *l)
	}
	slices.SortStableFunc(out, func(a, b Listed) int {
		if a.Published != b.Published {
			if a.Published {
				return -1
			}
			return 1
		}
		return compareTitles(a.Title.RU, b.Title.RU)
	})
	return out, nil
}

// Edited answers one service for its editor, withdrawn or not; fault
// catalogue.not_found where there never was one.
func (s *Services) Edited(ctx context.Context, code string) (*Listed, error) {
	var row *listedRow
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[listedRow](ctx, tx, `SELECT `+listedColumns+` FROM catalogue.service WHERE code = $1`, code)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read service %s: %w", code, err)
	}
	if row == nil {
		return nil, fault.NotFound("catalogue.not_found")
	}
	return s.listed(ctx, row)
}

// change locks the catalogue, compares versions, lets the caller authorise for the
// agencies that the service has had and will have, and does it.
func (s *Services) change(ctx context.Context, e Edit, code string, do func(tx *db.Tx, now *listedRow) error, agencies ...string) error {
	if err := e.check(); err != nil {
		return err
	}
	was, err := s.Edited(ctx, code)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return err
	}
	if was != nil {
		agencies = append(agencies, was.Agency)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := lockState(ctx, tx); err != nil {
			return err
		}
		now, err := db.Find[listedRow](ctx, tx, `SELECT `+listedColumns+` FROM catalogue.service WHERE code = $1`, code)
		switch {
		case err != nil:
			return err
		case now == nil && e.Version != 0:
			return fault.NotFound("catalogue.not_found")
		case now != nil && e.Version == 0:
			return fault.Invalid("catalogue.code_taken", fault.F("code", "catalogue.code_taken"))
		case now != nil && (now.Version != e.Version || was == nil || was.Version != e.Version):
			return fault.Conflict("catalogue.changed_meanwhile")
		}
		if err := e.Within(ctx, tx, agencies...); err != nil {
			return err
		}
		if err := do(tx, now); err != nil {
			return err
		}
		return moveState(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("change service %s: %w", code, err)
	}
	s.forget()
	return nil
}

// Remove withdraws a service by an editor: at once, or at a moment that is still to
// come, so that citizens can be told. Drafts and applications keep their revision.
func (s *Services) Remove(ctx context.Context, e Edit, code string, at time.Time) error {
	if e.Version == 0 {
		return fault.NotFound("catalogue.not_found")
	}
	return s.change(ctx, e, code, func(tx *db.Tx, now *listedRow) error {
		if now.State != "published" {
			return fault.NotFound("catalogue.not_found")
		}
		if !at.After(s.Clock.Now()) {
			return s.withdraw(ctx, tx, code, e.By, e.Reason)
		}
		return s.plan(ctx, tx, code, &at, e)
	})
}

// Keep takes a withdrawal that is still to come back.
func (s *Services) Keep(ctx context.Context, e Edit, code string) error {
	if e.Version == 0 {
		return fault.NotFound("catalogue.not_found")
	}
	return s.change(ctx, e, code, func(tx *db.Tx, now *listedRow) error {
		if now.WithdrawAt == nil {
			return fault.NotFound("catalogue.not_found")
		}
		return s.plan(ctx, tx, code, nil, e)
	})
}

// plan sets when a published service will be withdrawn, nil for never: a new version
// of it, so that two editors do not overwrite each other's day.
func (s *Services) plan(ctx context.Context, tx *db.Tx, code string, at *time.Time, e Edit) error {
	type row struct {
		Version  int64  `db:"version"`
		Revision string `db:"revision_id"`
	}
	now := s.Clock.Now()
	r, err := db.Get[row](ctx, tx, `UPDATE catalogue.service SET withdraw_at = $2, withdraw_by = $3, withdraw_reason = $4, version = version + 1, changed_at = $5
		WHERE code = $1 RETURNING version, revision_id`, code, at, e.By, e.Reason, now)
	if err != nil {
		return err
	}
	p := Publication{Code: code, Version: r.Version, Revision: r.Revision, Action: "plan", Actor: e.By, Reason: e.Reason, At: now, Due: at}
	if at == nil {
		p.Action = "keep"
	}
	return record(ctx, tx, p)
}

// WithdrawDue withdraws what was to be withdrawn by now; for a sweep.
func (s *Services) WithdrawDue(ctx context.Context) (int, error) {
	type due struct {
		Code   string `db:"code"`
		By     string `db:"withdraw_by"`
		Reason string `db:"withdraw_reason"`
	}
	var list []due
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if err := lockState(ctx, tx); err != nil {
			return err
		}
		list, err = db.List[due](ctx, tx, `SELECT code, withdraw_by, withdraw_reason FROM catalogue.service
			WHERE withdraw_at <= $1 AND state = 'published' ORDER BY withdraw_at LIMIT 1000`, s.Clock.Now())
		if err != nil || len(list) == 0 {
			return err
		}
		for _, d := range list {
			if err := s.withdraw(ctx, tx, d.Code, d.By, d.Reason); err != nil {
				return err
			}
		}
		return moveState(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("withdraw services: %w", err)
	}
	if len(list) > 0 {
		s.forget()
	}
	return len(list), nil
}

// Return publishes an earlier revision of a service again.
func (s *Services) Return(ctx context.Context, e Edit, code, revision string) error {
	old, err := s.Revision(ctx, revision)
	if err != nil {
		return err
	}
	if old.Code != code || e.Version == 0 {
		return fault.NotFound("catalogue.revision_not_found")
	}
	return s.put(ctx, e, old)
}

// Weigh puts a service in the editor's order of popular services: the higher first,
// 0 leaves it to its use (CAT-05). It is a revision like any other change.
func (s *Services) Weigh(ctx context.Context, e Edit, code string, weight int) error {
	if weight < 0 || weight > 1000 {
		return fault.Invalid("catalogue.invalid_weight", fault.F("weight", "catalogue.invalid_weight"))
	}
	was, err := s.Edited(ctx, code)
	if err != nil {
		return err
	}
	if !was.Published {
		return fault.NotFound("catalogue.not_found")
	}
	next := *was.Service
	next.Weight = weight
	return s.put(ctx, e, &next)
}

// put publishes one service by an editor.
func (s *Services) put(ctx context.Context, e Edit, sv *Service) error {
	if p := sv.Lint(); len(p) > 0 {
		return fault.Invalid("catalogue.invalid").With("problems", p.Error()).Wrap(p)
	}
	return s.change(ctx, e, sv.Code, func(tx *db.Tx, _ *listedRow) error {
		if _, err := s.housed(ctx, tx, false, sv); err != nil {
			return err
		}
		_, _, err := s.publish(ctx, tx, sv, e.By, e.Reason)
		return err
	}, sv.Agency)
}

// AgencyFree refuses (fault Conflict catalogue.agency_in_use) to take away an agency
// whose services are published. Until the end of the transaction none can be.
func (s *Services) AgencyFree(ctx context.Context, tx *db.Tx, agency string) error {
	if err := lockState(ctx, tx); err != nil {
		return err
	}
	n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM catalogue.service s JOIN catalogue.revision r ON r.id = s.revision_id
		WHERE s.state = 'published' AND convert_from(r.body, 'UTF8')::jsonb ->> 'agency' = $1`, agency)
	if err != nil {
		return fmt.Errorf("count services of %s: %w", agency, err)
	}
	if n > 0 {
		return fault.Conflict("catalogue.agency_in_use").With("n", n)
	}
	return nil
}

// Work registers what becomes due.
func (s *Services) Work(q *job.Queue) {
	q.Sweep("catalogue.use", time.Hour, s.ForgetUse)
	q.Sweep("catalogue.withdraw", time.Minute, s.WithdrawDue)
	q.Sweep("catalogue.proposal", time.Hour, s.forgetProposals)
}

// Source answers the files of a service by their names in its folder.
func (s *Service) Source() (map[string][]byte, error) {
	out := map[string][]byte{}
	return out, s.files("", out)
}

// Outline is a form for a reader: its steps with the questions.
type Outline struct {
	Step   form.Text
	Lead   form.Text
	Fields []form.Field
}

// Outline answers the steps of the form, none without a form.
func (s *Service) Outline() []Outline {
	if s.Form == nil {
		return nil
	}
	var out []Outline
	for _, st := range s.Form.Steps {
		out = append(out, Outline{Step: st.Title, Lead: st.Lead, Fields: st.Fields})
	}
	return out
}
