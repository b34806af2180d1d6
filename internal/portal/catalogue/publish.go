package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Publish makes the content the current one of its code and answers the revision's id. The same
// content again changes nothing. A service that cannot work is refused (fault catalogue.invalid).
// Who may publish is checked by the caller: an editor's page or the command line.
func (s *Services) Publish(ctx context.Context, sv *Service, actor, reason string) (string, error) {
	if p := sv.Lint(); len(p) > 0 {
		return "", fault.Invalid("catalogue.invalid").With("problems", p.Error()).Wrap(p)
	}
	var id string
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if err := lockState(ctx, tx); err != nil {
			return err
		}
		if _, err := s.housed(ctx, tx, false, sv); err != nil {
			return err
		}
		var changed bool
		id, changed, err = s.publish(ctx, tx, sv, actor, reason)
		if err != nil || !changed {
			return err
		}
		return moveState(ctx, tx)
	})
	if err != nil {
		return "", fmt.Errorf("publish service %s: %w", sv.Code, err)
	}
	s.forget()
	return id, nil
}

// publish writes the revision and moves the pointer; the state's row is locked by the caller.
func (s *Services) publish(ctx context.Context, tx *db.Tx, sv *Service, actor, reason string) (id string, changed bool, err error) {
	id, body, err := sv.encode()
	if err != nil {
		return "", false, err
	}
	now := s.Clock.Now()
	if _, err = tx.Exec(ctx, `INSERT INTO catalogue.revision (id, code, body, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`, id, sv.Code, body, now); err != nil {
		return "", false, err
	}
	version, err := db.Find[int64](ctx, tx, `INSERT INTO catalogue.service AS t (code, revision_id, state, version, changed_at)
		VALUES ($1, $2, 'published', 1, $3)
		ON CONFLICT (code) DO UPDATE SET revision_id = excluded.revision_id, version = t.version + 1, changed_at = excluded.changed_at,
			withdraw_at = CASE WHEN t.state = 'published' THEN t.withdraw_at END, state = 'published'
		WHERE t.revision_id <> excluded.revision_id OR t.state <> 'published'
		RETURNING version`, sv.Code, id, now)
	if err != nil || version == nil {
		return id, false, err
	}
	return id, true, record(ctx, tx, Publication{Code: sv.Code, Version: *version, Revision: id, Action: "publish", Actor: actor, Reason: reason, At: now})
}

// Withdraw takes a service out of the catalogue; drafts and applications keep their revision.
func (s *Services) Withdraw(ctx context.Context, code, actor, reason string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := lockState(ctx, tx); err != nil {
			return err
		}
		if err := s.withdraw(ctx, tx, code, actor, reason); err != nil {
			return err
		}
		return moveState(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("withdraw service %s: %w", code, err)
	}
	s.forget()
	return nil
}

// withdraw takes the pointer away; the state's row is locked by the caller.
func (s *Services) withdraw(ctx context.Context, tx *db.Tx, code, actor, reason string) error {
	now := s.Clock.Now()
	type row struct {
		Version  int64  `db:"version"`
		Revision string `db:"revision_id"`
	}
	r, err := db.Find[row](ctx, tx, `UPDATE catalogue.service SET state = 'withdrawn', version = version + 1, changed_at = $2, withdraw_at = NULL
		WHERE code = $1 AND state = 'published' RETURNING version, revision_id`, code, now)
	if err != nil {
		return err
	}
	if r == nil {
		return fault.NotFound("catalogue.not_found")
	}
	return record(ctx, tx, Publication{Code: code, Version: r.Version, Revision: r.Revision, Action: "withdraw", Actor: actor, Reason: reason, At: now})
}

// Import publishes a bundle and sets the shelves: what differs from the current content gets a new
// revision, the rest stays, nothing is withdrawn. All or nothing. It answers how many changed.
func (s *Services) Import(ctx context.Context, b *Bundle, actor string) (int, error) {
	return s.take(ctx, b, actor, taking{})
}

// Add is [Services.Import] that leaves the shelves as they are; of those of the bundle it adds what
// its services stand on.
func (s *Services) Add(ctx context.Context, b *Bundle, actor string) (int, error) {
	return s.take(ctx, b, actor, taking{keepShelves: true})
}

// Deliver is [Services.Import] at each start of a release: what anybody else than deliverer has
// published, withdrawn or put on the shelves since is theirs and stays as it is.
func (s *Services) Deliver(ctx context.Context, b *Bundle, deliverer string) (int, error) {
	return s.take(ctx, b, deliverer, taking{delivery: true})
}

// taking is how a bundle comes in.
type taking struct {
	keepShelves, delivery bool
	reason                string // "" is import
	within                func(ctx context.Context, tx *db.Tx) error
}

func (s *Services) take(ctx context.Context, b *Bundle, actor string, how taking) (int, error) {
	n := 0
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if err := lockState(ctx, tx); err != nil {
			return err
		}
		if how.within != nil {
			if err := how.within(ctx, tx); err != nil {
				return err
			}
		}
		take := b.Services
		if how.delivery {
			if take, err = undisturbed(ctx, tx, take, actor); err != nil {
				return err
			}
		}
		if take, err = s.housed(ctx, tx, how.delivery, take...); err != nil {
			return err
		}
		if n, err = s.publishAll(ctx, tx, take, actor, cmp.Or(how.reason, "import")); err != nil {
			return err
		}
		put, err := s.putShelves(ctx, tx, b.Shelves, take, actor, how)
		if err != nil || n == 0 && !put {
			return err
		}
		return moveState(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("import catalogue: %w", err)
	}
	s.forget()
	return n, nil
}

