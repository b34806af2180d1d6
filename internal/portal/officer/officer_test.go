package officer_test

import (
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func add(t *testing.T, o *officer.Officers, subject, agency string, roles ...officer.Role) *officer.Officer {
	t.Helper()
	out, err := o.Add(t.Context(), officer.Officer{Subject: subject, Agency: agency, Name: "Гареева Лилия Маратовна", Post: "инспектор", Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRightsAreLookedUpAtTheAct(t *testing.T) {
	t.Parallel()
	o := &officer.Officers{DB: dbtest.New(t, officer.Migrations()), Clock: clock.At(start)}
	ctx := t.Context()
	lilia := add(t, o, "1", "mvd-72", officer.RoleClerk)
	ivan := add(t, o, "2", "mvd-72", officer.RoleClerk, officer.RoleEditor)
	other := add(t, o, "3", "edu-72", officer.RoleClerk)

	if err := o.Appoint(ctx, officer.Deputy{OfficerID: lilia.ID, DeputyID: other.ID, From: start, Until: start.Add(time.Hour)}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a stranger of another agency became deputy: %v", err)
	}
	if err := o.Appoint(ctx, officer.Deputy{OfficerID: lilia.ID, DeputyID: ivan.ID, From: start.Add(time.Hour), Until: start.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	actsFor := func() bool {
		t.Helper()
		got, err := o.Acting(ctx, "2")
		if err != nil {
			t.Fatal(err)
		}
		return got.ActsFor(lilia.ID)
	}
	for _, want := range []bool{false, true, false} {
		if got := actsFor(); got != want {
			t.Errorf("at %v deputy acts: %v, want %v", o.Clock.Now(), got, want)
		}
		o.Clock.Advance(time.Hour)
	}

	if !ivan.Has(officer.RoleEditor) || ivan.Has(officer.RoleAdmin) {
		t.Errorf("roles of %+v", ivan)
	}
	if err := o.Deactivate(ctx, ivan.ID); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"2", "unknown"} {
		if _, err := o.Acting(ctx, subject); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("subject %s acts: %v", subject, err)
		}
	}
	if got, err := o.Get(ctx, ivan.ID); err != nil || got.Has(officer.RoleClerk) || got.Name == "" {
		t.Errorf("who left keeps his name and nothing else: %+v, %v", got, err)
	}
	if staff, err := o.List(ctx, "mvd-72"); err != nil || len(staff) != 2 || staff[0].ID != lilia.ID {
		t.Errorf("staff: %+v, %v", staff, err)
	}
}

func TestStaffWhoLeftAreForgottenAfterThreeYears(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, officer.Migrations(), setting.Migrations())
	o := &officer.Officers{DB: d, Clock: clock.At(start)}
	q := job.New(d, o.Clock)
	o.Work(q)
	gone, stays := add(t, o, "1", "mvd-72", officer.RoleClerk), add(t, o, "2", "mvd-72", officer.RoleClerk)
	if err := o.Deactivate(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	subjects := func() string {
		t.Helper()
		if err := q.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, err := o.Get(t.Context(), gone.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, err := o.Get(t.Context(), stays.ID)
		if err != nil {
			t.Fatal(err)
		}
		if a.Name == "" {
			t.Error("the name is gone: answers bear it")
		}
		return a.Subject + " " + b.Subject
	}
	o.Clock.Advance(1095 * 24 * time.Hour)
	if got := subjects(); got != "1 2" {
		t.Errorf("a day before the term: %s", got)
	}
	o.Clock.Advance(24 * time.Hour)
	if got := subjects(); got != "left:"+gone.ID+" 2" {
		t.Errorf("after the term: %s", got)
	}
}

func TestWrongOfficersAreRefused(t *testing.T) {
	t.Parallel()
	o := &officer.Officers{DB: dbtest.New(t, officer.Migrations()), Clock: clock.At(start)}
	for name, bad := range map[string]officer.Officer{
		"nothing":             {},
		"clerk of no agency":  {Subject: "1", Name: "Гареева", Roles: []officer.Role{officer.RoleClerk}},
		"unknown role":        {Subject: "1", Name: "Гареева", Agency: "a", Roles: []officer.Role{"king"}},
		"no role":             {Subject: "1", Name: "Гареева", Agency: "a"},
		"no name, only space": {Subject: "1", Name: " ", Agency: "a", Roles: []officer.Role{officer.RoleClerk}},
	} {
		if _, err := o.Add(t.Context(), bad); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.Get(t.Context(), "nonsense"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("nonsense id: %v", err)
	}
}
