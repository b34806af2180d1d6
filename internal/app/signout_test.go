package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/token"
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
		if err := d.App.signOut(ctx, o, &out); err != nil || !strings.Contains(out.String(), "sessions ended: 1, families of tokens revoked: 1, persons: 1") {
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

// A thief may hold the refresh token of a program that works without a session:
// it dies with the rest, while the consent given to that program stays.
func TestSignOutEndsOfflineTokens(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, who := newDemo(t), citizen(t)
	idp := d.App.idp
	known, err := idp.persons.FindByLogin(ctx, person.LoginPhone, who.Phone)
	if err != nil || known == nil {
		t.Fatalf("%v, %v", known, err)
	}
	if err := idp.clients.Put(ctx, client.Client{
		ID: "BANK", Name: "Банк", Kind: client.State, MinLevel: person.Simplified, RedirectURIs: []string{"https://bank.test/back"},
		Scopes: []string{"openid", client.ScopeOffline},
	}); err != nil {
		t.Fatal(err)
	}
	bank, err := idp.clients.Get(ctx, "BANK")
	if err != nil {
		t.Fatal(err)
	}
	offline, consent := offlineTokens(t, d.App, bank, known.OID)
	waiting, _ := openFamily(t, d.App, bank, known.OID)
	for name, o := range map[string]SignOutOptions{"everybody": {Everybody: true, Reason: "r"}, "one": {OIDs: []string{person.FormatOID(known.OID)}, Reason: "r"}} {
		var out bytes.Buffer
		if err := d.App.signOut(ctx, o, &out); err != nil || !strings.Contains(out.String(), "sessions ended: 0, families of tokens revoked: 2, persons: 1") {
			t.Fatalf("%s: %v, %s", name, err, out.String())
		}
		if _, err := idp.issuer.Refresh(ctx, bank, offline.Refresh, nil); !errors.Is(err, token.ErrGrant) {
			t.Errorf("%s: a refresh token that somebody holds still works: %v", name, err)
		}
		if _, err := idp.issuer.Check(ctx, offline.Access); !errors.Is(err, token.ErrToken) {
			t.Errorf("%s: an access token still works: %v", name, err)
		}
		if _, err := idp.issuer.Redeem(ctx, bank, waiting, "https://bank.test/back", verifier); !errors.Is(err, token.ErrGrant) {
			t.Errorf("%s: a code that was waiting still works: %v", name, err)
		}
		if alive, err := idp.consents.Alive(ctx, consent); err != nil || !alive {
			t.Errorf("%s: the consent is gone, %v", name, err)
		}
		offline, consent = offlineTokens(t, d.App, bank, known.OID)
		waiting, _ = openFamily(t, d.App, bank, known.OID)
	}
}

const verifier = "0123456789-0123456789-0123456789-0123456789"

// offlineTokens are those of a program whose person has no session any more.
func offlineTokens(t *testing.T, a *App, c *client.Client, oid person.OID) (*token.Tokens, string) {
	t.Helper()
	code, consent := openFamily(t, a, c, oid)
	got, err := a.idp.issuer.Redeem(context.Background(), c, code, c.RedirectURIs[0], verifier)
	if err != nil {
		t.Fatal(err)
	}
	return got, consent
}

// openFamily signs a person in at a client that may work offline; the session
// has ended since. It returns the code, not used yet, and the consent behind it.
func openFamily(t *testing.T, a *App, c *client.Client, oid person.OID) (code, chain string) {
	t.Helper()
	ctx, now := context.Background(), a.clock.Now()
	sum := sha256.Sum256([]byte(verifier))
	err := a.idp.db.InTx(ctx, func(tx *db.Tx) error {
		given, err := a.idp.consents.Find(ctx, tx, int64(oid), c.ID)
		if err == nil && given == nil {
			given, err = a.idp.consents.Give(ctx, tx, int64(oid), c, c.Scopes, "ru", time.Time{})
		}
		if err != nil {
			return err
		}
		chain = given.Chain
		code, _, err = a.idp.issuer.Open(ctx, tx, token.Family{
			OID: int64(oid), ClientID: c.ID, SessionID: db.NewID(), ConsentID: &chain, Scopes: c.Scopes, AuthTime: now, Level: person.Simplified, AMR: []string{"pwd"},
		}, now.Add(time.Hour), token.Binding{RedirectURI: c.RedirectURIs[0], Challenge: base64.RawURLEncoding.EncodeToString(sum[:])})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code, chain
}
