package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// KindErased is the kind of acts of erasure.
const KindErased = "data.erased"

// actYears is how long an act is kept at least: order 179 of Roskomnadzor of
// 28.10.2022, point 8.
const actYears = 3

// actSubject is whose journal the acts are: nobody's, so that erasing a person's journal leaves them.
const actSubject = "erasure"

// Act tells that personal data were erased: what order 179 of Roskomnadzor asks of the extract from the journal of
// events. Who the person was is told by a number, which leads to nothing any more.
type Act struct {
	ID     string    `json:"-"` // set by AppendAct
	At     time.Time `json:"-"`
	Object string    `json:"-"` // "person:1000000001", "account:…", "application:…"
	Actor  string    `json:"-"` // who erased: the person, the system
	Reason string    `json:"reason"`
	Lines  []ActLine `json:"lines"`
}

// ActLine is one table of an act.
type ActLine struct {
	Table string   `json:"table"`
	Data  []string `json:"data"` // kinds of personal data
	Rows  int64    `json:"rows"` // found before
	Left  int64    `json:"left"` // rows after
	Stays string   `json:"stays,omitempty"`
}

// AppendAct writes an act in the transaction of the erasure.
func (l *Ledger) AppendAct(ctx context.Context, tx *db.Tx, a Act) error {
	if a.Object == "" || a.Reason == "" {
		return errors.New("append act of erasure: object and reason are needed")
	}
	if a.Actor == "" {
		a.Actor = "system"
	}
	return l.Append(ctx, tx, Entry{Subject: actSubject, Actor: a.Actor, Kind: KindErased, Object: a.Object, Payload: a})
}

// Acts lists acts of erasure, the newest first; next is the cursor of the next page, empty on the last one.
func (l *Ledger) Acts(ctx context.Context, tx *db.Tx, after string, limit int) (acts []Act, next string, err error) {
	page, err := l.List(ctx, tx, actSubject, Filter{Kinds: []string{KindErased}, After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	for _, e := range page.Entries {
		a := Act{}
		if err := e.Decode(&a); err != nil {
			return nil, "", fmt.Errorf("list acts: %w", err)
		}
		a.ID, a.At, a.Object, a.Actor = e.ID, e.At, e.Object, e.Actor
		acts = append(acts, a)
	}
	return acts, page.Next, nil
}
