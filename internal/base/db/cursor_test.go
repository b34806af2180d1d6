package db_test

import (
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	at, id := time.Date(2026, 11, 22, 9, 0, 0, 123456000, time.UTC), db.NewID()
	if got, ok := db.ParseCursor(db.Cursor{At: at, ID: id}.String()); !ok || !got.At.Equal(at) || got.ID != id {
		t.Errorf("read back as %+v, %v", got, ok)
	}
	if got, ok := db.ParseCursor(""); !ok || !got.At.After(at.AddDate(1000, 0, 0)) {
		t.Errorf("the place before the first row is %+v, %v", got, ok)
	}
	for _, bad := range []string{".", "1", "1.", "." + id, "-1." + id, "x." + id, "1." + id + "0", "1.1", "99999999999999999999." + id, "253370764800000001." + id} {
		if got, ok := db.ParseCursor(bad); ok {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("1790000000000000.01890000-0000-7000-8000-000000000001")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := db.ParseCursor(s)
		if !ok {
			return
		}
		if again, ok := db.ParseCursor(c.String()); !ok || !again.At.Equal(c.At) || again.ID != c.ID || !db.IsID(c.ID) {
			t.Errorf("%q: %+v, read back as %+v", s, c, again)
		}
	})
}
