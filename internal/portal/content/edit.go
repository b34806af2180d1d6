package content

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/form"
)

// The longest parts of a text, in characters.
const (
	maxLine = 300
	maxBody = 100_000
)

// Edit is by whom and on top of what a text is changed.
type Edit struct {
	By string // an officer's id
	// Number is that of the edition which the editor saw, 0 for a new text: somebody
	// else's change in between is fault Conflict content.changed_meanwhile.
	Number int
	// Within authorises the editor for what belongs to the agencies ("" is the whole
	// portal) and journals the deed in the same transaction.
	Within func(ctx context.Context, tx *db.Tx, agencies ...string) error
}

// Edition is one edition of a text as its editor sees it.
type Edition struct {
	Entry
	Number    int
	Withdrawn bool
	At        time.Time
	By        string // an officer's id or a command
}

type editionRow struct {
	Number    int       `db:"number"`
	Body      []byte    `db:"body"`
	Withdrawn bool      `db:"withdrawn"`
	ChangedAt time.Time `db:"changed_at"`
	ChangedBy string    `db:"changed_by"`
}

func (r *editionRow) edition() (*Edition, error) {
	e := &Edition{Number: r.Number, Withdrawn: r.Withdrawn, At: r.ChangedAt, By: r.ChangedBy}
	return e, json.Unmarshal(r.Body, &e.Entry)
}

const editionColumns = `number, body, withdrawn, changed_at, changed_by`

// Texts lists the newest editions of a kind for the editor, withdrawn ones and news
// of the future too, in the order of the pages, and tells how many there are. query
// is a part of the title or the code.
func (c *Contents) Texts(ctx context.Context, k Kind, query string, offset, limit int) (out []Edition, total int, err error) {
	var rows []editionRow
	err = c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[editionRow](ctx, tx, `SELECT `+editionColumns+` FROM (SELECT DISTINCT ON (code) `+editionColumns+`, code FROM content.entry
			WHERE kind = $1 ORDER BY code, number DESC) t LIMIT 10000`, string(k))
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list texts: %w", err)
	}
	key := rutext.MatchKey(query)
	for i := range rows {
		e, err := rows[i].edition()
		if err != nil {
			return nil, 0, fmt.Errorf("list texts: %w", err)
		}
		if key == "" || strings.Contains(rutext.MatchKey(e.Title.RU+" "+e.Title.TT+" "+e.Title.EN+" "+e.Code), key) {
			out = append(out, *e)
		}
	}
	slices.SortFunc(out, func(a, b Edition) int { return compare(k, &a.Entry, &b.Entry) })
	total = len(out)
	from := min(max(offset, 0), total)
	return out[from:min(from+max(limit, 0), total)], total, nil
}

// Newest answers the newest edition of a text, withdrawn or not; fault
// content.not_found where there never was one.
func (c *Contents) Newest(ctx context.Context, k Kind, code string) (*Edition, error) {
	return c.edition(ctx, `SELECT `+editionColumns+` FROM content.entry WHERE kind = $1 AND code = $2 ORDER BY number DESC LIMIT 1`, string(k), code)
}

// Past answers one edition of a text.
func (c *Contents) Past(ctx context.Context, k Kind, code string, number int) (*Edition, error) {
	return c.edition(ctx, `SELECT `+editionColumns+` FROM content.entry WHERE kind = $1 AND code = $2 AND number = $3`, string(k), code, number)
}

func (c *Contents) edition(ctx context.Context, sql string, args ...any) (*Edition, error) {
	var r *editionRow
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = db.Find[editionRow](ctx, tx, sql, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read edition: %w", err)
	}
	if r == nil {
		return nil, fault.NotFound("content.not_found")
	}
	return r.edition()
}

// Change is a line of a text's history.
type Change struct {
	Number    int       `db:"number"`
	Withdrawn bool      `db:"withdrawn"`
	At        time.Time `db:"changed_at"`
	By        string    `db:"changed_by"` // an officer's id or a command
}

// History answers who changed a text, the newest first, 200 lines at most.
func (c *Contents) History(ctx context.Context, k Kind, code string) (out []Change, err error) {
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Change](ctx, tx, `SELECT number, withdrawn, changed_at, changed_by FROM content.entry
			WHERE kind = $1 AND code = $2 ORDER BY number DESC LIMIT 200`, string(k), code)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read history of %s %s: %w", k, code, err)
	}
	return out, nil
}

