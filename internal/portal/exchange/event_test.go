package exchange_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/exchange"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/locale"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// provider publishes one key and signs with it.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	p := &provider{key: key}
	mux := http.NewServeMux()
	answer := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		}
	}
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	mux.Handle("/.well-known/openid-configuration", answer(map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/a", "token_endpoint": p.URL + "/t", "jwks_uri": p.URL + "/jwks",
	}))
	mux.Handle("/jwks", answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}))
	return p
}

func (p *provider) sign(t *testing.T, key any, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", "k1"))
	must(t, err)
	body, err := json.Marshal(claims)
	must(t, err)
	sig, err := signer.Sign(body)
	must(t, err)
	raw, err := sig.CompactSerialize()
	must(t, err)
	return raw
}

// event is a token as the identity provider makes it.
func (p *provider) event(id, subject, kind string, body map[string]any) map[string]any {
	return map[string]any{
		"iss": p.URL, "aud": "portal", "jti": id, "iat": time.Now().Unix(),
		"sub_id": map[string]string{"format": "iss_sub", "iss": p.URL, "sub": subject},
		"events": map[string]any{"urn:okno:event:" + kind: body},
	}
}

type kit struct {
	*exchange.Events
	p       *provider
	anna    *account.Account
	deleted []string
}

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func newKit(t *testing.T) *kit {
	t.Helper()
	ctx := t.Context()
	d := dbtest.New(t, account.Migrations(), notice.Migrations(), outbound.Migrations(), oidcrp.Migrations(), exchange.Migrations())
	c, keys, p := clock.At(start), crypt.NewTestKeyring(), newProvider(t)
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	k := &kit{p: p}
	k.Events = &exchange.Events{
		DB: d, Clock: c, Accounts: accounts,
		Party:   &oidcrp.Party{DB: d, Clock: c, Keys: keys, HTTP: p.Client(), Config: oidcrp.Config{Issuer: p.URL, ClientID: "portal", CookieName: "s"}},
		Notices: &notice.Notices{DB: d, Clock: c, Queue: job.New(d, c), Accounts: accounts, Bundle: bundle, Zone: time.UTC},
		OnDelete: []func(context.Context, *db.Tx, string) error{func(_ context.Context, _ *db.Tx, owner string) error {
			k.deleted = append(k.deleted, owner)
			return nil
		}},
	}
	k.Sites = []*oidcrp.Party{k.Party}
	must(t, d.InTx(ctx, func(tx *db.Tx) error {
		if k.anna, err = accounts.SignedIn(ctx, tx, account.SignIn{Subject: "1000000001", Level: account.LevelSimplified}); err != nil {
			return err
		}
		return accounts.SetContacts(ctx, tx, k.anna.ID, account.Contacts{Email: "anna@example.org", Mobile: "+79120000001"}, start)
	}))
	return k
}

func (k *kit) push(t *testing.T, raw string) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/auth/events", strings.NewReader(raw))
	r.Header.Set("Content-Type", "application/secevent+jwt")
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w.Code
}

func (k *kit) send(t *testing.T, claims map[string]any) int {
	t.Helper()
	return k.push(t, k.p.sign(t, k.p.key, "secevent+jwt", claims))
}

func (k *kit) account(t *testing.T) *account.Account {
	t.Helper()
	acc, err := k.Accounts.Get(t.Context(), k.anna.ID)
	must(t, err)
	return acc
}

func (k *kit) topics(t *testing.T) string {
	t.Helper()
	page, err := k.Notices.List(t.Context(), k.anna.ID, notice.Filter{})
	must(t, err)
	var out []string
	for _, e := range page.Entries {
		out = append(out, e.Topic)
		if e.ReadAt != nil || strings.HasPrefix(e.Title(k.Notices.Bundle.For("ru")), "notice.") {
			t.Errorf("entry %+v", e)
		}
	}
	return strings.Join(out, " ")
}

// Nothing but a token of our provider, for us, of the right kind is believed.
func TestForgedEventsAreRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	good := func() map[string]any {
		return k.p.event("e1", "1000000001", "level.raised", map[string]any{"level": "confirmed"})
	}
	with := func(name string, v any) map[string]any { c := good(); c[name] = v; return c }
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	sign := func(c map[string]any) string { return k.p.sign(t, k.p.key, "secevent+jwt", c) }
	for name, raw := range map[string]string{
		"nothing":              "",
		"nonsense":             "a.b.c",
		"another key":          k.p.sign(t, stranger, "secevent+jwt", good()),
		"an id token's type":   k.p.sign(t, k.p.key, "JWT", good()),
		"a logout token":       k.p.sign(t, k.p.key, "logout+jwt", good()),
		"another audience":     sign(with("aud", "bank")),
		"another issuer":       sign(with("iss", "https://evil.example")),
		"no id":                sign(with("jti", "")),
		"no subject":           sign(with("sub_id", map[string]string{})),
		"subject of others":    sign(with("sub_id", map[string]string{"format": "iss_sub", "iss": "https://evil.example", "sub": "1000000001"})),
		"from the future":      sign(with("iat", time.Now().Add(time.Hour).Unix())),
		"no events":            sign(with("events", map[string]any{})),
		"algorithm none":       "eyJhbGciOiJub25lIiwidHlwIjoic2VjZXZlbnQrand0In0." + strings.Split(sign(good()), ".")[1] + ".",
		"larger than anything": strings.Repeat("x", 1<<20),
	} {
		if code := k.push(t, raw); code != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, code)
		}
	}
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Method = http.MethodGet },
		func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
	} {
		r := httptest.NewRequest(http.MethodPost, "/auth/events", strings.NewReader(sign(good())))
		r.Header.Set("Content-Type", "application/secevent+jwt")
		change(r)
		w := httptest.NewRecorder()
		k.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s %s: %d", r.Method, r.Header.Get("Content-Type"), w.Code)
		}
	}
	if acc := k.account(t); acc.Offered != account.LevelSimplified || k.topics(t) != "" {
		t.Errorf("a refused event had an effect: %+v", acc)
	}
}

