package portalsite_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// remember has rows kept in memory from now on, whatever stops the machine.
func (w *world) remember() {
	w.t.Helper()
	w.db.BelieveFor(time.Hour)
	must(w.t, w.db.CatchUp(w.t.Context()))
}

const dataCell = ".govuk-summary-list"

// The cabinet asks the provider for the profile once, not at every view; who
// comes from elsewhere or reloads, and whom the provider has sent word of, sees
// what is true now. Forms always ask.
func TestCabinetKeepsTheProfileForAMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember()
	b := w.signedIn(anna(3)) // ends at the cabinet: the first reading
	read := func(what string, want int, get func()) {
		t.Helper()
		before := w.idp.readings()
		get()
		if got := w.idp.readings() - before; got != want {
			t.Errorf("%s: %d readings of the profile, want %d", what, got, want)
		}
	}
	look := func() { b.Get("/lk/").WantStatus(http.StatusOK).Want(dataCell, "Тестова") }
	read("looking again", 0, func() { look(); look() })
	b.Header.Set("Sec-Fetch-Site", "same-origin")
	read("within the portal", 0, look)
	b.Header.Set("Sec-Fetch-Site", "same-site")
	read("coming back from the profile", 1, look)
	b.Header.Del("Sec-Fetch-Site")
	b.Header.Set("Cache-Control", "max-age=0")
	read("reloading", 1, look)
	b.Header.Del("Cache-Control")
	read("a form, begun and opened", 2, func() { b.Get("/services/criminal-record").Submit("form[action$='/apply']").WantStatus(http.StatusOK) })
	w.offer(anna(3), account.LevelStandard)
	read("after word from the provider", 1, look)
	w.clock.Advance(3 * time.Minute)
	read("after three minutes", 1, look)
	read("right after", 0, look)
	b.Get("/lk/").Submit("form[action='/auth/logout']")
	read("after signing in again", 1, func() { w.signedIn(anna(3)) })
}

// While the provider is away the cabinet shows what it knew, and when; for a
// quarter of an hour.
func TestCabinetWhileTheProfileIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember()
	b := w.signedIn(anna(2))
	w.idp.setAway(true)
	w.clock.Advance(3 * time.Minute)
	b.Get("/lk/").WantStatus(http.StatusOK).Want(".govuk-inset-text", "сегодня в 12:00").Want(dataCell, "Тестова")
	w.clock.Advance(13 * time.Minute)
	page := b.Get("/lk/").WantStatus(http.StatusOK).Want(".govuk-inset-text", "данные не показаны")
	if page.Has(dataCell) {
		t.Error("data of a quarter of an hour ago are shown")
	}
}

// Whose account is deleted at the provider is nobody here at once, and nothing of
// him is shown from memory.
func TestClosedAccountIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember()
	b, p := w.signedIn(anna(2)), anna(2)
	b.Get("/lk/").Want(dataCell, "Тестова")
	ctx := t.Context()
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error { return w.site.Accounts.Close(ctx, tx, p.subject) }))
	if res := b.Raw(http.MethodGet, "/lk/", nil, ""); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the cabinet of a closed account: %d", res.StatusCode)
	}
}

// Nobody sees what is kept for another, however many look at the same time.
func TestNobodySeesWhatIsKeptForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember()
	type view struct {
		browser    *kittest.Browser
		own, else_ string
	}
	views := []view{{w.signedIn(anna(2)), "Тестова", "Борис"}, {w.signedIn(boris(2)), "Борис", "Тестова"}}
	var wg sync.WaitGroup
	for _, v := range views {
		wg.Go(func() {
			for range 15 {
				for _, path := range []string{"/lk/", "/", "/lk/notifications"} {
					text := v.browser.Get(path).WantStatus(http.StatusOK).Text("body")
					if strings.Contains(text, v.else_) || !strings.Contains(text, v.own) {
						t.Errorf("%s of %s shows somebody else", path, v.own)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// The counter in the header is kept and follows what is posted and read (NTF-11).
func TestUnreadCountFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember()
	ctx, owner := t.Context(), ""
	w.signedIn(anna(2))
	owner = w.account(anna(2)).ID
	count := func() (n int) {
		t.Helper()
		m, err := w.site.Notices.Unread(ctx, owner)
		must(t, err)
		for _, k := range m {
			n += k
		}
		return n
	}
	before := count()
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		return w.site.Notices.Post(ctx, tx, notice.Post{
			Owner: owner, Key: "kept", Category: notice.CategorySupport, Type: notice.Types[0], Topic: "test", Object: "ticket/" + db.NewID(), Silent: true,
		})
	}))
	if got := count(); got != before+1 {
		t.Errorf("%d unread after a notice, had %d", got, before)
	}
	must(t, w.site.Notices.MarkRead(ctx, owner))
	if got := count(); got != 0 {
		t.Errorf("%d unread after reading all", got)
	}
}
