package setting_test

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/setting"
)

var (
	days = setting.Int("test.days", 90, 1, 365)
	way  = setting.Word("test.way", "any", "phone", "both")
)

func TestSettings(t *testing.T) {
	t.Parallel()
	s := &setting.Settings{DB: dbtest.New(t, setting.Migrations()), Clock: clock.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
	ctx := t.Context()
	value := func() int {
		t.Helper()
		var v int
		if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			v, err = setting.Get(ctx, tx, days)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := value(); v != 90 {
		t.Errorf("never set: %d, want the default", v)
	}
	for _, c := range []struct {
		name, key, value, reason string
		want                     fault.Kind
	}{
		{"out of range", "test.days", `0`, "because", fault.KindInvalid},
		{"wrong type", "test.days", `"ten"`, "because", fault.KindInvalid},
		{"no reason", "test.days", `10`, "", fault.KindInvalid},
		{"unknown word", "test.way", `"post"`, "because", fault.KindInvalid},
		{"unknown setting", "test.nothing", `1`, "because", fault.KindNotFound},
	} {
		if err := s.Change(ctx, c.key, 0, json.RawMessage(c.value), "o1", c.reason); !fault.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if err := s.Change(ctx, way.Name(), 0, json.RawMessage(`"both"`), "o1", "order 12"); err != nil {
		t.Error(err)
	}

	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := s.Change(ctx, "test.days", 0, json.RawMessage([]byte{'1', byte('0' + i)}), "o1", "order 12")
			switch {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.KindConflict):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d administrators won, %d were told: want 1 and 7", won.Load(), lost.Load())
	}
	h, err := s.History(ctx, "test.days")
	if err != nil || len(h) != 1 || h[0].SetBy != "o1" {
		t.Errorf("history: %+v, %v", h, err)
	}
	if v := value(); v < 10 || v > 17 {
		t.Errorf("value in force: %d", v)
	}
}