// A raised level waits for the new sign-in; the feed says so. One event pushed
// by many at once is carried out once.
//
// C-53, NTF-06
func TestLevelAndCheckReachAccountAndFeedOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	raw := k.p.sign(t, k.p.key, "secevent+jwt", k.p.event("e1", "1000000001", "level.raised", map[string]any{"level": "standard"}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if code := k.push(t, raw); code != http.StatusAccepted {
				t.Errorf("status %d", code)
			}
		})
	}
	wg.Wait()
	k.Clock.Advance(time.Minute)
	k.send(t, k.p.event("e2", "1000000001", "check.ended", map[string]any{"result": "failed"}))
	k.Clock.Advance(time.Minute)
	k.send(t, k.p.event("e3", "1000000001", "check.ended", map[string]any{"result": "verified"}))
	if acc := k.account(t); acc.Level != account.LevelSimplified || acc.Offered != account.LevelStandard || !acc.NeedsNewSignIn() {
		t.Errorf("account %+v", acc)
	}
	if got := k.topics(t); got != "account.verified account.check_failed account.level_raised" {
		t.Errorf("feed: %s", got)
	}
}

// Late word of a level must not take away what a newer sign-in has given.
func TestLateLevelEventTakesNothingAway(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	must(t, k.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := k.Accounts.SignedIn(ctx, tx, account.SignIn{Subject: "1000000001", Level: account.LevelConfirmed})
		return err
	}))
	for i, level := range []string{"standard", "confirmed", "king"} {
		if code := k.send(t, k.p.event(string(rune('a'+i)), "1000000001", "level.raised", map[string]any{"level": level})); code != http.StatusAccepted {
			t.Errorf("%s: %d", level, code)
		}
	}
	if acc := k.account(t); acc.Level != account.LevelConfirmed || acc.NeedsNewSignIn() || k.topics(t) != "" {
		t.Errorf("account %+v, feed %q", acc, k.topics(t))
	}
}

// A contact that changed is used no more; one that was read after the change
// stays.
func TestChangedContactIsForgotten(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	contacts := func() (c account.Contacts) {
		t.Helper()
		must(t, k.DB.Read(ctx, func(tx *db.Tx) (err error) {
			c, err = k.Accounts.Contacts(ctx, tx, k.anna.ID)
			return err
		}))
		return c
	}
	stamp := func(at time.Time, kind string) map[string]any {
		return map[string]any{"kind": kind, "event_timestamp": at.Unix()}
	}
	k.send(t, k.p.event("old", "1000000001", "contact.changed", stamp(start.Add(-time.Hour), "email")))
	if c := contacts(); c.Email == "" {
		t.Error("a change from before the reading took the newer contact away")
	}
	k.send(t, k.p.event("new", "1000000001", "contact.changed", stamp(start.Add(time.Hour), "phone")))
	if c := contacts(); c.Mobile != "" || c.Email != "anna@example.org" {
		t.Errorf("contacts %+v, want the e-mail alone", c)
	}
}

// The account's end ends sessions, erases choices, tells the other contexts,
// and forgets the subject.
func TestDeletedAccountIsClosed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for range 2 {
		if code := k.send(t, k.p.event("e1", "1000000001", "account.deleted", map[string]any{})); code != http.StatusAccepted {
			t.Fatalf("status %d", code)
		}
	}
	if acc := k.account(t); acc.ClosedAt == nil || acc.Subject != "" || len(k.deleted) != 1 || k.deleted[0] != k.anna.ID {
		t.Errorf("account %+v, told %v", acc, k.deleted)
	}
}

// What is not ours to understand changes nothing and is not pushed again; a
// provider whose keys are away is asked to repeat.
func TestUnknownEventsAndUnknownPeople(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	unknown := k.p.event("e1", "1000000001", "level.raised", nil)
	unknown["events"] = map[string]any{"https://schemas.openid.net/secevent/risc/event-type/x": "text", "urn:okno:event:new.kind": map[string]any{}}
	if code := k.send(t, unknown); code != http.StatusAccepted {
		t.Errorf("unknown event: %d", code)
	}
	if code := k.send(t, k.p.event("e2", "9", "account.deleted", map[string]any{})); code != http.StatusAccepted || len(k.deleted) != 0 {
		t.Errorf("unknown person: %d, %v", code, k.deleted)
	}
	fresh := newKit(t)
	raw := fresh.p.sign(t, fresh.p.key, "secevent+jwt", fresh.p.event("e3", "1000000001", "account.deleted", map[string]any{}))
	fresh.p.Close()
	if code := fresh.push(t, raw); code != http.StatusServiceUnavailable {
		t.Errorf("keys away: %d", code)
	}
}
