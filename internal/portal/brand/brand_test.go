package brand_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/setting"
)

var noon = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// node is one process of a portal.
func node(d *db.DB, c *clock.Clock) *brand.Brands {
	return &brand.Brands{
		DB: d, Clock: c, Settings: &setting.Settings{DB: d, Clock: c},
		Configured: brand.Brand{Name: form.Text{RU: "Окно"}, Sub: form.Text{RU: "Услуги области"}, Region: form.Text{RU: "Область"}, Phone: "8 800 100-70-10"},
		Colours: func(tokens map[string]string) error {
			if tokens["deep"] == "#ffffff" {
				return fault.Invalid("kit.colour.invalid", fault.F("colours.deep", "kit.colour.contrast"))
			}
			return nil
		},
	}
}

func allowed(context.Context, *db.Tx) error { return nil }

// What one process publishes another shows within a second, each version once;
// the file rules before and after.
func TestPublish(t *testing.T) {
	t.Parallel()
	d, c, ctx := dbtest.New(t, setting.Migrations()), clock.At(noon), t.Context()
	one, two := node(d, c), node(d, c)
	if got := two.Now(ctx); got.Version != 0 || got.Published || got.Title("tt") != "Услуги области" {
		t.Fatalf("in the beginning %+v", got)
	}
	next := one.Now(ctx).Brand
	next.Phone, next.Sub.TT, next.Social = " 8 800 100-70-11 ", "Өлкә хезмәтләре", []brand.Link{}
	if err := one.Publish(ctx, 0, &next, "o1", "order 12", allowed); err != nil {
		t.Fatal(err)
	}
	if got := one.Now(ctx); got.Phone != "8 800 100-70-11" || !got.Published {
		t.Errorf("the process that published shows %+v", got)
	}
	two.Forget() // as after a second
	if _, known := two.KnownVersion(); known {
		t.Error("the other process vouches for what it has not looked up")
	}
	if v, err := two.Version(ctx); err != nil || v != 1 || two.Title(ctx, "tt") != "Өлкә хезмәтләре" {
		t.Errorf("the other process shows version %d, %v", v, err)
	}

	// The same again changes nothing; neither does what is refused or not allowed.
	again := two.Now(ctx).Brand
	if err := two.Publish(ctx, 1, &again, "o1", "order 12", allowed); !fault.Is(err, fault.KindConflict) {
		t.Errorf("the same again: %v", err)
	}
	wrong := again
	wrong.Name.RU, wrong.Colours = "", map[string]string{"deep": "#ffffff"}
	err := two.Publish(ctx, 1, &wrong, "o1", "order 12", allowed)
	if e, ok := fault.As(err); !ok || len(e.Fields) != 2 {
		t.Errorf("two mistakes are told as %v", err)
	}
	other := again
	other.Phone = ""
	stop := errors.New("no right")
	if err := two.Publish(ctx, 1, &other, "o1", "x", func(context.Context, *db.Tx) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("without a right: %v", err)
	}
	if err := two.Publish(ctx, 1, &other, "o1", "", allowed); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}

	// Back to the file, which has a new phone meanwhile.
	two.Configured.Phone = "8 800 100-70-12"
	if err := two.Publish(ctx, 1, nil, "o2", "mistake", allowed); err != nil {
		t.Fatal(err)
	}
	if got := two.Now(ctx); got.Version != 2 || got.Published || got.Phone != "8 800 100-70-12" {
		t.Errorf("back to the file: %+v", got)
	}
	if err := two.Publish(ctx, 2, nil, "o2", "again", allowed); !fault.Is(err, fault.KindConflict) {
		t.Errorf("back to the file again: %v", err)
	}
	h, err := one.History(ctx)
	if err != nil || len(h) != 2 || !h[0].Returned || h[0].SetBy != "o2" || h[1].Reason != "order 12" {
		t.Fatalf("history %+v, %v", h, err)
	}
	want := []brand.Change{{Field: "sub_tt", Now: "Өлкә хезмәтләре"}, {Field: "phone", Was: "8 800 100-70-10", Now: "8 800 100-70-11"}}
	if fmt.Sprint(h[1].Changes) != fmt.Sprint(want) {
		t.Errorf("changes %+v", h[1].Changes)
	}
}

// Of many administrators at once one wins, and the others are told.
func TestPublishAtOnce(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t, setting.Migrations()), clock.At(noon)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			b := node(d, c)
			next := b.Configured
			next.Phone = fmt.Sprintf("8 800 100-70-%d", 20+i)
			switch err := b.Publish(t.Context(), 0, &next, "o1", "order", allowed); {
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
		t.Errorf("%d won, %d were told", won.Load(), lost.Load())
	}
}

// Without its database a process keeps showing the last brand that it knows, and
// says that it cannot vouch for it.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t, setting.Migrations()), clock.At(noon)
	b := node(d, c)
	next := b.Configured
	next.Phone = "8 800 100-70-11"
	if err := b.Publish(t.Context(), 0, &next, "o1", "order", allowed); err != nil {
		t.Fatal(err)
	}
	b.Now(t.Context())
	b.Forget()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if got := b.Now(gone); got.Phone != "8 800 100-70-11" {
		t.Errorf("shows %q", got.Phone)
	}
	if _, err := b.Version(gone); err == nil {
		t.Error("vouches for what it could not look up")
	}
	if got := node(d, c).Now(gone); got.Phone != "8 800 100-70-10" {
		t.Errorf("before it knows anything it shows %q", got.Phone)
	}
}
