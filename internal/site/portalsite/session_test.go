package portalsite_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// The warning before the end can prolong a session without leaving the page;
// when it is gone, the answer says so.
func TestSessionIsProlonged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	w.clock.Advance(28 * time.Minute)
	b.Header.Set("Okno-Fragment", "session")
	res := b.Raw(http.MethodPost, "/auth/extend", nil, "application/x-www-form-urlencoded")
	left, err := strconv.Atoi(res.Header.Get("Okno-Session-Seconds"))
	if res.StatusCode != http.StatusNoContent || err != nil || left < 29*60 {
		t.Fatalf("prolonged: %d, %q s", res.StatusCode, res.Header.Get("Okno-Session-Seconds"))
	}
	b.Header.Del("Okno-Fragment")
	w.clock.Advance(28 * time.Minute)
	page := b.Get("/lk/").WantStatus(http.StatusOK)
	if !page.Has("[data-session-seconds]") {
		t.Error("the page does not tell when the session ends")
	}
	w.clock.Advance(31 * time.Minute)
	if res := b.Raw(http.MethodPost, "/auth/extend", nil, "application/x-www-form-urlencoded"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("an ended session: %d", res.StatusCode)
	}
}

// Leaving ends the session here, and another site cannot do it to the person.
func TestLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	b.PostFrom("http://evil.test", "/auth/logout", nil).WantStatus(http.StatusForbidden)
	page := b.Get("/lk/").WantStatus(http.StatusOK)
	page.Submit("form[action='/auth/logout']").WantPath("/").Want(".okno-header", "Войти")
	if res := b.Raw(http.MethodGet, "/lk/", nil, ""); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the cabinet after leaving: %d", res.StatusCode)
	}
}

// A return address never leads away from the portal.
func TestReturnAddressesStayHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	for _, evil := range []string{"//evil.test", "https://evil.test/", "/\\evil.test", "/%2F/evil.test", "javascript:alert(1)"} {
		r := httptest.NewRequest(http.MethodGet, "/auth/begin", nil)
		q := r.URL.Query()
		q.Set("back", evil)
		res := b.Raw(http.MethodGet, "/auth/begin?"+q.Encode(), nil, "")
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("back=%s leads to %q", evil, got)
		}
	}
}
