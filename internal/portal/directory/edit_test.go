package directory_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
)

func delivered(t *testing.T) (*directory.Directory, *directory.File) {
	t.Helper()
	d := &directory.Directory{DB: dbtest.New(t, directory.Migrations()), Clock: clock.At(time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC))}
	f := readRegion(t, "72")
	if n, err := d.Deliver(t.Context(), f, "delivery"); err != nil || n != len(f.Agencies)+len(f.Centres) {
		t.Fatalf("delivered %d: %v", n, err)
	}
	return d, f
}

// by is an editor who may, on top of a version.
func by(version int64) directory.Edit {
	return directory.Edit{By: "officer-1", Version: version, Within: func(context.Context, *db.Tx, ...string) error { return nil }}
}

// An editor's change and removal outlive the next start of a release; agencies
// keep their place.
func TestEditOutlivesDelivery(t *testing.T) {
	t.Parallel()
	d, f := delivered(t)
	ctx := t.Context()
	first, changed := f.Agencies[0], f.Agencies[1]
	changed.Head.Name = "Новая Голова Ивановна"
	if err := d.Save(ctx, by(1), directory.Entry{Kind: directory.KindAgency, Agency: &changed}); err != nil {
		t.Fatal(err)
	}
	if err := d.Hide(ctx, by(1), directory.KindAgency, first.Code); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Deliver(ctx, f, "delivery"); err != nil || n != 0 {
		t.Errorf("the next start changed %d: %v", n, err)
	}
	list, err := d.Agencies(ctx)
	if err != nil || len(list) != len(f.Agencies)-1 || list[0].Code != changed.Code || list[0].Head.Name != changed.Head.Name {
		t.Errorf("agencies after it: %d, first %s %s, %v", len(list), list[0].Code, list[0].Head.Name, err)
	}
	if _, err := d.Agency(ctx, first.Code); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("the hidden one is shown: %v", err)
	}
	if err := d.Hide(ctx, by(2), directory.KindAgency, first.Code); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("hidden twice: %v", err)
	}
	past, err := d.History(ctx, directory.KindAgency, first.Code)
	if err != nil || len(past) != 2 || !past[0].Hidden || past[0].By != "officer-1" || past[1].By != "delivery" {
		t.Errorf("history %+v, %v", past, err)
	}
	old, err := d.Past(ctx, directory.KindAgency, changed.Code, 1)
	if err != nil || old.Agency.Head.Name != f.Agencies[1].Head.Name {
		t.Errorf("version 1 of %s: %+v, %v", changed.Code, old, err)
	}
	all, total, err := d.Entries(ctx, directory.KindAgency, "", 0, 500)
	if err != nil || total != len(f.Agencies) || !all[total-1].Hidden || all[total-1].Code() != first.Code {
		t.Errorf("the editor's list: %d, %v", total, err)
	}
	if found, n, err := d.Entries(ctx, directory.KindCentre, f.Centres[0].Address, 0, 10); err != nil || n < 1 || found[0].Name() != f.Centres[0].Name {
		t.Errorf("by address: %d, %v", n, err)
	}
}

// Of two editors who saw the same version one saves; who may not changes nothing.
func TestTwoEditors(t *testing.T) {
	t.Parallel()
	d, f := delivered(t)
	ctx := t.Context()
	var errs [8]error
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			c := f.Centres[0]
			c.Note = string(rune('a' + i))
			errs[i] = d.Save(ctx, by(1), directory.Entry{Kind: directory.KindCentre, Centre: &c})
		})
	}
	wg.Wait()
	saved := 0
	for _, err := range errs {
		switch {
		case err == nil:
			saved++
		case !fault.Is(err, fault.KindConflict):
			t.Error(err)
		}
	}
	if saved != 1 {
		t.Errorf("%d editors saved", saved)
	}
	stranger := by(2)
	stranger.Within = func(context.Context, *db.Tx, ...string) error { return fault.Forbidden("officer.unknown") }
	c := f.Centres[0]
	c.Name = "Чужое"
	if err := d.Save(ctx, stranger, directory.Entry{Kind: directory.KindCentre, Centre: &c}); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("a stranger saved: %v", err)
	}
	if err := d.Hide(ctx, stranger, directory.KindCentre, c.Code); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("a stranger hid: %v", err)
	}
	if got, err := d.Entry(ctx, directory.KindCentre, c.Code); err != nil || got.Name() == "Чужое" || got.Version != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := d.Save(ctx, by(0), directory.Entry{Kind: directory.KindCentre, Centre: &c}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a new centre with a taken code: %v", err)
	}
}

