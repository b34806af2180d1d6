package script

import (
	"net/http"
	"testing"
)

// The operations site is open to administrators with their second factor and to
// nobody else.
func TestOperationsSite(t *testing.T) {
	d := startDemo(t, stateDir(t), freePort(t))
	for role, want := range map[string]int{"idp_admin": http.StatusOK, "portal_admin": http.StatusOK, "clerk": http.StatusForbidden, "operator": http.StatusForbidden} {
		b := d.browser("ops")
		who := demoPerson{}
		for _, p := range d.accounts() {
			if p.Account.Role == role {
				who = p
				break
			}
		}
		if who.Phone == "" || who.Code == "" {
			t.Fatalf("the demo has no %s with a second factor", role)
		}
		enter(b, "/", who).WantStatus(want)
		for _, p := range []string{"/jobs", "/deliveries", "/outside", "/journals", "/pages", "/searches", "/storage"} {
			b.Get(p).WantStatus(want)
		}
		b.Get("/metrics").WantStatus(http.StatusNotFound) // the demo has no token
	}
	b := d.browser("ops")
	enter(b, "/", d.account("", "confirmed")).WantStatus(http.StatusForbidden).Want("h1", "Нужна вторая ступень входа")
	if res := b.Raw(http.MethodGet, "/jobs", nil, ""); res.StatusCode == http.StatusOK {
		t.Error("a citizen without second factor sees the jobs")
	}
}
