package catalogue_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/catalogue"
)

// What people search in vain is counted; words that few have used are not kept.
func TestMisses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, catalogue.Migrations())
	c := clock.At(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	m := &catalogue.Misses{DB: d, Clock: c, Keys: crypt.NewTestKeyring(), Zone: time.FixedZone("UTC+5", 5*3600)}
	write := func() {
		t.Helper()
		if err := m.Write(ctx); err != nil {
			t.Fatal(err)
		}
	}
	common := func() (list []catalogue.Miss, rare int64) {
		t.Helper()
		list, rare, err := m.Common(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list, rare
	}
	for _, personal := range []string{
		"соколова анна петровна", "112-233-445 95", "anna@example.com", "+7 912 000", "ул ленина 5", "х", "",
		"подскажите пожалуйста где мне получить справку", strings.Repeat("а", 41),
	} {
		m.Note(personal)
	}
	write()
	if list, rare := common(); len(list) != 0 || rare != 1 { // the name alone, as a hash
		t.Errorf("%v, %d", list, rare)
	}
	stored := func() (out []string) {
		t.Helper()
		if err := d.Read(ctx, func(tx *db.Tx) (err error) {
			out, err = db.List[string](ctx, tx, `SELECT row_to_json(m)::text FROM catalogue.miss m`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if rows := stored(); len(rows) != 1 || strings.Contains(rows[0], "соколова") {
		t.Errorf("stored %v", rows)
	}
	for range 6 { // many times in one day: it may be one person
		m.Note("Ёлочный  базар!")
		m.Note("елочный базар")
		write()
	}
	if list, rare := common(); len(list) != 0 || rare != 7 {
		t.Errorf("shown after one day: %v, %d", list, rare)
	}
	c.Advance(24 * time.Hour)
	m.Note("ёлочный базар")
	write()
	if list, rare := common(); len(list) != 1 || list[0].Query != "елочный базар" || list[0].Times != 7 || rare != 1 {
		t.Errorf("%+v, %d", list, rare)
	}
	q := job.New(d, c)
	m.Work(q)
	c.Advance(91 * 24 * time.Hour)
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if rows := stored(); len(rows) != 0 {
		t.Errorf("kept after its term: %v", rows)
	}
}
