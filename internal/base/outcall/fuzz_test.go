package outcall

import (
	"net/netip"
	"testing"
)

// A permitted destination names a host or a network, never everything by mistake.
func FuzzRule(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "127.0.0.1:8081", "*.localhost", "register.local:8443", "[::1]:80", "*", "*.", ".", ":1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRule(s)
		if err != nil {
			return
		}
		if (r.host == "") == !r.prefix.IsValid() {
			t.Errorf("%q is neither or both: %+v", s, r)
		}
		if r.host != "" && r.allowsHost("", "80") {
			t.Errorf("%q allows a host without a name", s)
		}
		if r.prefix.IsValid() && r.prefix.Bits() > 0 && r.allowsAddr(netip.MustParseAddr("8.8.8.8"), "80") && r.allowsAddr(netip.MustParseAddr("203.0.113.1"), "80") && r.allowsAddr(netip.MustParseAddr("10.0.0.1"), "80") && r.prefix.Bits() > 8 {
			t.Errorf("%q allows too much", s)
		}
	})
}
