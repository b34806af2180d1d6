package person_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/idp/person"
)

// A login that is read reads as itself again, so that one spelling finds what another stored.
func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"8 912 000-01-01", "+7(912)0000101", "Anna@Example.com", "112-233-445 95", "анна@пример.рф", "", "@", "\x00"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, snils bool) {
		kind, value, ok := person.ParseLogin(s, snils)
		if !ok {
			if value != "" {
				t.Errorf("%q: refused, and yet %q", s, value)
			}
			return
		}
		again, same, ok := person.ParseLogin(value, kind == person.LoginSNILS)
		if !ok || again != kind || same != value {
			t.Errorf("%q is read as %s %q, which is read as %s %q", s, kind, value, again, same)
		}
	})
}

func FuzzParseOID(f *testing.F) {
	for _, s := range []string{"1000000000", "2147483647", "2147483648", "", "-1", "1e9", "01000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := person.ParseOID(s); err == nil && (person.FormatOID(n) != s || n < 1_000_000_000 || n >= 1<<31) {
			t.Errorf("%q is %d", s, n)
		}
	})
}