// Save publishes a text by an editor. What is missing or wrong is fault Invalid
// content.wrong with fields code title short body version_name since url related.
func (c *Contents) Save(ctx context.Context, by Edit, e Entry) error {
	if wrong := c.Check(ctx, &e); len(wrong) > 0 {
		return fault.Invalid("content.wrong", wrong...)
	}
	err := c.change(ctx, by, e.Kind, e.Code, func(tx *db.Tx) (int, error) { return c.put(ctx, tx, &e, by.By) })
	if err != nil {
		return fmt.Errorf("save %s %s: %w", e.Kind, e.Code, err)
	}
	return nil
}

// Remove takes a text off the pages by an editor; its editions stay. Texts that the
// program itself asks for cannot be taken away.
func (c *Contents) Remove(ctx context.Context, by Edit, k Kind, code string) error {
	if k == KindAgreement && (code == CodeUserAgreement || code == CodePersonalData) || k == KindConsent {
		return fault.Conflict("content.needed")
	}
	err := c.change(ctx, by, k, code, func(tx *db.Tx) (int, error) { return c.withdraw(ctx, tx, k, code, by.By) })
	if err != nil {
		return fmt.Errorf("withdraw %s %s: %w", k, code, err)
	}
	return nil
}

// change locks the state, lets the caller authorise, compares editions and does it.
func (c *Contents) change(ctx context.Context, by Edit, k Kind, code string, do func(tx *db.Tx) (int, error)) error {
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := db.Get[int64](ctx, tx, `SELECT version FROM content.state FOR UPDATE`); err != nil {
			return err
		}
		if err := by.Within(ctx, tx, ""); err != nil {
			return err
		}
		now, err := db.Get[int](ctx, tx, `SELECT coalesce(max(number), 0) FROM content.entry WHERE kind = $1 AND code = $2`, string(k), code)
		switch {
		case err != nil:
			return err
		case now != by.Number && by.Number == 0:
			return fault.Invalid("content.wrong", fault.F("code", "content.code_taken"))
		case now != by.Number:
			return fault.Conflict("content.changed_meanwhile")
		}
		n, err := do(tx)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE content.state SET version = version + 1`)
		return err
	})
	if err == nil {
		c.forget()
	}
	return err
}

var versionPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$`)

// Check answers what an editor has to mend in a text, by field.
func (c *Contents) Check(ctx context.Context, e *Entry) []fault.Field {
	var out []fault.Field
	add := func(name, key string) { out = append(out, fault.F(name, key)) }
	if !slices.Contains(kinds, e.Kind) || !codePattern.MatchString(e.Code) {
		add("code", "content.bad_code")
	}
	if strings.TrimSpace(e.Title.RU) == "" {
		add("title", "content.missing.title")
	}
	if e.Kind != KindAct && strings.TrimSpace(e.Body.RU) == "" {
		add("body", "content.missing.body")
	}
	for name, t := range map[string]form.Text{"title": e.Title, "short": e.Short} {
		if longest(t) > maxLine {
			add(name, "content.too_long")
		}
	}
	if longest(e.Body) > maxBody {
		add("body", "content.too_long")
	}
	dated := e.Kind == KindAgreement || e.Kind == KindConsent
	if dated && !versionPattern.MatchString(e.Version) {
		add("version_name", "content.missing.version")
	}
	if (dated || e.Kind == KindNews) && e.Since.IsZero() {
		add("since", "content.missing.since")
	}
	if e.URL != "" {
		if u, err := url.Parse(e.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			add("url", "content.bad_url")
		}
	}
	for _, code := range e.Related {
		if _, err := c.Article(ctx, code); err != nil {
			out = append(out, fault.F("related", "content.no_related", "code", code))
		}
	}
	return out
}

func longest(t form.Text) int {
	return max(len([]rune(t.RU)), len([]rune(t.TT)), len([]rune(t.EN)))
}

// Deliver is [Contents.Import] at each start of a release: what anybody else than
// deliverer has changed or withdrawn since is his and stays as it is.
func (c *Contents) Deliver(ctx context.Context, entries []Entry, deliverer string) (int, error) {
	type row struct {
		Kind string `db:"kind"`
		Code string `db:"code"`
	}
	return c.publish(ctx, entries, deliverer, func(tx *db.Tx) (func(*Entry) bool, error) {
		own, err := db.List[row](ctx, tx, `SELECT kind, code FROM (SELECT DISTINCT ON (kind, code) kind, code, changed_by FROM content.entry
			ORDER BY kind, code, number DESC) t WHERE changed_by <> $1 LIMIT 10000`, deliverer)
		return func(e *Entry) bool { return !slices.Contains(own, row{string(e.Kind), e.Code}) }, err
	})
}