// What an editor must mend is said by field.
func TestCheck(t *testing.T) {
	t.Parallel()
	d, f := delivered(t)
	for i := range f.Agencies {
		if wrong := f.Agencies[i].Check(); len(wrong) > 0 {
			t.Errorf("%s: %v", f.Agencies[i].Code, wrong)
		}
	}
	for i := range f.Centres {
		if wrong := f.Centres[i].Check(); len(wrong) > 0 {
			t.Errorf("%s: %v", f.Centres[i].Code, wrong)
		}
	}
	bad := directory.Agency{
		Code: "Плохо", Level: "world", Email: "нет", Site: "javascript:alert(1)", Phones: []directory.Phone{{Number: "12"}},
		Appeals: directory.Appeals{Mode: "external"},
	}
	err := d.Save(t.Context(), by(0), directory.Entry{Kind: directory.KindAgency, Agency: &bad})
	got := map[string]bool{}
	if e, ok := fault.As(err); ok {
		for _, x := range e.Fields {
			got[x.Name] = true
		}
	}
	for _, want := range []string{"code", "name", "short", "head_name", "head_post", "level", "phones", "email", "site", "appeals_url", "office"} {
		if !got[want] {
			t.Errorf("nothing about %s: %v", want, err)
		}
	}
	a := f.Agencies[0]
	a.PutOffice(directory.Office{Code: "new", Name: "Новый отдел", Address: "г. Тюмень", Point: directory.Point{Lat: 65, Lon: 57}})
	a.PutOffice(directory.Office{Code: "new", Name: "Новый отдел", Address: "г. Тюмень", Point: directory.Point{Lat: 57, Lon: 5}})
	if len(a.Offices) != len(f.Agencies[0].Offices)+1 || a.FreeOfficeCode() == "new" {
		t.Errorf("%d offices", len(a.Offices))
	}
	if wrong := a.Check(); len(wrong) != 1 || wrong[0].Name != "lat" {
		t.Errorf("a place abroad: %v", wrong)
	}
	if a.DropOffice("new"); a.Office("new") != nil || f.Agencies[0].Office("new") != nil {
		t.Error("the office stays, or the delivered entry was changed")
	}
}

// A timetable typed day by day is read, shortened and printed as it was.
func TestWeek(t *testing.T) {
	t.Parallel()
	w := directory.Week{"9:00-18:00; 13.00 - 14.00", "09:00–18:00, 13:00–14:00", " 09:00–18:00,13:00–14:00 ", "", "08:00–20:00"}
	hours, wrong := w.Hours()
	want := []directory.Hours{{From: 1, To: 3, Open: "09:00", Close: "18:00", Break: "13:00-14:00"}, {From: 5, To: 5, Open: "08:00", Close: "20:00"}}
	if wrong >= 0 || len(hours) != 2 || hours[0] != want[0] || hours[1] != want[1] {
		t.Errorf("hours %+v, wrong %d", hours, wrong)
	}
	if got := directory.WeekOf(hours); got[0] != "09:00–18:00, 13:00–14:00" || got[3] != "" || got[4] != "08:00–20:00" {
		t.Errorf("printed %q", got)
	}
	for _, bad := range []string{"с девяти", "18:00–09:00", "25:00–26:00", "09:00–18:00, 08:00–09:00", "09:00–18:00, 13:00–14:00, 15:00–16:00"} {
		if _, wrong := (directory.Week{"", bad}).Hours(); wrong != 1 {
			t.Errorf("%q: wrong day %d", bad, wrong)
		}
	}
	phones := directory.ReadPhones("8 (3452) 50-00-01, приёмная, вторая\n\n102, полиция\nтелефон")
	if len(phones) != 3 || phones[0].Number != "+73452500001" || phones[0].Note != "приёмная, вторая" || phones[1].Number != "102" || phones[2].Number != "телефон" {
		t.Errorf("phones %+v", phones)
	}
	if got := directory.PhoneLines(phones[:2]); got != "+73452500001, приёмная, вторая\n102, полиция" {
		t.Errorf("printed %q", got)
	}
}
