package portalsite_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// File names of the enemy's are names and nothing else: no headers, no paths,
// no text that turns the extension around; and what is served cannot run.
func TestHostileFileNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	at := w.draftPath(anna(3)) + "/names"
	for _, name := range []string{
		"../../../etc/passwd.pdf", `..\..\boot.pdf`, "a\r\nSet-Cookie: evil=1\r\n.pdf", "скан\u202efdp.exe.pdf", `"; filename=evil.html; x=".pdf`,
		"<img src=x onerror=alert(1)>.pdf", strings.Repeat("ж", 400) + ".pdf", ".pdf", " . .pdf",
	} {
		page := b.Get(at).SubmitFiles("button[value=attach]", []kittest.File{{Field: "file.certificate_scan", Name: name, Content: pdf(20)}}, "changed", "yes")
		if page.Status != http.StatusOK || !page.Has(".okno-file a") {
			t.Errorf("%q: %d, %s", name, page.Status, page.Text(".govuk-error-summary"))
			continue
		}
		if page.Has(".okno-file img") {
			t.Errorf("%q is markup", name)
		}
		res := b.Raw(http.MethodGet, page.Attr(".okno-file a", "href"), nil, "")
		body, err := io.ReadAll(res.Body)
		must(t, err)
		_ = res.Body.Close()
		h := res.Header
		said := h.Get("Content-Disposition")
		if !strings.HasPrefix(said, "attachment") || strings.ContainsAny(said, "\r\n\x00/\\\u202e") || h.Get("Set-Cookie") != "" || strings.Contains(said, "%2F") || strings.Contains(said, "%E2%80%AE") {
			t.Errorf("%q is served as %q", name, said)
		}
		if len(said) > 2000 {
			t.Errorf("%q makes a header of %d bytes", name, len(said))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Content-Type") != "application/pdf" || !bytes.Equal(body, pdf(20)) {
			t.Errorf("%q: %v", name, h)
		}
		b.Get(at).Submit("button[name=remove]").WantStatus(http.StatusOK)
	}
}

// An extension that lies is refused, whichever way round; an archive is never
// unpacked, so a bomb is as small as it is.
func TestLyingFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	at := w.draftPath(anna(3)) + "/names"
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	page := []byte("<!DOCTYPE html><html><body><script>alert(1)</script>")
	for name, content := range map[string][]byte{
		"скан.svg": svg, "скан.png": svg, "скан.pdf": page, "скан.jpg": page, "скан.html": page, "скан.pdf.html": page, "скан.": pdf(5), "скан": pdf(5),
		"скан.js": []byte("alert(1)"), "скан.pdf\x00.html": page, "скан.exe": []byte("MZ\x90\x00"), "пусто.pdf": nil,
	} {
		got := b.Get(at).SubmitFiles("button[value=attach]", []kittest.File{{Field: "file.certificate_scan", Name: name, Content: content}}, "changed", "yes")
		if got.Status != http.StatusUnprocessableEntity || got.Has(".okno-file a") {
			t.Errorf("%q is taken: %d", name, got.Status)
		}
	}
	// A slot that the form does not have, and one that is hidden by an answer.
	got := b.Get(at).SubmitFiles("button[value=attach]", []kittest.File{{Field: "file.passport_of_another", Name: "a.pdf", Content: pdf(5)}}, "changed", "yes")
	if got.Status == http.StatusOK && got.Has(".okno-file a") {
		t.Error("a foreign slot takes a file")
	}
	small := bomb(t)
	if len(small) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(small))
	}
	taken := b.Get(at).SubmitFiles("button[value=attach]", []kittest.File{{Field: "file.certificate_scan", Name: "архив.zip", Content: small}}, "changed", "yes")
	if taken.Status/100 == 5 {
		t.Errorf("a bomb: %d", taken.Status)
	}
}

// bomb is a zip of a few kilobytes that unpacks to 64 megabytes.
func bomb(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create("../../bomb.txt")
	must(t, err)
	zeros := make([]byte, 1<<20)
	for range 1 << 6 {
		_, err := f.Write(zeros)
		must(t, err)
	}
	must(t, z.Close())
	return out.Bytes()
}

// Answers to fields that the form does not ask for now are no part of what is
// checked, signed and handed over; texts of the enemy's are texts.
//
// SVC-09
func TestHiddenAndHostileAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := b.Get("/services/criminal-record").Submit("form[action='/services/criminal-record/apply']")
	page = page.Submit("button[value=next]", "address.postcode", "625000")
	b.Post(page.URL.Path, url.Values{
		"go": {"next"}, "changed": {"no"}, "former": {"Подлогова"}, "reason": {"marriage"}, "certificate": {"I-ФР 512044"},
		"full_name.surname": {"Чужая"}, "owner": {"x"}, "status": {"granted"}, "snils": {"00000000000"},
	}).WantStatus(200)
	evil := `<script>alert("x")</script>{{7*7}}'"><b>`
	page = b.Get(w.draftPath(anna(3))+"/purpose").Submit("button[value=next]", "purpose", "work", "regions", evil)
	page = page.Submit("button[value=next]", "delivery", "cabinet", "consent", "yes").WantStatus(200)
	page.Lacks("main", "Подлогова").Lacks("main", "512044").Lacks("main", "Чужая").Want("main", evil)
	if page.Has("main script") || page.Has("main dd b b") {
		t.Error("an answer is markup")
	}
	sent := page.Submit("button[value=send]", "confirm", "1").WantStatus(200)
	one := b.Get(strings.TrimSuffix(sent.URL.Path, "/sent"))
	one.Lacks("main", "Подлогова").Want("main", evil).Want(".govuk-tag", "Отправлено")
	signed, _, err := w.site.Applications.Signed(t.Context(), strings.TrimPrefix(one.URL.Path, "/lk/applications/"), 1)
	must(t, err)
	for _, word := range []string{"Подлогова", "512044", "Чужая"} {
		if bytes.Contains(signed, []byte(word)) {
			t.Errorf("%s is signed", word)
		}
	}
	for _, file := range []string{"/receipt.pdf", "/application.pdf"} {
		if got := b.Get(one.URL.Path + file); got.Status != 200 || !strings.HasPrefix(got.Body, "%PDF") {
			t.Errorf("%s: %d", file, got.Status)
		}
	}
}

