package notice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Settings are what a person has chosen, with the defaults filled in.
type Settings struct {
	Wanted map[Type]map[Channel]bool
	Hours  *Hours // nil: at any time
}

// Hours are the convenient time for messages, in minutes of the day in the
// portal's zone; From > Until goes over midnight. Until is exclusive.
type Hours struct {
	From, Until int
}

// within tells whether a minute of the day lies in the hours.
func (h Hours) within(minute int) bool {
	if h.From < h.Until {
		return minute >= h.From && minute < h.Until
	}
	return minute >= h.From || minute < h.Until
}

// next is the first moment from t on that lies in the hours.
func (h Hours) next(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	if h.within(local.Hour()*60 + local.Minute()) {
		return t
	}
	y, m, d := local.Date()
	begin := time.Date(y, m, d, h.From/60, h.From%60, 0, 0, zone)
	if begin.Before(t) {
		begin = time.Date(y, m, d+1, h.From/60, h.From%60, 0, 0, zone)
	}
	return begin.UTC()
}

// Settings answers what a person has chosen.
func (n *Notices) Settings(ctx context.Context, owner string) (Settings, error) {
	var out Settings
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = n.settings(ctx, tx, owner)
		return err
	})
	return out, err
}

func (n *Notices) settings(ctx context.Context, tx *db.Tx, owner string) (Settings, error) {
	type choice struct {
		Type, Channel string
		Wanted        bool
	}
	out := Settings{Wanted: map[Type]map[Channel]bool{}}
	for _, t := range Types {
		out.Wanted[t] = map[Channel]bool{}
		for _, c := range Channels {
			out.Wanted[t][c] = wanted[t][c]
		}
	}
	rows, err := db.List[choice](ctx, tx, `
		SELECT type, channel, wanted FROM notice.choice WHERE owner_id = $1 LIMIT 100`, owner)
	if err != nil {
		return out, fmt.Errorf("read notice settings: %w", err)
	}
	for _, r := range rows {
		if m, known := out.Wanted[Type(r.Type)]; known {
			m[Channel(r.Channel)] = r.Wanted
		}
	}
	type hours struct{ FromMinute, UntilMinute int }
	h, err := db.Find[hours](ctx, tx, `SELECT from_minute, until_minute FROM notice.hours WHERE owner_id = $1`, owner)
	if err != nil {
		return out, fmt.Errorf("read notice settings: %w", err)
	}
	if h != nil {
		out.Hours = &Hours{From: h.FromMinute, Until: h.UntilMinute}
	}
	return out, nil
}

// Choose keeps a person's settings whole: what is not in them is off (NTS-01,
// NTS-09). Without hours messages go at any time.
func (n *Notices) Choose(ctx context.Context, owner string, s Settings) error {
	if h := s.Hours; h != nil && (h.From < 0 || h.From > 1439 || h.Until < 0 || h.Until > 1439 || h.From == h.Until) {
		return fault.Invalid("notice.hours_invalid", fault.F("from", "notice.hours_invalid"))
	}
	for t := range s.Wanted {
		if !slices.Contains(Types, t) {
			return fault.Invalid("notice.type_unknown")
		}
	}
	return n.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, t := range Types {
			for _, c := range Channels {
				_, err := tx.Exec(ctx, `
					INSERT INTO notice.choice (owner_id, type, channel, wanted) VALUES ($1, $2, $3, $4)
					ON CONFLICT (owner_id, type, channel) DO UPDATE SET wanted = $4`, owner, t, c, s.Wanted[t][c])
				if err != nil {
					return fmt.Errorf("keep notice settings: %w", err)
				}
			}
		}
		if s.Hours == nil {
			_, err := tx.Exec(ctx, `DELETE FROM notice.hours WHERE owner_id = $1`, owner)
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO notice.hours (owner_id, from_minute, until_minute) VALUES ($1, $2, $3)
			ON CONFLICT (owner_id) DO UPDATE SET from_minute = $2, until_minute = $3`, owner, s.Hours.From, s.Hours.Until)
		if err != nil {
			return fmt.Errorf("keep notice settings: %w", err)
		}
		return nil
	})
}
