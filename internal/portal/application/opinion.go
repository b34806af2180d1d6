package application

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/form"
)

// Opinion is the comment of a rating, without who gave it and on which
// application (SVC-23).
type Opinion struct {
	Title   form.Text // of the service
	Stars   int
	Decided time.Time
	Text    string
}

// Opinions lists the comments of the applications decided last, for the
// administrator; limit is at most 100.
func (a *Applications) Opinions(ctx context.Context, limit int) ([]Opinion, error) {
	type row struct {
		ID        string
		Title     form.Text
		Stars     int
		DecidedAt time.Time
		Comment   []byte
	}
	var rows []row
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[row](ctx, tx, `
			SELECT id, title, stars, coalesce(decided_at, changed_at) AS decided_at, stars_comment AS comment FROM application.application
			 WHERE stars > 0 AND stars_comment IS NOT NULL ORDER BY 4 DESC, id LIMIT $1`, min(limit, 100))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read opinions: %w", err)
	}
	out := make([]Opinion, len(rows))
	for i, r := range rows {
		text, err := a.openText("rating", r.ID, r.Comment)
		if err != nil {
			return nil, err
		}
		out[i] = Opinion{Title: r.Title, Stars: r.Stars, Decided: r.DecidedAt, Text: text}
	}
	return out, nil
}
