package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configuration that is accepted says all that a start needs.
func FuzzConfig(f *testing.F) {
	f.Add(ExampleConfig)
	f.Add([]byte(minimal))
	f.Add([]byte(minimal + "portals: [{code: '72', url: 'https://a', client: &c {id: x}, office_client: *c}]\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.Contains(raw, []byte("file")) {
			return // would read whatever the fuzzer names
		}
		c, err := ParseConfig(raw, "fuzzed")
		if err != nil {
			return
		}
		if c.Listen == "" || c.Keys == "" || c.IDP == nil && len(c.Portals) == 0 {
			t.Errorf("accepted: %+v", c)
		}
	})
}

// The manifest of a backup is read from a disk that may be damaged: every file
// that it names is looked at, and a format of another day is refused.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":1,"databases":["okno_idp"],"files":{}}`))
	f.Add([]byte(`{"format":1,"files":{"../../etc/passwd":"00"}}`))
	f.Add([]byte(`{"format":1,"files":{"a":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, manifestName), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := ReadManifest(dir)
		if err == nil && (m.Format != manifestFormat || len(m.Files) > 0) {
			t.Errorf("an empty folder passes for %+v", m)
		}
	})
}

// Whatever stands in the header Host, at most one site feels addressed.
func FuzzHostName(f *testing.F) {
	for _, s := range []string{"esia.example.org", "ESIA.example.org.:8443", "[::1]:80", "a:b:c", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := hostName(s)
		if name != strings.ToLower(name) {
			t.Errorf("%q becomes %q", s, name)
		}
	})
}
