package content

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// All answers the current texts of a kind in the editor's order, news of the
// future too. The slice is shared: do not change it.
func (c *Contents) All(ctx context.Context, k Kind) ([]Entry, error) { return c.list(ctx, k) }

// Kinds are the kinds of texts in the order of the editor's page.
func Kinds() []Kind { return slices.Clone(kinds) }

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
	return out, err
}

// Deliver is [Contents.Import] at each start of a release: what anybody else than
// deliverer has changed or withdrawn since is his and stays as it is.
func (c *Contents) Deliver(ctx context.Context, entries []Entry, deliverer string) (int, error) {
	type row struct {
		Kind string `db:"kind"`
		Code string `db:"code"`
	}
	var own []row
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		own, err = db.List[row](ctx, tx, `SELECT kind, code FROM (SELECT DISTINCT ON (kind, code) kind, code, changed_by FROM content.entry
			ORDER BY kind, code, number DESC) t WHERE changed_by <> $1 LIMIT 10000`, deliverer)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("deliver texts: %w", err)
	}
	var mine []Entry
	for _, e := range entries {
		if !slices.Contains(own, row{string(e.Kind), e.Code}) {
			mine = append(mine, e)
		}
	}
	return c.Import(ctx, mine, deliverer)
}

// Current answers the newest edition of a text, withdrawn or not, nil where there
// never was one: for the editor.
func (c *Contents) Current(ctx context.Context, k Kind, code string) (*Entry, bool, error) {
	type row struct {
		Body      []byte `db:"body"`
		Withdrawn bool   `db:"withdrawn"`
	}
	var r *row
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = db.Find[row](ctx, tx, `SELECT body, withdrawn FROM content.entry WHERE kind = $1 AND code = $2 ORDER BY number DESC LIMIT 1`, string(k), code)
		return err
	})
	if err != nil || r == nil {
		return nil, false, err
	}
	e := &Entry{}
	return e, r.Withdrawn, json.Unmarshal(r.Body, e)
}
