package oidc_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
)

// foreign is where party.js stands, a relying party of npm's openid-client. ./check installs the package by its
// lockfile and says so by OKNO_TEST_NODE; elsewhere the test is left out while it is missing.
const foreign = "../../../test/openid"

// ID-SSO-01, ID-SSO-03, ID-SSO-07, ID-CNS-09: code with PKCE, identity, refreshing, profile, introspection,
// revocation and sign-out, as openid-client understands them, with its hostile dialogues.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(foreign + "/node_modules/openid-client"); err != nil {
		if os.Getenv("OKNO_TEST_NODE") == "" {
			t.Skip("openid-client is not installed: run «npm ci --ignore-scripts» in test/openid")
		}
		t.Fatal(err)
	}
	w := oidctest.New(t)
	const login = "anna@example.org"
	oid := w.Person("Соколова", "Анна", login)
	w.Client("PARTY", "https://party.example", func(c *client.Client) { c.PostLogoutURIs = []string{"https://party.example/bye"} })
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	now := time.Now()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "party.example"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	must(t, err)
	must(t, w.Clients.AddCertificate(t.Context(), "PARTY", der))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "party.js")
	cmd.Dir = foreign
	cmd.Env = append(os.Environ(), "ISSUER="+w.URL, "CLIENT=PARTY", "SECRET="+oidctest.Secret, "LOGIN="+login, "PASSWORD="+oidctest.Password,
		"SUBJECT="+person.FormatOID(oid), "KEY="+base64.StdEncoding.EncodeToString(pkcs8))
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("every dialogue passed")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