// Eight windows send at once, one with an old version: one application.
//
// SVC-10
func TestParallelSubmissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := fill(t, b)
	form := url.Values{"version": {page.Attr("input[name=version]", "value")}, "confirm": {"1"}}
	// The draft was changed in another window after this page was shown.
	b.Get(strings.TrimSuffix(page.URL.Path, "/check")+"/purpose").Submit("button[value=next]", "regions", "Курганская область")
	if stale := b.Post(page.URL.Path, form); stale.Status != http.StatusConflict {
		t.Fatalf("an old page signs: %d", stale.Status)
	}
	fresh := b.Get(page.URL.Path)
	form.Set("version", fresh.Attr("input[name=version]", "value"))
	var all sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		all.Go(func() {
			res := b.Raw(http.MethodPost, page.URL.Path, []byte(form.Encode()), "application/x-www-form-urlencoded")
			_ = res.Body.Close()
			codes[i] = res.StatusCode
		})
	}
	all.Wait()
	for _, code := range codes {
		if code != http.StatusSeeOther {
			t.Errorf("answers %v", codes)
			break
		}
	}
	list, err := w.site.Applications.List(t.Context(), w.account(anna(3)).ID, application.Filter{})
	must(t, err)
	if len(list.Applications) != 1 {
		t.Errorf("%d applications", len(list.Applications))
	}
}

// Words of the enemy's in addresses give pages, not faults of the server.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	long := strings.Repeat("паспорт ", 1300)
	for _, q := range []string{long, "%00", "\x00", "\xff\xfe", "\u202e", "' OR 1=1 --", "<script>", "%", "_", "\\", strings.Repeat("a", 10_000), "🙂🙂", "\n\r\t", "(", "*"} {
		enc := url.QueryEscape(q)
		for _, path := range []string{
			"/search?q=", "/search/suggest?q=", "/services?q=", "/help/?q=", "/lk/applications?q=", "/lk/applications/archive?q=", "/lk/notifications?q=",
			"/lk/notifications?category=", "/lk/notifications?after=", "/lk/applications?after=", "/centres?q=", "/place?q=", "/services?level=", "/support?topic=", "/report?page=",
			"/auth/begin?back=", "/agreement?back=",
		} {
			if got := b.Raw(http.MethodGet, path+enc, nil, ""); got.StatusCode >= 500 {
				t.Errorf("%s%.40q: %d", path, q, got.StatusCode)
			} else {
				_ = got.Body.Close()
				if loc := got.Header.Get("Location"); strings.HasPrefix(loc, "//") || strings.ContainsAny(loc, "\r\n\\") {
					t.Errorf("%s%.40q leads to %q", path, q, loc)
				}
			}
		}
	}
	for _, id := range []string{"x", "%00", "%2e%2e", db.NewID(), "'", strings.Repeat("9", 300), "%ff"} {
		for _, path := range []string{
			"/lk/drafts/ID", "/lk/drafts/ID/names", "/lk/drafts/ID/check", "/lk/drafts/ID/files/ID", "/lk/applications/ID", "/lk/applications/ID/receipt.pdf",
			"/lk/applications/ID/files/ID", "/lk/support/ID", "/services/ID", "/categories/ID", "/agencies/ID", "/situations/ID", "/help/ID", "/news/ID", "/check/ID", "/place/ID",
		} {
			addr := strings.ReplaceAll(path, "ID", id)
			res := b.Raw(http.MethodGet, addr, nil, "")
			_ = res.Body.Close()
			if res.StatusCode != http.StatusNotFound && res.StatusCode/100 != 3 && res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %d", addr, res.StatusCode)
			}
		}
	}
}

// No form of the portal obeys another site.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	check := fill(t, b)
	draft := strings.TrimSuffix(check.URL.Path, "/check")
	for _, path := range []string{
		"/services/criminal-record/apply", draft + "/names", draft + "/check", draft + "/delete", "/lk/settings", "/lk/notifications/read", "/auth/logout",
		"/auth/extend", "/agreement", "/support", "/help/levels/rate", "/place",
	} {
		b.PostFrom("http://evil.test", path, url.Values{"_key": {db.NewID()}, "confirm": {"1"}, "version": {"1"}}).WantStatus(http.StatusForbidden)
	}
	b.Get(check.URL.Path).WantStatus(http.StatusOK)
}
