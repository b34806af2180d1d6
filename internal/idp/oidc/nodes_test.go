package oidc_test

import (
	"context"
	"errors"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/token"
)

// node is another process of the same provider, as far as it judges tokens.
func node(t *testing.T, w *oidctest.World) (*token.Issuer, *db.DB) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: w.DB.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	clients := &client.Clients{DB: d, Clock: w.Clock, Keys: w.Keys}
	return &token.Issuer{
		DB: d, Clock: w.Clock, Keyring: w.Keys, Keys: &token.Keys{DB: d, Clock: w.Clock, Keyring: w.Keys}, URL: w.URL, Clients: clients,
		Persons:  &person.Persons{DB: d, Clock: w.Clock, Keys: w.Keys},
		Consents: &consent.Consents{DB: d, Clock: w.Clock, Clients: clients, Journal: w.Journal},
	}, d
}

// What one process revokes, another one refuses as soon as it has asked what has
// changed: it does so at least every second, or believes nothing it remembers.
//
// ID-CNS-03
func TestRevocationReachesOtherNodes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, revoke := range map[string]func(*oidctest.World, person.OID, string) error{
		"by the client": func(w *oidctest.World, _ person.OID, access string) error {
			return w.Issuer.Revoke(ctx, &client.Client{ID: "PORTAL"}, access)
		},
		"consent withdrawn": func(w *oidctest.World, oid person.OID, _ string) error {
			list, err := w.Consents.List(ctx, oid, 1, 0)
			if err != nil {
				return err
			}
			return w.Consents.Withdraw(ctx, oid, list[0].ID)
		},
		"client suspended": func(w *oidctest.World, _ person.OID, _ string) error { return w.Clients.Suspend(ctx, "PORTAL") },
		"sessions ended": func(w *oidctest.World, oid person.OID, _ string) error {
			return w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Sessions.EndOthers(ctx, tx, oid, "", session.EndPassword) })
		},
		"an incident": func(w *oidctest.World, oid person.OID, _ string) error {
			return w.DB.InTx(ctx, func(tx *db.Tx) error { _, err := w.Issuer.RevokePerson(ctx, tx, oid, "incident"); return err })
		},
		"account deleted": func(w *oidctest.World, oid person.OID, _ string) error {
			return w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Persons.Delete(ctx, tx, oid) })
		},
		"key replaced": func(w *oidctest.World, _ person.OID, _ string) error {
			keys, err := w.Issuer.Keys.List(ctx)
			if err != nil {
				return err
			}
			return w.Issuer.Keys.Replace(ctx, keys[0].KID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oidctest.New(t)
			oid := w.Person("Соколова", "Анна", "anna@example.org")
			w.Client("PORTAL", rp)
			access := w.Access("PORTAL", rp, "anna@example.org", "fullname")
			far, d := node(t, w)
			for range 2 { // the second time from memory
				if err := d.CatchUp(ctx); err != nil {
					t.Fatal(err)
				}
				if a, err := far.Check(ctx, access); err != nil || a.OID != oid {
					t.Fatalf("the living token: %v", err)
				}
				if _, err := w.Issuer.Check(ctx, access); err != nil {
					t.Fatalf("the living token: %v", err)
				}
			}
			if err := revoke(w, oid, access); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Issuer.Check(ctx, access); !errors.Is(err, token.ErrToken) {
				t.Errorf("where it was revoked: %v", err)
			}
			if err := d.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := far.Check(ctx, access); !errors.Is(err, token.ErrToken) {
				t.Errorf("elsewhere: %v", err)
			}
		})
	}
}

// What a token tells of its person is what the account says now, on every node.
func TestChangesOfAnAccountReachOtherNodes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	access := w.Access("PORTAL", rp, "anna@example.org", "fullname")
	far, d := node(t, w)
	locale := func(i *token.Issuer) any {
		t.Helper()
		a, err := i.Check(ctx, access)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := i.UserInfo(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		return claims["locale"]
	}
	for _, lang := range []string{"tt", "en", "ru"} {
		if err := w.Persons.SetLocale(ctx, oid, lang); err != nil {
			t.Fatal(err)
		}
		if err := d.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if here, there := locale(w.Issuer), locale(far); here != lang || there != lang {
			t.Errorf("the language is %s: %v here, %v there", lang, here, there)
		}
	}
}
