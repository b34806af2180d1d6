package directory_test

import (
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
)

// An editor's change and removal outlive the next start of a release; agencies
// keep their place.
func TestEditOutlivesDelivery(t *testing.T) {
	t.Parallel()
	d := &directory.Directory{DB: dbtest.New(t, directory.Migrations()), Clock: clock.At(time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC))}
	ctx := t.Context()
	f := readRegion(t, "72")
	if n, err := d.Deliver(ctx, f, "delivery"); err != nil || n != len(f.Agencies)+len(f.Centres) {
		t.Fatalf("delivered %d: %v", n, err)
	}
	first, second := f.Agencies[0], f.Agencies[1]
	changed := second
	changed.Head.Name = "Новая Голова Ивановна"
	if err := d.PutAgency(ctx, changed, "officer-1"); err != nil {
		t.Fatal(err)
	}
	if err := d.HideAgency(ctx, first.Code, "officer-1"); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Deliver(ctx, f, "delivery"); err != nil || n != 0 {
		t.Errorf("the next start changed %d: %v", n, err)
	}
	list, err := d.Agencies(ctx)
	if err != nil || len(list) != len(f.Agencies)-1 || list[0].Code != second.Code || list[0].Head.Name != changed.Head.Name {
		t.Errorf("agencies after it: %d, first %s %s, %v", len(list), list[0].Code, list[0].Head.Name, err)
	}
	if _, err := d.Agency(ctx, first.Code); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("the hidden one is shown: %v", err)
	}
	if err := d.HideAgency(ctx, first.Code, "officer-1"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("hidden twice: %v", err)
	}
	past, err := d.AgencyHistory(ctx, first.Code)
	if err != nil || len(past) != 2 || !past[0].Hidden || past[0].By != "officer-1" || past[1].By != "delivery" {
		t.Errorf("history %+v, %v", past, err)
	}
	broken := second
	broken.Name, broken.Offices = "", nil
	if err := d.PutAgency(ctx, broken, "officer-1"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("an agency without name and office: %v", err)
	}
}
