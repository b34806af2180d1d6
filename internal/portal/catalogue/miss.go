package catalogue

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

// Misses counts searches that found nothing, so that editors learn what people
// call services by. People also type names and numbers into a search field:
//
//   - what looks like a name, an address, a number of somebody or a whole sentence is
//     not counted (see normalMiss);
//   - a visitor counts once a day for the same words. Who that is stands nowhere: the
//     process remembers for the day a hash under a key that it throws away with it;
//   - the words are kept only once they were counted five times, on two days or more,
//     one of them with three visitors; until then a keyed hash stands for them;
//   - no row says who searched, or at what time of the day.
type Misses struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
	Zone  *time.Location // of the days

	mu    sync.Mutex
	day   time.Time
	key   []byte                // of the day's hashes
	seen  map[[16]byte]struct{} // visitor and words
	fresh map[missOf]int64      // counts that are not written yet
}

type missOf struct {
	day   time.Time
	query string
}

// Bounds of what is counted.
const (
	minMiss      = 3  // letters and digits
	maxMiss      = 40 // letters and digits
	maxMissWords = 4
	maxSeen      = 50000 // visitors and words in a day: 2 MB
	missesShown  = 5     // times before the words are kept
	missCrowd    = 3     // visitors on one of the days
	missTermDays = 90
)

// Note remembers a search without result until the next [Misses.Write]. visitor is
// whatever tells visitors of one day apart: an account, or an address and a browser.
// It never waits for the database.
func (m *Misses) Note(query, visitor string) {
	q := normalMiss(query)
	if q == "" {
		return
	}
	day := m.today()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.key == nil || !m.day.Equal(day) {
		m.day, m.key, m.seen = day, make([]byte, 32), map[[16]byte]struct{}{}
		rand.Read(m.key)
	}
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(visitor + "\n" + q))
	who := [16]byte(mac.Sum(nil))
	if _, again := m.seen[who]; again || len(m.seen) >= maxSeen {
		return
	}
	m.seen[who] = struct{}{}
	if m.fresh == nil {
		m.fresh = map[missOf]int64{}
	}
	m.fresh[missOf{day, q}]++
}

// Write counts what was noted since the last time.
func (m *Misses) Write(ctx context.Context) error {
	m.mu.Lock()
	fresh := m.fresh
	m.fresh = nil
	m.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	// In one order in every process, so that two do not wait for each other.
	list := slices.SortedFunc(maps.Keys(fresh), func(a, b missOf) int {
		return cmp.Or(a.day.Compare(b.day), strings.Compare(a.query, b.query))
	})
	err := m.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, of := range list {
			if _, err := tx.Exec(ctx, `INSERT INTO catalogue.miss AS m (key, times, first_day, last_day, today, several) VALUES ($1, $3::bigint, $4::date, $4::date, $3::bigint, $3::bigint >= $6::bigint)
				ON CONFLICT (key) DO UPDATE SET times = m.times + $3::bigint, last_day = greatest(m.last_day, $4::date),
				today = CASE WHEN $4::date > m.last_day THEN $3::bigint ELSE m.today + $3::bigint END,
				several = m.several OR CASE WHEN $4::date > m.last_day THEN $3::bigint ELSE m.today + $3::bigint END >= $6::bigint,
				query = CASE WHEN m.times + $3::bigint >= $5::bigint AND $4::date > m.first_day AND (m.several OR CASE WHEN $4::date > m.last_day THEN $3::bigint ELSE m.today + $3::bigint END >= $6::bigint)
					THEN $2::text ELSE m.query END`,
				m.Keys.Index("catalogue.miss", of.query), of.query, fresh[of], of.day, int64(missesShown), int64(missCrowd)); err != nil {
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
