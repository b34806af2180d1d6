package crypt

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What opens is what was sealed; a changed byte opens nothing.
func FuzzOpen(f *testing.F) {
	keys := NewTestKeyring()
	sealed := keys.Seal([]byte("паспорт 7111 904513"), "person.document")
	f.Add(sealed, "person.document")
	f.Add(sealed, "person.contact")
	f.Add(sealed[:len(sealed)-1], "person.document")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, raw []byte, aad string) {
		plain, err := keys.Open(raw, aad)
		if err == nil && (aad != "person.document" || !bytes.Equal(plain, []byte("паспорт 7111 904513"))) {
			t.Errorf("opened %q", plain)
		}
	})
}

// A stored hash never asks for more work than a server can bear.
func FuzzPasswordHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Add("$argon2i$v=19$m=1,t=1,p=1$YQ$YQ")
	f.Fuzz(func(t *testing.T, s string) {
		c, _, key, err := parsePHC(s)
		if err == nil && (c.MemoryKiB == 0 || c.MemoryKiB > 1<<20 || c.Time == 0 || c.Time > 64 || c.Threads == 0 || len(key) == 0) {
			t.Errorf("%q asks for %+v", s, c)
		}
	})
}

// A damaged key file is an error with words, never a ring with half its keys.
func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(`{"active":"a","keys":{"a":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"index":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"active":"a","keys":{"a":"pkcs11:okno"},"index":"a:AAAA"}`))
	f.Add([]byte(`{"active":"b","keys":{"a":""},"index":""}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r ring
		if json.Unmarshal(raw, &r) != nil {
			return
		}
		set, index, err := KeyFile{Path: "fuzzed"}.open(&r)
		if err == nil && (set == nil || set.active == nil || set.active.ID() != r.Active || len(index) < keySize) {
			t.Errorf("accepted %s", raw)
		}
	})
}
