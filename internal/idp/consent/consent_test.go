package consent_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
)

var ctx = context.Background()

const oid = 1_234_567_890

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func give(t *testing.T, w *oidctest.World, c *client.Client, since time.Time, scopes ...string) *consent.Consent {
	t.Helper()
	var out *consent.Consent
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		out, err = w.Consents.Give(ctx, tx, oid, c, scopes, "ru", since)
		return err
	}))
	return out
}

func alive(t *testing.T, w *oidctest.World, chain string) bool {
	t.Helper()
	ok, err := w.Consents.Alive(ctx, chain)
	must(t, err)
	return ok
}

// ID-CNS-03, ID-CNS-04, ID-CNS-10
func TestLifeOfAConsent(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	c := w.Client("BANK", "https://bank.example")
	one := give(t, w, &c, time.Time{}, "openid", "fullname")
	if again := give(t, w, &c, time.Time{}, "openid"); again.ID != one.ID {
		t.Error("asking for less wrote a new record")
	}
	w.Clock.Advance(time.Minute)
	wide := give(t, w, &c, time.Time{}, "snils")
	if wide.ID == one.ID || wide.Chain != one.Chain || !slices.Equal(wide.Scopes, []string{"openid", "fullname", "snils"}) {
		t.Errorf("the wider consent %+v", wide)
	}
	w.Clock.Advance(time.Minute)
	renewed := give(t, w, &c, w.Clock.Now(), "openid")
	if renewed.ID == wide.ID || len(renewed.Scopes) != 3 {
		t.Errorf("the renewed consent %+v", renewed)
	}
	if err := w.Consents.Withdraw(ctx, oid+1, renewed.ID); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a stranger withdraws: %v", err)
	}
	if err := w.Consents.Withdraw(ctx, oid, "not-an-id"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an invented id: %v", err)
	}
	if !alive(t, w, one.Chain) {
		t.Fatal("the chain broke")
	}
	for range 2 {
		must(t, w.Consents.Withdraw(ctx, oid, renewed.ID))
	}
	if alive(t, w, one.Chain) {
		t.Error("the chain lives after the withdrawal")
	}
	if fresh := give(t, w, &c, time.Time{}, "openid"); fresh.Chain == one.Chain || alive(t, w, one.Chain) {
		t.Error("a new consent continues the withdrawn chain")
	}
	list, err := w.Consents.List(ctx, oid, 10, 0)
	must(t, err)
	var states []string
	for _, x := range list {
		states = append(states, x.Status(w.Clock.Now()))
	}
	if !slices.Equal(states, []string{"in_force", "withdrawn", "replaced", "replaced"}) {
		t.Errorf("states %v", states)
	}
	raw, err := json.Marshal(list[1])
	must(t, err)
	var record map[string]any
	must(t, json.Unmarshal(raw, &record))
	for _, field := range []string{"grantor", "grantee", "grantee_name", "scopes", "purpose", "text_version", "locale", "given_at", "expires_at", "ended_at", "ended_by"} {
		if record[field] == nil || record[field] == "" {
			t.Errorf("the export lacks %s", field)
		}
	}
	page, err := w.Journal.List(ctx, oid, journal.Filter{Kinds: []journal.Kind{journal.ConsentGiven, journal.ConsentEnded}})
	if err != nil || len(page.Entries) != 5 || page.Entries[1].Kind != journal.ConsentEnded || page.Entries[1].Details["name"] != c.Name {
		t.Errorf("journal %+v, %v", page.Entries, err)
	}
}

func TestParallelConsentsLeaveOneInForce(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	c := w.Client("BANK", "https://bank.example")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			err := w.DB.InTx(ctx, func(tx *db.Tx) error {
				_, err := w.Consents.Give(ctx, tx, oid, &c, []string{"openid"}, "ru", time.Time{})
				return err
			})
			if err != nil && !fault.Is(err, fault.KindConflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := w.Consents.List(ctx, oid, 10, 0)
	if err != nil || len(list) != 1 || !list[0].InForce(w.Clock.Now()) {
		t.Errorf("records %+v, %v", list, err)
	}
}

func TestConsentExpires(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	c := w.Client("BANK", "https://bank.example")
	one := give(t, w, &c, time.Time{}, "openid")
	w.Clock.Set(one.ExpiresAt.Add(time.Second))
	if alive(t, w, one.Chain) {
		t.Error("an expired consent counts")
	}
	if again := give(t, w, &c, time.Time{}, "openid"); again.Chain == one.Chain {
		t.Error("an expired consent goes on")
	}
	w.Clock.Advance(4 * 365 * 24 * time.Hour)
	must(t, w.Queue.Settle(ctx))
	list, err := w.Consents.List(ctx, oid, 10, 0)
	if err != nil || len(list) != 1 || list[0].EndedBy != "expired" {
		t.Errorf("after the term of keeping %+v, %v", list, err)
	}
}

// Events go to clients with a consent, and to our own sites that were visited.
func TestEventReceivers(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	event := func(c *client.Client) { c.EventURI = "https://" + c.ID + ".example/events" }
	bank := w.Client("BANK", "https://bank.example", event)
	w.Client("SHOP", "https://shop.example", event)
	quiet := w.Client("QUIET", "https://quiet.example")
	w.Client("OFFICE", "https://office.example", event, func(c *client.Client) { c.FirstParty = true })
	w.Client("DESK", "https://desk.example", event, func(c *client.Client) { c.FirstParty = true })
	given := give(t, w, &bank, time.Time{}, "openid")
	give(t, w, &quiet, time.Time{}, "openid")
	receivers := func() (ids []string) {
		must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
			for _, id := range []string{"OFFICE", "SHOP"} {
				if err := w.Consents.Visit(ctx, tx, oid, id); err != nil {
					return err
				}
			}
			list, err := w.Consents.EventReceivers(ctx, tx, oid)
			for _, r := range list {
				ids = append(ids, r.ID)
			}
			return err
		}))
		return ids
	}
	if got := receivers(); !slices.Equal(got, []string{"BANK", "OFFICE"}) {
		t.Errorf("receivers %v", got)
	}
	must(t, w.Consents.Withdraw(ctx, oid, given.ID))
	if got := receivers(); !slices.Equal(got, []string{"OFFICE"}) {
		t.Errorf("after the withdrawal %v", got)
	}
}
