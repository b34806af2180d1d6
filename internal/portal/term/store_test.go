package term

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
)

// An imported year rules the calendar of this process at once and of another when it refreshes; who
// counts terms is told in the same transaction.
func TestImportYear(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, Migrations())
	c := clock.At(date("2026-11-24"))
	told := 0
	y := &Years{DB: d, Clock: c, Calendar: Russian(), Changed: func(_ context.Context, _ *db.Tx, year int, next *Calendar) error {
		told++
		if year != 2026 || next.IsWorking(date("2026-11-30")) {
			t.Errorf("told of %d", year)
		}
		return nil
	}}
	other := &Years{DB: d, Clock: c, Calendar: Russian()}
	ctx := t.Context()
	raw, err := os.ReadFile("data/ru-2026.xml")
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.Replace(string(raw), `<day d="12.31"`, `<day d="11.30" t="1"/><day d="12.31"`, 1)
	if year, err := y.Import(ctx, moved, "постановление № 1", "admin"); err != nil || year != 2026 {
		t.Fatalf("%d %v", year, err)
	}
	if _, err := y.Import(ctx, moved, "постановление № 1", "admin"); err != nil || told != 1 {
		t.Errorf("the same again: told %d times, %v", told, err)
	}
	if y.Calendar.IsWorking(date("2026-11-30")) || !other.Calendar.IsWorking(date("2026-11-30")) || !Russian().IsWorking(date("2026-11-30")) {
		t.Error("the import must rule this portal's calendar and no other yet")
	}
	if err := other.Refresh(ctx); err != nil || other.Calendar.IsWorking(date("2026-11-30")) {
		t.Errorf("after a refresh the other process agrees: %v", err)
	}
	h, err := y.History(ctx)
	if err != nil || len(h) != 1 || h[0].Decree != "постановление № 1" || h[0].By != "admin" {
		t.Errorf("%+v %v", h, err)
	}
	for _, bad := range [][2]string{{"<calendar/>", "x"}, {moved, " "}} {
		if _, err := y.Import(ctx, bad[0], bad[1], "admin"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%.20q with decree %q: %v", bad[0], bad[1], err)
		}
	}
}
