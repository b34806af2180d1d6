package content

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema content.
func Migrations() db.Source { return db.Source{Context: "content", FS: migrations, Tables: tables} }

// Codes of texts that the program itself asks for.
const (
	CodeUserAgreement = "user-agreement" // KindAgreement
	CodePersonalData  = "personal-data"  // KindAgreement: how personal data are processed
)

// Contents reads and publishes the texts of one portal.
type Contents struct {
	DB    *db.DB
	Clock *clock.Clock

	kept db.Kept[snapshot]
}

type snapshot struct {
	version int64
	entries map[Kind][]Entry // in order
	index   *helpIndex
}

// Get answers the current edition of a text; fault content.not_found where there is none.
func (c *Contents) Get(ctx context.Context, k Kind, code string) (Entry, error) {
	list, err := c.list(ctx, k)
	if err != nil {
		return Entry{}, err
	}
	for _, e := range list {
		if e.Code == code {
			return e, nil
		}
	}
	return Entry{}, fault.NotFound("content.not_found")
}

// Edition answers the text as a person agreed to it, in force or not now.
func (c *Contents) Edition(ctx context.Context, k Kind, code, version string) (e Entry, err error) {
	var body *[]byte
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		body, err = db.Find[[]byte](ctx, tx, `SELECT body FROM content.entry WHERE kind = $1 AND code = $2 AND body->>'version' = $3
			ORDER BY number DESC LIMIT 1`, string(k), code, version)
		return err
	})
	switch {
	case err != nil:
		return e, fmt.Errorf("read edition %s of %s %s: %w", version, k, code, err)
	case body == nil:
		return e, fault.NotFound("content.not_found")
	}
	return e, json.Unmarshal(*body, &e)
}

// Agreement answers the user agreement in force (ID-REG-20); its Version is what a person accepts.
func (c *Contents) Agreement(ctx context.Context) (Entry, error) {
	return c.Get(ctx, KindAgreement, CodeUserAgreement)
}

// Articles answers the help articles in the editor's order (HLP-01). The slice is shared.
func (c *Contents) Articles(ctx context.Context) ([]Entry, error) { return c.list(ctx, KindHelp) }

// Article answers one help article.
func (c *Contents) Article(ctx context.Context, code string) (Entry, error) {
	return c.Get(ctx, KindHelp, code)
}

// PopularQuestions answers at most n help articles for the main page (HLP-02).
func (c *Contents) PopularQuestions(ctx context.Context, n int) ([]Entry, error) {
	list, err := c.list(ctx, KindHelp)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, e := range list {
		if e.Popular && len(out) < n {
			out = append(out, e)
		}
	}
	return out, nil
}

// Acts answers the legal acts (LAW-01). The slice is shared.
func (c *Contents) Acts(ctx context.Context) ([]Entry, error) { return c.list(ctx, KindAct) }

// News answers n news after the first skip, the newest first, and how many there are (PRT-15).
func (c *Contents) News(ctx context.Context, skip, n int) ([]Entry, int, error) {
	list, err := c.list(ctx, KindNews)
	if err != nil {
		return nil, 0, err
	}
	now := c.Clock.Now()
	list = slices.DeleteFunc(slices.Clone(list), func(e Entry) bool { return e.Since.After(now) })
	from := min(max(skip, 0), len(list))
	return list[from:min(from+max(n, 0), len(list))], len(list), nil
}

// NewsItem answers one news; one of the future is not found.
func (c *Contents) NewsItem(ctx context.Context, code string) (Entry, error) {
	e, err := c.Get(ctx, KindNews, code)
	if err == nil && e.Since.After(c.Clock.Now()) {
		return Entry{}, fault.NotFound("content.not_found")
	}
	return e, err
}

