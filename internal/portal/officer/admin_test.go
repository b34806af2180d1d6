package officer_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/locale"
)

// staffed is a portal's staff with its outbox.
func staffed(t *testing.T) *officer.Officers {
	t.Helper()
	d, c, keys := dbtest.New(t, outbound.Migrations(), setting.Migrations(), officer.Migrations()), clock.At(start), crypt.NewTestKeyring()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	return &officer.Officers{
		DB: d, Clock: c, Keys: keys, Bundle: bundle, URL: "https://office.test", Portal: portalName,
		Outbox: &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: job.New(d, c)},
	}
}

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
	o := staffed(t)
	ctx := t.Context()
	admin, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "edu", officer.RoleClerk)
	lilia := officer.Person{Subject: "77", Surname: "ГАРЕЕВА", Given: "Лилия", Patronymic: "Маратовна", Confirmed: true}
	in := officer.Invitation{Surname: "Гареева", Given: "Лилия", Agency: "edu", Post: "инспектор", Roles: []officer.Role{officer.RoleClerk}}
	invite := func(by, email string, in officer.Invitation) (string, error) {
		return o.Invite(ctx, by, db.NewID(), email, in)
	}
	must := func(token string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	if _, err := invite(clerk.ID, "", in); key(err) != "officer.unknown" {
		t.Errorf("a clerk invites: %v", err)
	}
	wrong := in
	wrong.Agency, wrong.Given = "", " "
	_, err := invite(admin.ID, "no address", wrong)
	f, _ := fault.As(err)
	if f == nil || len(f.Fields) != 3 {
		t.Errorf("an invitation without agency, name and address: %v", err)
	}
	form := db.NewID()
	link := must(o.Invite(ctx, admin.ID, form, "lilia@example.org", in))
	if again := must(o.Invite(ctx, admin.ID, form, "lilia@example.org", in)); again != link || len(link) < 32 {
		t.Errorf("the form sent twice made %q and %q", link, again)
	}
	if n := count(t, o, `SELECT count(*) FROM outbound.message`); n != 1 {
		t.Errorf("%d letters wait", n)
	}
	if list, err := o.Invitations(ctx, admin.ID); err != nil || len(list) != 1 {
		t.Fatalf("invitations %v, %v", list, err)
	}
	for _, p := range []officer.Person{{Subject: "66", Surname: "Гареева", Given: "Лилия"}, {Subject: "66", Surname: "Чужакова", Given: "Лилия"}} {
		if err := o.Join(ctx, link, p); key(err) != "officer.unconfirmed" {
			t.Errorf("%s %s, whose name nobody has proven, joined or learnt something: %v", p.Surname, p.Given, err)
		}
	}
	if err := o.Join(ctx, link, officer.Person{Subject: "66", Surname: "Чужакова", Given: "Лилия", Confirmed: true}); key(err) != "officer.invitation_other" {
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

	late := must(invite(admin.ID, "", in))
	o.Clock.Advance(73 * time.Hour)
	if err := o.Join(ctx, late, lilia); key(err) != "officer.invitation_over" {
		t.Errorf("after its time: %v", err)
	}
	if err := o.Join(ctx, must(invite(admin.ID, "", officer.Invitation{Surname: "Сотрудник", Given: "1", Roles: []officer.Role{officer.RoleEditor}})),
		officer.Person{Subject: "1", Surname: "Сотрудник", Given: "1", Confirmed: true}); key(err) != "officer.last_admin" {
		t.Errorf("the last administrator became an editor by an invitation: %v", err)
	}
	orphan := must(invite(admin.ID, "", in))
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

// Who is dismissed, or loses a role, does not come back by a link from before; one that is
// made later lets him in.
func TestLinksFromBeforeEnd(t *testing.T) {
	t.Parallel()
	o := staffed(t)
	ctx := t.Context()
	admin := add(t, o, "1", "", officer.RoleAdmin)
	maria := officer.Person{Subject: "77", Surname: "Новикова", Given: "Мария", Patronymic: "Олеговна", Confirmed: true}
	invite := func(by, surname string, roles ...officer.Role) string {
		t.Helper()
		token, err := o.Invite(ctx, by, db.NewID(), "", officer.Invitation{Surname: surname, Given: "Мария", Agency: "edu", Roles: roles})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	join := func(token, want string) {
		t.Helper()
		if err := o.Join(ctx, token, maria); key(err) != want {
			t.Errorf("joined: %v, want %q", err, want)
		}
	}
	first, second, higher := invite(admin.ID, "Новикова", officer.RoleClerk), invite(admin.ID, "НОВИКОВА", officer.RoleClerk), invite(admin.ID, "Новикова", officer.RoleAdmin)
	join(first, "")
	who, err := o.Acting(ctx, "77")
	if err != nil {
		t.Fatal(err)
	}
	// One that an earlier name stands in: only the time can tell.
	wed := invite(admin.ID, "Петрова", officer.RoleClerk)
	if load, err := o.Load(ctx, admin.ID, who.ID); err != nil || load.Invitations != 2 {
		t.Errorf("before it: %+v, %v", load, err)
	}
	o.Clock.Advance(time.Minute)
	if err := o.Dismiss(ctx, admin.ID, who.ID); err != nil {
		t.Fatal(err)
	}
	join(second, "officer.invitation_over")
	join(higher, "officer.invitation_over")
	maria.Surname = "Петрова"
	join(wed, "officer.invitation_over")
	if list, err := o.Invitations(ctx, admin.ID); err != nil || len(list) != 1 || list[0].Surname != "Петрова" {
		t.Errorf("these wait: %+v, %v", list, err)
	}
	if log, err := o.Log(ctx, admin.ID, "", 1); err != nil || log[0].Kind != officer.DeedDismiss {
		t.Errorf("journal %+v, %v", log, err)
	}
	if log, err := o.Log(ctx, admin.ID, "", 2); err != nil || log[1].Kind != officer.DeedRelease || officer.ParseLoad(log[1].Note).Invitations != 2 {
		t.Errorf("journal %+v, %v", log, err)
	}
	maria.Surname = "Новикова"
	o.Clock.Advance(time.Minute)
	join(invite(admin.ID, "Новикова", officer.RoleAdmin), "")

	// An administrator's links end with his right to make them, and do not come back with it.
	stranger := officer.Person{Subject: "88", Surname: "Чужакова", Given: "Мария", Confirmed: true}
	hers, own := invite(who.ID, "Чужакова", officer.RoleAdmin), invite(admin.ID, "Новикова", officer.RoleAdmin)
	change := func(roles ...officer.Role) {
		t.Helper()
		now, err := o.Get(ctx, who.ID)
		if err != nil {
			t.Fatal(err)
		}
		now.Roles = roles
		if err := o.Change(ctx, admin.ID, *now); err != nil {
			t.Fatal(err)
		}
	}
	change(officer.RoleEditor)
	join(own, "officer.invitation_over")
	change(officer.RoleAdmin)
	if err := o.Join(ctx, hers, stranger); key(err) != "officer.invitation_over" {
		t.Errorf("by a link of an administrator from before: %v", err)
	}
}

// However joining and dismissal cross, a link from before does not bring anybody back.
func TestDismissalCrossesJoining(t *testing.T) {
	t.Parallel()
	o := staffed(t)
	ctx := t.Context()
	admin, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "77", "edu", officer.RoleClerk)
	var tokens []string
	for range 4 {
		token, err := o.Invite(ctx, admin.ID, db.NewID(), "", officer.Invitation{Surname: "Гареева", Given: "Лилия", Agency: "edu", Roles: []officer.Role{officer.RoleClerk}})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	var wg sync.WaitGroup
	for _, token := range tokens {
		wg.Go(func() {
			_ = o.Join(ctx, token, officer.Person{Subject: "77", Surname: "Гареева", Given: "Лилия", Confirmed: true})
		})
	}
	wg.Go(func() {
		if err := o.Dismiss(ctx, admin.ID, clerk.ID); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if got, err := o.Get(ctx, clerk.ID); err != nil || got.Active {
		t.Errorf("at work again: %+v, %v", got, err)
	}
}

// The last administrator cannot be taken away, not by two at once either.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	o := staffed(t)
	ctx := t.Context()
	a, b := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "", officer.RoleAdmin)
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = o.Dismiss(ctx, a.ID, b.ID) })
	wg.Go(func() {
		errs[1] = o.Change(ctx, b.ID, officer.Officer{ID: a.ID, Version: a.Version, Roles: []officer.Role{officer.RoleEditor}})
	})
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

// An editor edits, a clerk does not, an editor of an agency only what is its own;
// what was done stands in the journal.
func TestEditing(t *testing.T) {
	t.Parallel()
	o := staffed(t)
	ctx := t.Context()
	admin, editor, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "", officer.RoleEditor), add(t, o, "3", "edu", officer.RoleClerk)
	own := add(t, o, "5", "edu", officer.RoleEditor)
	edit := func(by, agency string) error {
		return o.DB.InTx(ctx, func(tx *db.Tx) error {
			return o.Editing(by, officer.DeedCatalogue, "some-service", "")(ctx, tx, "edu", agency)
		})
	}
	for _, x := range []struct{ by, agency, want string }{
		{clerk.ID, "edu", "officer.unknown"},
		{editor.ID, "edu", ""},
		{editor.ID, officer.WholePortal, ""},
		{admin.ID, "mvd", ""},
		{own.ID, "edu", ""},
		{own.ID, "mvd", "officer.other_agency"}, // out of its own or into it
		{own.ID, officer.WholePortal, "officer.other_agency"},
	} {
		if err := edit(x.by, x.agency); key(err) != x.want {
			t.Errorf("%s edits things of %q: %v, want %q", x.by, x.agency, err, x.want)
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
	o.Clock.Advance(time.Hour)
	if err := o.Recall(ctx, admin.ID, d); err != nil {
		t.Error(err)
	}
	if err := o.Recall(ctx, admin.ID, d); key(err) != "officer.not_found" {
		t.Errorf("recalled twice: %v", err)
	}
	if got, err := o.Get(ctx, other.ID); err != nil || len(got.Principals) != 0 {
		t.Errorf("still a deputy: %v, %v", got.Principals, err)
	}
	if list, total, err := o.Staff(ctx, admin.ID, officer.StaffFilter{Agency: "edu", Limit: 1}); err != nil || total != 3 || len(list) != 1 {
		t.Errorf("staff %d of %d, %v", len(list), total, err)
	}
	if _, total, err := o.Staff(ctx, admin.ID, officer.StaffFilter{Query: strings.ToUpper(own.Name), Role: officer.RoleEditor}); err != nil || total != 2 {
		t.Errorf("found %d by name, %v", total, err)
	}
	names, err := o.Names(ctx, []string{admin.ID, "delivery", db.NewID()})
	if err != nil || len(names) != 1 || names[admin.ID] != admin.Name {
		t.Errorf("names %v, %v", names, err)
	}
	log, err := o.Log(ctx, admin.ID, "", 50)
	if err != nil || len(log) != 6 || !slices.ContainsFunc(log, func(d officer.Deed) bool { return d.Officer == own.ID && d.Kind == officer.DeedCatalogue }) {
		t.Errorf("journal %+v, %v", log, err)
	}
}

// Two administrators at once: the second is told. Who is dismissed leaves at once.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	o := staffed(t)
	ctx := t.Context()
	var left []string
	o.OnLeave = func(_ context.Context, _ *db.Tx, subject string) error { left = append(left, subject); return nil }
	admin, clerk := add(t, o, "1", "", officer.RoleAdmin), add(t, o, "2", "edu", officer.RoleClerk)
	next := *clerk
	next.Post = "начальник"
	if err := o.Change(ctx, admin.ID, next); err != nil {
		t.Fatal(err)
	}
	if err := o.Change(ctx, admin.ID, next); key(err) != "officer.changed_meanwhile" {
		t.Errorf("on top of what is not there any more: %v", err)
	}
	if err := o.Dismiss(ctx, admin.ID, clerk.ID); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(left, []string{"2"}) {
		t.Errorf("ended the sessions of %v", left)
	}
	if _, err := o.Acting(ctx, "2"); key(err) != "officer.unknown" {
		t.Errorf("still at work: %v", err)
	}
	if err := o.DB.InTx(ctx, func(tx *db.Tx) error { return o.AgencyFree(ctx, tx, "edu") }); err != nil {
		t.Error(err)
	}
	if err := o.DB.InTx(ctx, func(tx *db.Tx) error { return o.AgencyFree(ctx, tx, "") }); key(err) != "officer.agency_in_use" {
		t.Errorf("an agency with staff is free: %v", err)
	}
}

func count(t *testing.T, o *officer.Officers, sql string) (n int) {
	t.Helper()
	err := o.DB.Read(t.Context(), func(tx *db.Tx) (err error) { n, err = db.Get[int](t.Context(), tx, sql); return err })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
