package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const minimal = `
listen: 127.0.0.1:8443
keys: /etc/okno/keys.json
state: /var/lib/okno
private_postgres: true
idp:
  url: https://esia.example.org
`

func TestConfig(t *testing.T) {
	t.Parallel()
	if _, err := ParseConfig([]byte(minimal), "x"); err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]string{
		"portals: [{code: '72', url: 'https://a', database: 'postgres://okno@db1/okno'}]":                               "sslmode",
		"portals: [{code: '72', url: 'https://a', database: 'postgres://okno@127.0.0.1,10.0.0.2/okno?sslmode=prefer'}]": "sslmode",
		"lisen: x":                                "lisen",
		"roles: [idp, potral]":                    "potral",
		"trusted_proxies: [here]":                 "here",
		"portals: [{code: '72', url: 'ftp://x'}]": "ftp://x",
		"portals: [{code: '72', url: 'https://a', zone: Asia/Nowhere}]":       "Asia/Nowhere",
		"portals: [{code: a, url: 'https://a'}, {code: a, url: 'https://b'}]": "twice",
		"mail: {password: {file: /nonexistent/x}}":                            "/nonexistent/x",
		"mail: {password: {env: OKNO_TEST_UNSET}}":                            "OKNO_TEST_UNSET",
		"mail: {password: {a: b}}":                                            "secret",
	} {
		if _, err := ParseConfig([]byte(minimal+change+"\n"), "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
	for _, fine := range []string{"postgres://okno@127.0.0.1:5432/okno", "postgres:///okno?host=/run/postgresql", "postgres://okno@db1,db2/okno?sslmode=verify-full", "postgres://okno@db1/okno?sslmode=disable"} {
		if _, err := ParseConfig([]byte(minimal+"portals: [{code: '72', url: 'https://a', database: '"+fine+"'}]\n"), "x"); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	if _, err := ParseConfig(nil, "x"); err == nil || !strings.Contains(err.Error(), "listen") || !strings.Contains(err.Error(), "keys") {
		t.Errorf("an empty file must tell all that is missing: %v", err)
	}
}

func TestSecretsComeFromFilesAndNeverShow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig([]byte(minimal+"mail: {password: {file: "+path+"}}\n"), "x")
	if err != nil || c.Mail.Password != "hunter2" {
		t.Fatalf("%v", err)
	}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(f, c); strings.Contains(s, "hunter2") {
			t.Errorf("%s shows the secret", f)
		}
	}
}

// The key device is named as a whole or not at all.
func TestConfigOfTheKeyDevice(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"pkcs11: {module: /m.so, token: okno, pin: '1234'}":          "",
		"pkcs11: {module: /m.so, slot: 0, pin: '1234', label: keys}": "",
		"pkcs11: {module: /m.so, pin: '1234'}":                       "the token or the slot",
		"pkcs11: {module: /m.so, token: a, slot: 0, pin: '1234'}":    "not both",
		"pkcs11: {token: okno, pin: '1234'}":                         "library",
		"pkcs11: {module: /m.so, token: okno}":                       "PIN",
		"pkcs11: {modul: /m.so}":                                     "modul",
	} {
		_, err := ParseConfig([]byte(minimal+change+"\n"), "x")
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
}