func (s *Services) publishAll(ctx context.Context, tx *db.Tx, list []*Service, actor, reason string) (n int, err error) {
	for _, sv := range list {
		_, changed, err := s.publish(ctx, tx, sv, actor, reason)
		if err != nil {
			return 0, fmt.Errorf("service %s: %w", sv.Code, err)
		}
		if changed {
			n++
		}
	}
	return n, nil
}

// undisturbed are the services that nobody but the deliverer has published or withdrawn last.
func undisturbed(ctx context.Context, tx *db.Tx, list []*Service, deliverer string) (out []*Service, err error) {
	others, err := db.List[string](ctx, tx, `SELECT code FROM (SELECT DISTINCT ON (code) code, actor FROM catalogue.publication
		WHERE action IN ('publish', 'withdraw') ORDER BY code, version DESC) t WHERE actor <> $1 LIMIT 20000`, deliverer)
	for _, sv := range list {
		if !slices.Contains(others, sv.Code) {
			out = append(out, sv)
		}
	}
	return out, err
}

// housed refuses services whose agency is not on the pages; a delivery leaves out
// those whose agency an editor has taken off: it must neither fail for that nor bring
// them back. The state's row is locked: whoever takes an agency off the pages counts
// its services under the same lock.
func (s *Services) housed(ctx context.Context, tx *db.Tx, delivery bool, list ...*Service) (out []*Service, err error) {
	shown, err := s.Directory.Standing(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, sv := range list {
		switch on, known := shown[sv.Agency]; {
		case on:
			out = append(out, sv)
		case !known || !delivery:
			return nil, fault.Invalid("catalogue.agency_gone", fault.F("agency", "catalogue.agency_gone")).
				Wrap(fmt.Errorf("service %s: agency %q is not in the directory", sv.Code, sv.Agency))
		}
	}
	return out, nil
}

// putShelves writes the shelves, or adds to those of somebody else what the services stand on.
func (s *Services) putShelves(ctx context.Context, tx *db.Tx, next Shelves, list []*Service, actor string, how taking) (bool, error) {
	type row struct {
		Shelves []byte `db:"shelves"`
		By      string `db:"shelves_by"`
	}
	r, err := db.Get[row](ctx, tx, `SELECT shelves, shelves_by FROM catalogue.state`)
	if err != nil {
		return false, err
	}
	var now Shelves
	if err := json.Unmarshal(r.Shelves, &now); err != nil {
		return false, err
	}
	if how.keepShelves || how.delivery && r.By != actor && r.By != "" {
		actor = r.By
		next = now.with(next, list)
	}
	body, err := json.Marshal(next)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `UPDATE catalogue.state SET shelves = $1, shelves_by = $2 WHERE shelves <> $1`, body, actor)
	return n > 0, err
}

// with adds those of the other shelves that services stand on and that are not there.
func (s Shelves) with(other Shelves, list []*Service) Shelves {
	used := map[string]bool{}
	for _, sv := range list {
		for _, c := range sv.Categories {
			used["category "+c] = true
		}
		for _, e := range sv.LifeEvents {
			used["life event "+e] = true
		}
	}
	for _, c := range s.Categories {
		delete(used, "category "+c.Code)
	}
	for _, e := range s.LifeEvents {
		delete(used, "life event "+e.Code)
	}
	out := Shelves{Categories: slices.Clone(s.Categories), LifeEvents: slices.Clone(s.LifeEvents)}
	for _, c := range other.Categories {
		if used["category "+c.Code] {
			out.Categories = append(out.Categories, c)
		}
	}
	for _, e := range other.LifeEvents {
		if used["life event "+e.Code] {
			out.LifeEvents = append(out.LifeEvents, e)
		}
	}
	return out
}

// Publication is an entry of a service's history.
type Publication struct {
	Code     string    `db:"code"`
	Version  int64     `db:"version"`
	Revision string    `db:"revision_id"`
	Action   string    `db:"action"` // publish, withdraw, plan (to withdraw it at Due) or keep (no longer)
	Actor    string    `db:"actor"`
	Reason   string    `db:"reason"`
	At       time.Time `db:"at"`

	Due *time.Time `db:"due"` // of a plan
}

const publicationColumns = `code, version, revision_id, action, actor, reason, at, due`

// History answers who published and withdrew a service, the newest first, 200 entries at most.
func (s *Services) History(ctx context.Context, code string) (out []Publication, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Publication](ctx, tx, `SELECT `+publicationColumns+`
			FROM catalogue.publication WHERE code = $1 ORDER BY version DESC LIMIT 200`, code)
		return err
	})
	return out, err
}

func record(ctx context.Context, tx *db.Tx, p Publication) error {
	_, err := tx.Exec(ctx, `INSERT INTO catalogue.publication (`+publicationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, p.Code, p.Version, p.Revision, p.Action, p.Actor, p.Reason, p.At, p.Due)
	return err
}

// lockState lets one writer at a time change the catalogue.
func lockState(ctx context.Context, tx *db.Tx) error {
	_, err := db.Get[int64](ctx, tx, `SELECT version FROM catalogue.state FOR UPDATE`)
	return err
}

func moveState(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE catalogue.state SET version = version + 1`)
	return err
}

// forget makes the next reader of this process look at the database. It waits for a renewal under
// way, which may have read the old version.
func (s *Services) forget() { s.kept.Forget() }
