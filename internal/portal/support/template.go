package support

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Template is a prepared answer that officers put into their own and change
// there (BO-21).
type Template struct {
	ID        string
	Title     string
	Text      string
	Version   int
	ChangedAt time.Time
}

const (
	maxTitle     = 120
	maxTemplates = 200
)

const templateColumns = `id, title, text, version, changed_at`

// Templates lists all templates by title.
func (t *Tickets) Templates(ctx context.Context, officerID string) ([]Template, error) {
	var out []Template
	err := t.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := t.agent(ctx, tx, officerID)
		if err != nil {
			return err
		}
		out, err = db.List[Template](ctx, tx, `SELECT `+templateColumns+` FROM support.template ORDER BY title COLLATE "ru-x-icu", id LIMIT $1`, maxTemplates)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return out, nil
}

// Template answers one template.
func (t *Tickets) Template(ctx context.Context, officerID, id string) (*Template, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("support.template_not_found")
	}
	var out *Template
	err := t.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := t.agent(ctx, tx, officerID)
		if err != nil {
			return err
		}
		out, err = db.Find[Template](ctx, tx, `SELECT `+templateColumns+` FROM support.template WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if out == nil {
		return nil, fault.NotFound("support.template_not_found")
	}
	return out, nil
}

// SaveTemplate keeps a template. A new one brings the form's key as its id, so
// that a form sent twice makes one; Version is zero then.
func (t *Tickets) SaveTemplate(ctx context.Context, officerID string, n Template) error {
	if !db.IsID(n.ID) {
		return fault.Invalid("support.key_missing")
	}
	n.Title = strings.TrimSpace(n.Title)
	var wrong []fault.Field
	switch {
	case n.Title == "":
		wrong = append(wrong, fault.F("title", "support.title_missing"))
	case utf8.RuneCountInString(n.Title) > maxTitle:
		wrong = append(wrong, fault.F("title", "support.title_long", "n", maxTitle))
	}
	text, bad := checkText(n.Text, "text", "support.words_missing")
	if bad != nil {
		wrong = append(wrong, *bad)
	}
	if len(wrong) > 0 {
		return fault.Invalid("support.invalid", wrong...)
	}
	return t.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := t.agent(ctx, tx, officerID)
		if err != nil {
			return err
		}
		if n.Version == 0 {
			return t.addTemplate(ctx, tx, o.ID, n, text)
		}
		rows, err := tx.Exec(ctx, `UPDATE support.template SET title = $3, text = $4, version = version + 1, changed_by = $5, changed_at = $6
			WHERE id = $1 AND version = $2`, n.ID, n.Version, n.Title, text, o.ID, t.Clock.Now())
		if err != nil {
			return fmt.Errorf("save template: %w", err)
		}
		if rows == 0 {
			return fault.Conflict("support.template_changed")
		}
		return nil
	})
}

func (t *Tickets) addTemplate(ctx context.Context, tx *db.Tx, by string, n Template, text string) error {
	count, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM support.template`)
	if err != nil {
		return fmt.Errorf("count templates: %w", err)
	}
	if count >= maxTemplates {
		return fault.Conflict("support.templates_full").With("n", maxTemplates)
	}
	_, err = tx.Exec(ctx, `INSERT INTO support.template (id, title, text, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
		n.ID, n.Title, text, by, t.Clock.Now())
	if err != nil {
		return fmt.Errorf("add template: %w", err)
	}
	return nil
}

// DropTemplate deletes a template; a second click changes nothing.
func (t *Tickets) DropTemplate(ctx context.Context, officerID, id string) error {
	if !db.IsID(id) {
		return fault.NotFound("support.template_not_found")
	}
	return t.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := t.agent(ctx, tx, officerID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM support.template WHERE id = $1`, id); err != nil {
			return fmt.Errorf("drop template: %w", err)
		}
		return nil
	})
}
