package app

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

// After an incident the administrator ends sessions of one account, or of all:
// at the provider and, by the back channel, at the portal.
func TestSignOutAfterAnIncident(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, who := newDemo(t), citizen(t)
	known, err := d.App.idp.persons.FindByLogin(ctx, person.LoginPhone, who.Phone)
	if err != nil || known == nil {
		t.Fatalf("%v, %v", known, err)
	}
	for name, o := range map[string]SignOutOptions{
		"one": {OIDs: []string{person.FormatOID(known.OID)}, Reason: "украден телефон"}, "everybody": {Everybody: true, Reason: "учения"},
	} {
		b := d.browser(t, "uslugi")
		page := b.Get("/auth/begin?back=/lk/").Submit("form:has(input[name=password])", "login", who.Phone, "password", "Okno-2026!")
		if consent := "form[action='/login/consent']"; page.Has(consent) {
			page = page.Submit(consent)
		}
		if agreement := "form[action='/agreement']"; page.Has(agreement) {
			page = page.Submit(agreement, "agree", "1")
		}
		page.WantPath("/lk/")
		var out bytes.Buffer
		if err := d.App.signOut(ctx, o, &out); err != nil || !strings.Contains(out.String(), "sessions ended: 1, persons: 1") {
			t.Errorf("%s: %v, %s", name, err, out.String())
		}
		if err := d.App.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		if p := b.Get("/lk/"); p.Has("form[action='/auth/logout']") {
			t.Errorf("%s: the portal still knows the person", name)
		}
		log, err := d.App.idp.journal.List(ctx, int64(known.OID), journal.Filter{Kinds: []journal.Kind{journal.AccessStopped}, Limit: 1})
		if err != nil || len(log.Entries) != 1 || log.Entries[0].Details["reason"] != o.Reason {
			t.Errorf("%s: journal %+v, %v", name, log.Entries, err)
		}
	}
	for name, o := range map[string]SignOutOptions{"nobody": {OIDs: []string{"1999999999"}}, "no number": {OIDs: []string{"Иванов"}}} {
		if err := d.App.signOut(ctx, o, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if SignOut(ctx, Config{}, SignOutOptions{}, &bytes.Buffer{}) == nil {
		t.Error("neither somebody nor everybody, and no error")
	}
}
