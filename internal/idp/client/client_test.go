package client_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/client"
)

var ctx = context.Background()

func open(t *testing.T) *client.Clients {
	t.Helper()
	return &client.Clients{DB: dbtest.New(t, client.Migrations()), Clock: clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), Keys: crypt.NewTestKeyring()}
}

func portal() client.Client {
	return client.Client{ID: "PORTAL", Name: "Портал", RedirectURIs: []string{"https://p.example/cb"}, Scopes: []string{"openid", "profile", "snils"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPutChecksEverything(t *testing.T) {
	t.Parallel()
	cs := open(t)
	err := cs.Put(ctx, client.Client{
		ID: "..", RedirectURIs: []string{"http://p.example/cb", "https://p.example/cb#x", "https://u:p@p.example/", "javascript:alert(1)", "/cb"},
		Kind: "guild", MinLevel: 7, Scopes: []string{"everything"}, EventURI: "ftp://p.example",
	})
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.KindInvalid {
		t.Fatal(err)
	}
	var fields []string
	for _, x := range f.Fields {
		fields = append(fields, x.Name)
	}
	for _, want := range []string{"id", "name", "kind", "min_level", "scopes", "event_uri"} {
		if !slices.Contains(fields, want) {
			t.Errorf("%s passes: %v", want, fields)
		}
	}
	if n := len(slices.DeleteFunc(fields, func(s string) bool { return s != "redirect_uris" })); n != 5 {
		t.Errorf("%d of 5 bad addresses found", n)
	}
	for _, good := range []string{"https://p.example/cb?a=b", "http://uslugi.localhost:8080/auth/callback", "http://127.0.0.1:1/cb"} {
		c := portal()
		c.RedirectURIs = []string{good}
		if err := cs.Put(ctx, c); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestPutAgainKeepsTheState(t *testing.T) {
	t.Parallel()
	cs := open(t)
	must(t, cs.Put(ctx, portal()))
	must(t, cs.Suspend(ctx, "PORTAL"))
	c := portal()
	c.Name = "Портал услуг"
	must(t, cs.Put(ctx, c))
	got, err := cs.Find(ctx, "PORTAL")
	must(t, err)
	if got.Name != "Портал услуг" || got.Status != client.Suspended {
		t.Errorf("after a second registration %+v", got)
	}
	if !slices.Equal(got.Scopes, []string{"openid", "fullname", "birthdate", "gender", "snils"}) {
		t.Errorf("scopes %v", got.Scopes)
	}
	if _, err := cs.Get(ctx, "PORTAL"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a suspended client is answered: %v", err)
	}
	must(t, cs.Resume(ctx, "PORTAL"))
	if err := cs.Resume(ctx, "PORTAL"); !fault.Is(err, fault.KindConflict) {
		t.Errorf("resumed twice: %v", err)
	}
}

// ID-SSO-08: a commercial client waits for an administrator.
func TestCommercialClientWaitsForApproval(t *testing.T) {
	t.Parallel()
	cs := open(t)
	c := portal()
	c.Kind = client.Commercial
	must(t, cs.Put(ctx, c))
	if _, err := cs.Get(ctx, c.ID); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("before approval: %v", err)
	}
	must(t, cs.Approve(ctx, c.ID))
	if got, err := cs.Get(ctx, c.ID); err != nil || got.Kind != client.Commercial {
		t.Errorf("after approval: %+v, %v", got, err)
	}
}

// Keys under 128 bits of security prove nothing.
func TestWeakCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	cs := open(t)
	must(t, cs.Put(ctx, portal()))
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key crypto.Signer
		ok  bool
	}{"P-224": {p224, false}, "P-256": {p256, true}, "RSA 2048": {short, false}} {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, c.key.Public(), c.key)
		if err != nil {
			t.Fatal(err)
		}
		if err := cs.AddCertificate(ctx, "PORTAL", der); (err == nil) != c.ok || err != nil && !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsOverlap(t *testing.T) {
	t.Parallel()
	cs := open(t)
	must(t, cs.Put(ctx, portal()))
	if _, err := cs.Authenticate(ctx, "PORTAL", ""); !errors.Is(err, client.ErrCredentials) {
		t.Errorf("without any secret: %v", err)
	}
	if err := cs.SetSecret(ctx, "PORTAL", "short"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a short secret: %v", err)
	}
	old, err := cs.NewSecret(ctx, "PORTAL")
	must(t, err)
	cs.Clock.Advance(time.Hour)
	fresh, err := cs.NewSecret(ctx, "PORTAL")
	must(t, err)
	works := func(s string) bool {
		_, err := cs.Authenticate(ctx, "PORTAL", s)
		if err != nil && !errors.Is(err, client.ErrCredentials) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !works(old) || !works(fresh) || works(old+"x") || works("") {
		t.Error("both secrets, and these alone, must work")
	}
	if _, err := cs.Authenticate(ctx, "NOBODY", fresh); !errors.Is(err, client.ErrCredentials) {
		t.Errorf("another client's secret: %v", err)
	}
	must(t, cs.RetireSecrets(ctx, "PORTAL", time.Hour))
	if !works(old) {
		t.Error("the old secret ended before its time")
	}
	cs.Clock.Advance(61 * time.Minute)
	if works(old) || !works(fresh) {
		t.Error("after the overlap the fresh secret alone must work")
	}
	q := job.New(cs.DB, cs.Clock)
	cs.Work(q)
	must(t, q.Settle(ctx))
	if works(old) || !works(fresh) {
		t.Error("the sweep changed who gets in")
	}
}

func TestExpandAndPermitted(t *testing.T) {
	t.Parallel()
	c := portal()
	c.Scopes = client.Expand(c.Scopes)
	got := c.Permitted(client.Expand([]string{"openid", "profile", "fullname", "phone", "id_doc", "openid", "nonsense"}))
	if !slices.Equal(got, []string{"openid", "fullname", "birthdate", "gender"}) {
		t.Errorf("permitted %v", got)
	}
}
