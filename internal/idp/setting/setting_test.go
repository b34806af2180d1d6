package setting_test

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/setting"
)

func setUp(t *testing.T) *setting.Settings {
	t.Helper()
	return &setting.Settings{DB: dbtest.New(t, setting.Migrations()), Clock: clock.At(time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC))}
}

func get(t *testing.T, s *setting.Settings) setting.Values {
	t.Helper()
	v, err := s.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The binding decisions are the first values: C-01, C-03, C-07, G-20, G-22, G-39.
func TestDefaults(t *testing.T) {
	t.Parallel()
	v := get(t, setUp(t))
	day := 24 * time.Hour
	if v.Contacts != setting.ContactAny || v.Password != setting.PasswordStrict || v.CodeLife.D() != 5*time.Minute || v.CodeTries != 5 ||
		v.LinkLife.D() != day || v.SessionIdle.D() != 30*time.Minute || v.SessionLife.D() != 12*time.Hour || v.TemporaryLife.D() != day ||
		v.CheckTerm.D() != 5*day || v.JournalTerm.D() != 3*365*day {
		t.Errorf("defaults %+v", v)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	if err := s.Update(ctx, "1000000001", "", func(*setting.Values) {}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	err := s.Update(ctx, "1000000001", "испытание", func(v *setting.Values) {
		v.CodeTries, v.SessionIdle, v.Contacts = 100, 0, "fax"
	})
	if f, _ := fault.As(err); f == nil || len(f.Fields) != 3 {
		t.Errorf("out of range: %v", err)
	}
	if err := s.Update(ctx, "1000000001", "дольше ждём", func(v *setting.Values) { v.CodeLife = setting.Duration(10 * time.Minute) }); err != nil {
		t.Fatal(err)
	}
	if v := get(t, s); v.CodeLife.D() != 10*time.Minute || v.CodeTries != 5 {
		t.Errorf("in force %+v", v)
	}
	h, err := s.History(ctx)
	if err != nil || len(h) != 1 || h[0].Actor != "1000000001" || h[0].Reason != "дольше ждём" {
		t.Errorf("history %+v, %v", h, err)
	}
}

// What an older version of the program stored lacks newer fields: they keep their defaults.
func TestFieldsOfLater(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO setting.version (version, value, actor, at) VALUES (1, '{"code_tries": 3, "gone": true}', 'setup', $1)`, s.Clock.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := get(t, s); v.CodeTries != 3 || v.CodeLife.D() != 5*time.Minute {
		t.Errorf("in force %+v", v)
	}
}

// Of two administrators who change at once, none is lost silently.
func TestChangesAtOnce(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	var done, refused atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := s.Update(ctx, "1000000001", "испытание", func(v *setting.Values) { v.CodesPerHour++ })
			switch {
			case err == nil:
				done.Add(1)
			case fault.Is(err, fault.KindConflict):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if v := get(t, s); int64(v.CodesPerHour) != 6+done.Load() || done.Load()+refused.Load() != 8 {
		t.Errorf("%d done, %d refused, value %d", done.Load(), refused.Load(), v.CodesPerHour)
	}
}

func TestDurationAsText(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(setting.Duration(90 * time.Minute))
	if err != nil || string(raw) != `"1h30m0s"` {
		t.Errorf("%s, %v", raw, err)
	}
	var d setting.Duration
	if err := json.Unmarshal([]byte(`"soon"`), &d); err == nil {
		t.Error("«soon» is a duration")
	}
}