// Public tells whether a news («news/<code>») stands on the pages now.
func (c *Contents) Public(ctx context.Context, object string) (bool, error) {
	code, news := strings.CutPrefix(object, "news/")
	if !news {
		return false, nil
	}
	_, err := c.NewsItem(ctx, code)
	if fault.Is(err, fault.KindNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Version moves with every change that a prepared page must show.
func (c *Contents) Version(ctx context.Context) (int64, error) {
	s, err := c.current(ctx)
	if err != nil {
		return 0, err
	}
	return s.version, nil
}

// KnownVersion is [Contents.Version] without asking or waiting for anything; false
// when it is not known well enough.
func (c *Contents) KnownVersion() (int64, bool) {
	if s := c.kept.Known(c.Clock.Wall()); s != nil {
		return s.version, true
	}
	return 0, false
}

func (c *Contents) list(ctx context.Context, k Kind) ([]Entry, error) {
	s, err := c.current(ctx)
	if err != nil {
		return nil, err
	}
	return s.entries[k], nil
}

// Publish makes the text the current one of its kind and code; an equal one changes nothing.
func (c *Contents) Publish(ctx context.Context, e Entry, actor string) error {
	_, err := c.Import(ctx, []Entry{e}, actor)
	return err
}

// Import publishes texts; what they do not name stays. It answers how many changed.
func (c *Contents) Import(ctx context.Context, entries []Entry, actor string) (int, error) {
	return c.publish(ctx, entries, actor, func(*db.Tx) (func(*Entry) bool, error) { return func(*Entry) bool { return true }, nil })
}

// publish publishes the texts that may says, which is asked under the lock.
func (c *Contents) publish(ctx context.Context, entries []Entry, actor string, may func(tx *db.Tx) (func(*Entry) bool, error)) (int, error) {
	for i := range entries {
		if err := entries[i].check(); err != nil {
			return 0, fault.Invalid("content.invalid").With("problems", err.Error()).Wrap(err)
		}
	}
	changed := 0
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		changed = 0
		if _, err := db.Get[int64](ctx, tx, `SELECT version FROM content.state FOR UPDATE`); err != nil {
			return err
		}
		allowed, err := may(tx)
		if err != nil {
			return err
		}
		for i := range entries {
			if !allowed(&entries[i]) {
				continue
			}
			n, err := c.put(ctx, tx, &entries[i], actor)
			if err != nil {
				return fmt.Errorf("%s %s: %w", entries[i].Kind, entries[i].Code, err)
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE content.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("publish texts: %w", err)
	}
	c.forget()
	return changed, nil
}

// put adds an edition where the text differs from the current one; the state's row is locked.
func (c *Contents) put(ctx context.Context, tx *db.Tx, e *Entry, actor string) (int, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO content.entry (kind, code, number, body, changed_at, changed_by)
		SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5 FROM content.entry WHERE kind = $1 AND code = $2
		HAVING NOT EXISTS (SELECT FROM content.entry c WHERE c.kind = $1 AND c.code = $2 AND NOT c.withdrawn AND c.body = $3
			AND c.number = (SELECT max(number) FROM content.entry WHERE kind = $1 AND code = $2))`,
		string(e.Kind), e.Code, body, c.Clock.Now(), actor)
	return int(n), err
}

// Withdraw takes a text off the pages; its editions stay.
func (c *Contents) Withdraw(ctx context.Context, k Kind, code, actor string) error {
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := db.Get[int64](ctx, tx, `SELECT version FROM content.state FOR UPDATE`); err != nil {
			return err
		}
		if _, err := c.withdraw(ctx, tx, k, code, actor); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE content.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("withdraw %s %s: %w", k, code, err)
	}
	c.forget()
	return nil
}

// withdraw adds an edition that is not shown; the state's row is locked.
func (c *Contents) withdraw(ctx context.Context, tx *db.Tx, k Kind, code, actor string) (int, error) {
	n, err := tx.Exec(ctx, `INSERT INTO content.entry (kind, code, number, body, withdrawn, changed_at, changed_by)
		SELECT kind, code, number + 1, body, true, $3, $4 FROM content.entry
		WHERE kind = $1 AND code = $2 AND NOT withdrawn AND number = (SELECT max(number) FROM content.entry WHERE kind = $1 AND code = $2)`,
		string(k), code, c.Clock.Now(), actor)
	if err == nil && n == 0 {
		err = fault.NotFound("content.not_found")
	}
	return int(n), err
}

// Rate notes whether a help article was useful to a voter (HLP-13); the voter's last word counts.
// voter is a hash that says nothing about the person.
func (c *Contents) Rate(ctx context.Context, code string, voter []byte, useful bool) error {
	if _, err := c.Article(ctx, code); err != nil {
		return err
	}
	return c.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO content.rating (code, voter, useful, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (code, voter) DO UPDATE SET useful = excluded.useful, at = excluded.at`, code, voter, useful, c.Clock.Now())
		return err
	})
}

// Rating is what voters said of an article.
type Rating struct {
	Code    string `db:"code"`
	Useful  int64  `db:"useful"`
	Useless int64  `db:"useless"`
}

// Ratings answers the counters of all articles, the least useful first: the editor's list.
func (c *Contents) Ratings(ctx context.Context) (out []Rating, err error) {
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Rating](ctx, tx, `SELECT code, count(*) FILTER (WHERE useful) AS useful, count(*) FILTER (WHERE NOT useful) AS useless
			FROM content.rating GROUP BY code ORDER BY useless DESC, code LIMIT 1000`)
		return err
	})
	return out, err
}

// ForgetRatings erases ratings that are older than three years (G-22); for a sweep.
func (c *Contents) ForgetRatings(ctx context.Context) (n int, err error) {
	err = c.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(ctx, `DELETE FROM content.rating WHERE at < $1`, c.Clock.Now().AddDate(-3, 0, 0))
		n = int(rows)
		return err
	})
	return n, err
}

func (c *Contents) forget() { c.kept.Forget() }

func (c *Contents) current(ctx context.Context) (*snapshot, error) {
	s, err := c.kept.Get(c.Clock.Wall(), func(held *snapshot) (s *snapshot, err error) {
		err = c.DB.Aside(ctx, func(tx *db.Tx) error { s, err = renew(ctx, tx, held); return err })
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	return s, nil
}

func renew(ctx context.Context, tx *db.Tx, held *snapshot) (*snapshot, error) {
	version, err := db.Get[int64](ctx, tx, `SELECT version FROM content.state`)
	if err != nil || held != nil && held.version == version {
		return held, err
	}
	rows, err := db.List[[]byte](ctx, tx, `SELECT body FROM (SELECT DISTINCT ON (kind, code) body, withdrawn FROM content.entry
		ORDER BY kind, code, number DESC) t WHERE NOT withdrawn LIMIT 10000`)
	if err != nil {
		return nil, err
	}
	return newSnapshot(version, rows)
}

func newSnapshot(version int64, rows [][]byte) (*snapshot, error) {
	s := &snapshot{version: version, entries: map[Kind][]Entry{}}
	for _, b := range rows {
		var e Entry
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, err
		}
		s.entries[e.Kind] = append(s.entries[e.Kind], e)
	}
	for k, list := range s.entries {
		slices.SortFunc(list, func(a, b Entry) int { return compare(k, &a, &b) })
	}
	s.index = newHelpIndex(s.entries[KindHelp])
	return s, nil
}

// compare orders texts as the pages do: news by day, the rest as the editor says.
func compare(k Kind, a, b *Entry) int {
	if k == KindNews {
		return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Code, b.Code))
	}
	return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Code, b.Code))
}
