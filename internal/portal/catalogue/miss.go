package catalogue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

// Misses counts searches that found nothing, so that editors learn what people
// call services by. People also type names and numbers into a search field:
//
//   - what has a digit or an at sign, is long, or is a whole sentence is not counted;
//   - the words are kept only once they were used in five different minutes of at
//     least two days; until then a keyed hash stands for them;
//   - no row says who searched, or at what time of the day.
type Misses struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
	Zone  *time.Location // of the days

	mu    sync.Mutex
	noted map[string]bool
}

// Bounds of what is counted.
const (
	minMiss      = 3  // letters
	maxMiss      = 40 // letters
	maxMissWords = 4
	maxNoted     = 1000 // different searches between two writings
	missesShown  = 5    // times before the words are kept
	missTermDays = 90
)

// Note remembers a search without result until the next [Misses.Write]; equal
// ones between two writings count once. It never waits for the database.
func (m *Misses) Note(query string) {
	q := normalMiss(query)
	if q == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noted == nil {
		m.noted = map[string]bool{}
	}
	if len(m.noted) < maxNoted {
		m.noted[q] = true
	}
}

// normalMiss is the form in which searches are compared; "" for what is not
// counted.
func normalMiss(query string) string {
	q := strings.ReplaceAll(strings.ToLower(trimQuery(query)), "ё", "е")
	words := strings.FieldsFunc(q, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
	out := strings.Join(words, " ")
	n := len([]rune(out))
	if n < minMiss || n > maxMiss || len(words) > maxMissWords || strings.ContainsAny(q, "@") || strings.ContainsFunc(q, unicode.IsDigit) {
		return ""
	}
	return out
}

// Write counts what was noted since the last time.
func (m *Misses) Write(ctx context.Context) error {
	m.mu.Lock()
	noted := m.noted
	m.noted = nil
	m.mu.Unlock()
	if len(noted) == 0 {
		return nil
	}
	day := m.today()
	err := m.DB.InTx(ctx, func(tx *db.Tx) error {
		for q := range noted {
			if _, err := tx.Exec(ctx, `INSERT INTO catalogue.miss AS m (key, times, first_day, last_day) VALUES ($1, 1, $3, $3)
				ON CONFLICT (key) DO UPDATE SET times = m.times + 1, last_day = $3,
				query = CASE WHEN m.times + 1 >= $4 AND $3 > m.first_day THEN $2 ELSE m.query END`,
				m.Keys.Index("catalogue.miss", q), q, day, missesShown); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count searches without result: %w", err)
	}
	return nil
}

func (m *Misses) today() time.Time {
	now := m.Clock.Now().In(m.Zone)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

// Miss is what several people have searched in vain.
type Miss struct {
	Query   string    `db:"query"`
	Times   int64     `db:"times"`
	LastDay time.Time `db:"last_day"`
}

// Common lists what is searched in vain most often, and counts the searches whose
// words too few people have used to be shown.
func (m *Misses) Common(ctx context.Context, limit int) (list []Miss, rare int64, err error) {
	err = m.DB.Read(ctx, func(tx *db.Tx) error {
		if list, err = db.List[Miss](ctx, tx, `SELECT query, times, last_day FROM catalogue.miss WHERE query IS NOT NULL
			ORDER BY times DESC, last_day DESC, query LIMIT $1`, limit); err != nil {
			return err
		}
		rare, err = db.Get[int64](ctx, tx, `SELECT coalesce(sum(times), 0)::bigint FROM catalogue.miss WHERE query IS NULL`)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list searches without result: %w", err)
	}
	return list, rare, nil
}

// Work registers the sweep that forgets.
func (m *Misses) Work(q *job.Queue) { q.Sweep("catalogue.miss", time.Hour, m.forget) }

func (m *Misses) forget(ctx context.Context) (n int, err error) {
	err = m.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(ctx, `DELETE FROM catalogue.miss WHERE last_day < $1`, m.today().AddDate(0, 0, -missTermDays))
		n = int(rows)
		return err
	})
	return n, err
}
