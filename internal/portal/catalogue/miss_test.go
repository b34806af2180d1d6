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
		"соколова анна", "Соколова Анна Петровна", "ивану петровичу", "выписка на Сидорова П.П.", "Сидоров П П", "А. Пушкин", "Гарипов Рашит улы", "для марии",
		"112-233-445 95", "anna@example.com", "+7 912 000", "паспорт 7114 482106", "ул ленина 5", "ленина дом 12", "14.05.1988", "х", "12", "",
		"подскажите пожалуйста где мне получить справку", strings.Repeat("а", 41),
	} {
		for _, visitor := range []string{"a", "b", "c", "d", "e", "f"} {
			m.Note(personal, visitor)
		}
	}
	write()
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
	if rows := stored(); len(rows) != 0 {
		t.Fatalf("counted what looks like somebody: %v", rows)
	}
	for range 6 { // the same visitor in another minute is the same visitor
		m.Note("Ёлочный  базар!", "a")
		m.Note("елочный базар", "a")
		m.Note("елочный базар", "b")
		m.Note("справка 2-НДФЛ", "a")
		write()
	}
	if list, rare := common(); len(list) != 0 || rare != 3 {
		t.Errorf("after one day: %v, %d", list, rare)
	}
	if rows := stored(); len(rows) != 2 || strings.Contains(strings.Join(rows, ""), "базар") {
		t.Errorf("stored %v", rows)
	}
	for range 4 { // two visitors, five days: it may be two people's own matter
		c.Advance(24 * time.Hour)
		m.Note("елочный базар", "a")
		m.Note("елочный базар", "b")
		m.Note("справка 2-ндфл", "a")
		write()
	}
	if list, rare := common(); len(list) != 0 || rare != 15 {
		t.Errorf("two visitors alone: %v, %d", list, rare)
	}
	m.Note("ёлочный базар", "c")
	write()
	if list, rare := common(); len(list) != 1 || list[0].Query != "елочный базар" || list[0].Times != 11 || rare != 5 {
		t.Errorf("%+v, %d", list, rare)
	}
	for _, visitor := range []string{"d", "e", "f"} { // everybody at once, on one day
		m.Note("куда пожаловаться", visitor)
	}
	write()
	if list, _ := common(); len(list) != 1 {
		t.Errorf("shown after one day: %+v", list)
	}
	c.Advance(24 * time.Hour)
	for _, visitor := range []string{"d", "e"} {
		m.Note("куда пожаловаться", visitor)
	}
	m.Note("справка 2-ндфл", "b")
	write()
	if list, rare := common(); len(list) != 2 || list[1].Query != "куда пожаловаться" || list[1].Times != 5 || rare != 6 {
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
