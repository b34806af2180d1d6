package catalogue

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/setting"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema catalogue.
func Migrations() db.Source { return db.Source{Context: "catalogue", FS: migrations, Tables: tables} }

// Services answers what the portal of one region offers, and publishes it.
type Services struct {
	DB        *db.DB
	Clock     *clock.Clock
	Directory *directory.Directory
	// Zone is the portal's: use is counted by its days.
	Zone *time.Location

	kept      db.Kept[snapshot]
	revisions sync.Map // id → *Service: immutable, some hundred at most
}

// useEvery bounds how old the order of the popular services may be.
const useEvery = 10 * time.Minute

// snapshot is everything published, ready to be read by any number of goroutines.
type snapshot struct {
	version  int64
	built    time.Time
	least    string     // the portal's own minimum level
	services []*Service // by title
	byCode   map[string]*Service
	shelves  Shelves
	popular  []*Service
	index    *index
}

// Card answers a published service by its code; fault catalogue.not_found where there is none.
func (s *Services) Card(ctx context.Context, code string) (*Service, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if sv := snap.byCode[code]; sv != nil {
		return sv, nil
	}
	return nil, fault.NotFound("catalogue.not_found")
}

// Revision answers the service as it was when a draft or application began, published or not now.
func (s *Services) Revision(ctx context.Context, id string) (*Service, error) {
	if sv, ok := s.revisions.Load(id); ok {
		return sv.(*Service), nil
	}
	var body *[]byte
	err := s.DB.Aside(ctx, func(tx *db.Tx) (err error) {
		body, err = db.Find[[]byte](ctx, tx, `SELECT body FROM catalogue.revision WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read revision %s: %w", id, err)
	}
	if body == nil {
		return nil, fault.NotFound("catalogue.revision_not_found")
	}
	sv, err := decode(id, *body)
	if err != nil {
		return nil, fmt.Errorf("read revision %s: %w", id, err)
	}
	got, _ := s.revisions.LoadOrStore(id, sv)
	return got.(*Service), nil
}

// All answers every published service by title: the «Реестр услуг» (CAT-03).
func (s *Services) All(ctx context.Context) ([]*Service, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	return snap.services, nil
}

// ByCategory answers the published services of a category, by title.
func (s *Services) ByCategory(ctx context.Context, code string) ([]*Service, error) {
	return s.where(ctx, func(sv *Service) bool { return slices.Contains(sv.Categories, code) })
}

// ByAgency answers the published services of an agency, by title.
func (s *Services) ByAgency(ctx context.Context, code string) ([]*Service, error) {
	return s.where(ctx, func(sv *Service) bool { return sv.Agency == code })
}

// ByLifeEvent answers the published services of a life situation, by title.
func (s *Services) ByLifeEvent(ctx context.Context, code string) ([]*Service, error) {
	return s.where(ctx, func(sv *Service) bool { return slices.Contains(sv.LifeEvents, code) })
}

func (s *Services) where(ctx context.Context, keep func(*Service) bool) ([]*Service, error) {
	all, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Service
	for _, sv := range all {
		if keep(sv) {
			out = append(out, sv)
		}
	}
	return out, nil
}

// Shelf is a category, life situation or agency with the number of its services.
type Shelf[T any] struct {
	Item  T
	Count int
}

// Categories answers the categories in the editor's order; empty ones too, for the editor's sake.
func (s *Services) Categories(ctx context.Context) ([]Shelf[Category], error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Shelf[Category], len(snap.shelves.Categories))
	for i, c := range snap.shelves.Categories {
		out[i] = Shelf[Category]{c, snap.count(func(sv *Service) bool { return slices.Contains(sv.Categories, c.Code) })}
	}
	return out, nil
}

// LifeEvents answers the life situations in the editor's order.
func (s *Services) LifeEvents(ctx context.Context) ([]Shelf[LifeEvent], error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Shelf[LifeEvent], len(snap.shelves.LifeEvents))
	for i, e := range snap.shelves.LifeEvents {
		out[i] = Shelf[LifeEvent]{e, snap.count(func(sv *Service) bool { return slices.Contains(sv.LifeEvents, e.Code) })}
	}
	return out, nil
}

// Agencies answers the agencies of the directory with the number of their services.
func (s *Services) Agencies(ctx context.Context) ([]Shelf[directory.Agency], error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	agencies, err := s.Directory.Agencies(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Shelf[directory.Agency], len(agencies))
	for i, a := range agencies {
		out[i] = Shelf[directory.Agency]{a, snap.count(func(sv *Service) bool { return sv.Agency == a.Code })}
	}
	return out, nil
}

func (s *snapshot) count(is func(*Service) bool) int {
	n := 0
	for _, sv := range s.services {
		if is(sv) {
			n++
		}
	}
	return n
}

// Category answers one category; fault catalogue.category_not_found where there is none.
func (s *Services) Category(ctx context.Context, code string) (Category, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return Category{}, err
	}
	i := slices.IndexFunc(snap.shelves.Categories, func(c Category) bool { return c.Code == code })
	if i < 0 {
		return Category{}, fault.NotFound("catalogue.category_not_found")
	}
	return snap.shelves.Categories[i], nil
}

// LifeEvent answers one life situation; fault catalogue.life_event_not_found where there is none.
func (s *Services) LifeEvent(ctx context.Context, code string) (LifeEvent, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return LifeEvent{}, err
	}
	i := slices.IndexFunc(snap.shelves.LifeEvents, func(e LifeEvent) bool { return e.Code == code })
	if i < 0 {
		return LifeEvent{}, fault.NotFound("catalogue.life_event_not_found")
	}
	return snap.shelves.LifeEvents[i], nil
}

// Popular answers at most n services: first by the editor's weight, then by use in the last 30 days
// (CAT-05).
func (s *Services) Popular(ctx context.Context, n int) ([]*Service, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	return snap.popular[:min(n, len(snap.popular))], nil
}

// Version moves with every change that a prepared page must show.
func (s *Services) Version(ctx context.Context) (int64, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return 0, err
	}
	return snap.version, nil
}

// KnownVersion is [Services.Version] without asking or waiting for anything;
// false when it is not known well enough.
func (s *Services) KnownVersion() (int64, bool) {
	if snap := s.kept.Known(s.Clock.Wall()); snap != nil {
		return snap.version, true
	}
	return 0, false
}

// CountOpened notes that a form was begun, CountSubmitted that it was sent: what «popular» means.
func (s *Services) CountOpened(ctx context.Context, tx *db.Tx, code string) error {
	return s.countUse(ctx, tx, code, 1, 0)
}

// CountSubmitted notes that an application was sent.
func (s *Services) CountSubmitted(ctx context.Context, tx *db.Tx, code string) error {
	return s.countUse(ctx, tx, code, 0, 1)
}

func (s *Services) countUse(ctx context.Context, tx *db.Tx, code string, opened, submitted int) error {
	_, err := tx.Exec(ctx, `INSERT INTO catalogue.use AS u (code, day, opened, submitted) VALUES ($1, $2, $3, $4)
		ON CONFLICT (code, day) DO UPDATE SET opened = u.opened + excluded.opened, submitted = u.submitted + excluded.submitted`,
		code, s.today(), opened, submitted)
	return err
}

func (s *Services) today() time.Time {
	y, m, d := s.Clock.Now().In(s.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// ForgetUse erases counts that are older than three years (G-22); for a sweep.
func (s *Services) ForgetUse(ctx context.Context) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(ctx, `DELETE FROM catalogue.use WHERE day < $1`, s.today().AddDate(-3, 0, 0))
		n = int(rows)
		return err
	})
	return n, err
}

// current answers the snapshot; it asks the database for the version once a second.
func (s *Services) current(ctx context.Context) (*snapshot, error) {
	snap, err := s.kept.Get(s.Clock.Wall(), func(held *snapshot) (*snapshot, error) { return s.renew(ctx, held) })
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	return snap, nil
}

type publishedRow struct {
	ID   string `db:"id"`
	Body []byte `db:"body"`
}

func (s *Services) renew(ctx context.Context, old *snapshot) (*snapshot, error) {
	agencies, err := s.Directory.Agencies(ctx)
	if err != nil {
		return nil, err
	}
	snap := &snapshot{built: s.Clock.Wall()}
	err = s.DB.Aside(ctx, func(tx *db.Tx) error {
		if snap.version, err = db.Get[int64](ctx, tx, `SELECT version FROM catalogue.state`); err != nil {
			return err
		}
		snap.least, err = setting.Get(ctx, tx, LeastLevel)
		if err != nil || old != nil && old.version == snap.version && old.least == snap.least && snap.built.Sub(old.built) < useEvery && old.index.knows(agencies) {
			return err
		}
		shelves, err := db.Get[[]byte](ctx, tx, `SELECT shelves FROM catalogue.state`)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(shelves, &snap.shelves); err != nil {
			return err
		}
		rows, err := db.List[publishedRow](ctx, tx, `SELECT r.id, r.body FROM catalogue.service s
			JOIN catalogue.revision r ON r.id = s.revision_id WHERE s.state = 'published' LIMIT 20000`)
		if err != nil {
			return err
		}
		if err := snap.fill(&s.revisions, rows); err != nil {
			return err
		}
		return snap.orderPopular(ctx, tx, s.today())
	})
	if err != nil {
		return nil, err
	}
	if snap.byCode == nil {
		return old, nil
	}
	snap.index = newIndex(snap.services, snap.shelves, agencies)
	return snap, nil
}

func (s *snapshot) fill(known *sync.Map, rows []publishedRow) error {
	s.byCode = make(map[string]*Service, len(rows))
	for _, r := range rows {
		sv, ok := known.Load(r.ID)
		if !ok {
			fresh, err := decode(r.ID, r.Body)
			if err != nil {
				return fmt.Errorf("revision %s: %w", r.ID, err)
			}
			sv, _ = known.LoadOrStore(r.ID, fresh)
		}
		one := raised(sv.(*Service), s.least)
		s.services = append(s.services, one)
		s.byCode[one.Code] = one
	}
	slices.SortFunc(s.services, func(a, b *Service) int { return compareTitles(a.Title.RU, b.Title.RU) })
	return nil
}

func (s *snapshot) orderPopular(ctx context.Context, tx *db.Tx, today time.Time) error {
	type use struct {
		Code string `db:"code"`
		N    int64  `db:"n"`
	}
	uses, err := db.List[use](ctx, tx, `SELECT code, sum(submitted * 5 + opened)::bigint AS n FROM catalogue.use
		WHERE day > $1 GROUP BY code LIMIT 20000`, today.AddDate(0, 0, -30))
	if err != nil {
		return err
	}
	n := map[string]int64{}
	for _, u := range uses {
		n[u.Code] = u.N
	}
	s.popular = slices.Clone(s.services)
	slices.SortStableFunc(s.popular, func(a, b *Service) int {
		if a.Weight != b.Weight {
			return b.Weight - a.Weight
		}
		return int(n[b.Code] - n[a.Code])
	})
	return nil
}
