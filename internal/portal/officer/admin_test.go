package officer_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
)

func key(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Key
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}

// Whoever holds the link and has the invited name becomes an officer, once.
func TestInvite(t *testing.T) {
	t.Parallel()
	o := &officer.Officers{DB: dbtest.New(t, officer.Migrations()), Clock: clock.At(start)}
	ctx := t.Context()
	admin, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "edu", officer.RoleClerk)
	lilia := officer.Person{Subject: "77", Surname: "ГАРЕЕВА", Given: "Лилия", Patronymic: "Маратовна"}
	link := strings.Repeat("a", 43)
	in := officer.Invitation{Surname: "Гареева", Given: "Лилия", Agency: "edu", Post: "инспектор", Roles: []officer.Role{officer.RoleClerk}}

	if err := o.Invite(ctx, clerk.ID, link, in); key(err) != "officer.unknown" {
		t.Errorf("a clerk invites: %v", err)
	}
	wrong := in
	wrong.Agency, wrong.Given = "", " "
	if err := o.Invite(ctx, admin.ID, link, wrong); key(err) != "officer.invalid" {
		t.Errorf("an invitation without agency and name: %v", err)
	}
	for range 2 { // the form sent twice
		if err := o.Invite(ctx, admin.ID, link, in); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := o.Invitations(ctx, admin.ID); err != nil || len(list) != 1 {
		t.Fatalf("invitations %v, %v", list, err)
	}
	if err := o.Join(ctx, link, officer.Person{Subject: "66", Surname: "Чужакова", Given: "Лилия"}); key(err) != "officer.invitation_other" {
		t.Errorf("somebody else joined: %v", err)
	}
	if err := o.Join(ctx, link, lilia); err != nil {
		t.Fatal(err)
	}
	if err := o.Join(ctx, link, lilia); key(err) != "officer.invitation_over" {
		t.Errorf("joined twice: %v", err)
	}
	got, err := o.Acting(ctx, "77")
	if err != nil || !got.Has(officer.RoleClerk) || got.Agency != "edu" || got.Post != "инспектор" {
		t.Errorf("officer %+v, %v", got, err)
	}

	late := strings.Repeat("b", 43)
	if err := o.Invite(ctx, admin.ID, late, in); err != nil {
		t.Fatal(err)
	}
	o.Clock.Advance(73 * time.Hour)
	if err := o.Join(ctx, late, lilia); key(err) != "officer.invitation_over" {
		t.Errorf("after its time: %v", err)
	}
	orphan := strings.Repeat("c", 43)
	if err := o.Invite(ctx, admin.ID, orphan, in); err != nil {
		t.Fatal(err)
	}
	second := add(t, o, "3", "", officer.RoleAdmin)
	if err := o.Dismiss(ctx, second.ID, admin.ID); err != nil {
		t.Fatal(err)
	}
	if err := o.Join(ctx, orphan, lilia); key(err) != "officer.invitation_over" {
		t.Errorf("invited by somebody dismissed: %v", err)
	}
	if log, err := o.Log(ctx, second.ID, "", 50); err != nil || len(log) == 0 || log[0].Kind != officer.DeedDismiss {
		t.Errorf("journal %+v, %v", log, err)
	}
	if _, err := o.Log(ctx, admin.ID, "", 50); key(err) != "officer.unknown" {
		t.Errorf("a dismissed administrator reads: %v", err)
	}
}

// The last administrator cannot be taken away, not by two at once either.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	o := &officer.Officers{DB: dbtest.New(t, officer.Migrations()), Clock: clock.At(start)}
	ctx := t.Context()
	a, b := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "", officer.RoleAdmin)
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = o.Dismiss(ctx, a.ID, b.ID) })
	wg.Go(func() { errs[1] = o.Change(ctx, b.ID, a.ID, "", "", []officer.Role{officer.RoleEditor}) })
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("both or none: %v, %v", errs[0], errs[1])
	}
	last := a
	if errs[0] != nil {
		last = b
	}
	if err := o.Dismiss(ctx, last.ID, last.ID); key(err) != "officer.last_admin" {
		t.Errorf("the last one left: %v", err)
	}
}

// An editor edits, a clerk does not; what was done stands in the journal.
func TestEdit(t *testing.T) {
	t.Parallel()
	o := &officer.Officers{DB: dbtest.New(t, officer.Migrations()), Clock: clock.At(start)}
	ctx := t.Context()
	admin, editor, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "", officer.RoleEditor), add(t, o, "3", "edu", officer.RoleClerk)
	if err := o.Edit(ctx, clerk.ID, officer.DeedText, "help/x", ""); key(err) != "officer.unknown" {
		t.Errorf("a clerk edits: %v", err)
	}
	for _, by := range []string{editor.ID, admin.ID} {
		if err := o.Edit(ctx, by, officer.DeedText, "help/x", ""); err != nil {
			t.Error(err)
		}
	}
	other := add(t, o, "4", "edu", officer.RoleClerk)
	d := officer.Deputy{OfficerID: clerk.ID, DeputyID: other.ID, From: start, Until: start.AddDate(0, 0, 14)}
	if err := o.AppointBy(ctx, editor.ID, d); key(err) != "officer.unknown" {
		t.Errorf("an editor appoints: %v", err)
	}
	if err := o.AppointBy(ctx, admin.ID, d); err != nil {
		t.Fatal(err)
	}
	if list, err := o.Deputies(ctx, admin.ID, clerk.ID); err != nil || len(list) != 1 || list[0].DeputyID != other.ID {
		t.Errorf("deputies %+v, %v", list, err)
	}
	if list, total, err := o.Staff(ctx, admin.ID, "edu", 0, 1); err != nil || total != 2 || len(list) != 1 {
		t.Errorf("staff %d of %d, %v", len(list), total, err)
	}
	if log, err := o.Log(ctx, admin.ID, "", 50); err != nil || len(log) != 3 {
		t.Errorf("journal %+v, %v", log, err)
	}
}
