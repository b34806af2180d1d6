package portalsite_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// Whatever a stranger asks for, it is not there.
func TestForeignObjectsAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.signedIn(anna(3))
	check := fill(t, a)
	draft := strings.TrimSuffix(check.URL.Path, "/check")
	file := a.Get(draft+"/names").Attr(".okno-file a", "href")
	a.Get(file).WantStatus(200)
	sent := strings.TrimSuffix(fill(t, a).Submit("button[value=send]", "confirm", "1").URL.Path, "/sent")
	own := a.Get(sent).Attr(".okno-file a", "href")

	b := w.signedIn(boris(3))
	for _, path := range []string{
		draft, draft + "/applicant", draft + "/names", draft + "/check", draft + "/delete", file,
		sent, sent + "/sent", sent + "/receipt.pdf", sent + "/application.pdf", sent + "/withdraw", own,
	} {
		b.Get(path).WantStatus(http.StatusNotFound)
	}
	key := url.Values{"_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}, "message": {"x"}, "comment": {"x"}, "confirm": {"1"}, "version": {"1"}}
	for _, path := range []string{draft + "/names", draft + "/check", sent + "/withdraw", sent + "/message", sent + "/answer"} {
		b.Post(path, key).WantStatus(http.StatusNotFound)
	}
	b.Post(draft+"/delete", key).WantPath("/lk/applications") // as if it were gone already
	a.Get(draft + "/names").WantStatus(200)
	a.Get(sent).Want(".govuk-tag", "Отправлено")
}

// Forms are for who is signed in; he lands where he wanted to go.
//
// PRT-02, SVC-02, ID-LOG-08, ID-LOG-16
func TestAnonymousSignsInAndReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/services", "/services/criminal-record", "/agencies", "/help/"} {
		w.visitor().Get(path).WantStatus(200).Want(".okno-header", "Войти")
	}
	w.idp.as(anna(3))
	b := w.visitor()
	card := b.Get("/services/criminal-record")
	card.Lacks("form[action$=apply]", "")
	back := card.Click("a[href$=apply]")
	if back.URL.Path == "/agreement" {
		t.Fatalf("the card asks for the agreement before it is needed")
	}
	back.WantPath("/services/criminal-record").Want(".okno-header", "Тестова").Want("form[action$=apply] button", "Получить услугу")

	for _, path := range []string{"/lk/", "/lk/notifications?q=справка", "/lk/settings", "/lk/applications/archive"} {
		b := w.visitor()
		res := b.Raw(http.MethodGet, path, nil, "")
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "http://esia.test/authorize") {
			t.Errorf("%s: %d to %s", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	deep := w.visitor().Get("/lk/settings")
	deep.WantPath("/agreement").Submit("form[action='/agreement']", "agree", "1").WantPath("/lk/settings")
}

// The first entry asks for the user agreement once; without it there is no
// cabinet.
//
// ID-CNS-08, RPT-01, ID-REG-20
func TestAgreementAtTheFirstEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.visitor().Get("/agreement").WantStatus(200).Want("h1", "соглашение").Lacks("main form", "Принимаю")
	w.idp.as(anna(2))
	b := w.visitor()
	page := b.Get("/auth/begin?back=/lk/").WantPath("/agreement").Want("main", "Принимаю пользовательское соглашение")
	page.Submit("form[action='/agreement']").WantStatus(422).Want(".govuk-error-summary", "Отметьте")
	b.Get("/lk/applications").WantPath("/agreement")
	b.Get("/lk/applications").Submit("form[action='/agreement']", "agree", "1").WantPath("/lk/applications")
	// The second time there is nothing to accept.
	w.visitor().Get("/auth/begin?back=/lk/").WantPath("/lk/")
	// Who refuses leaves.
	w.idp.as(boris(2))
	c := w.visitor()
	c.Get("/auth/begin?back=/lk/").Submit("form[action='/auth/logout']").WantPath("/").Want(".okno-header", "Войти")
}

// The level is checked at the act, not by what a page shows.
//
// SVC-03, ID-LVL-02, ID-LVL-06, ID-LVL-09
func TestLowLevelIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(1))
	card := b.Get("/services/criminal-record")
	card.Want(".okno-callout", "Нужна подтверждённая учётная запись").Want(".okno-callout a", "паспорт и СНИЛС").Lacks("main", "Получить услугу")
	key := url.Values{"_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}}
	b.Post("/services/criminal-record/apply", key).WantPath("/services/criminal-record")
	b.Get("/services/kindergarten-enrolment").Want(".okno-callout", "Нужна стандартная учётная запись")
	b.Post("/services/kindergarten-enrolment/apply", key).WantPath("/services/kindergarten-enrolment")
	if n := w.drafts(anna(1)); n != 0 {
		t.Fatalf("%d drafts were begun", n)
	}
	b.Get("/services/kindergarten-info").Submit("form[action$=apply]").WantStatus(200)
	if n := w.drafts(anna(1)); n != 1 {
		t.Errorf("a service for simplified accounts made %d drafts", n)
	}
	// A draft that was begun in time cannot be sent when the level has fallen.
	c := w.signedIn(boris(3))
	page := fill(t, c)
	w.offer(boris(3), account.LevelStandard)
	page.Submit("button[value=send]", "confirm", "1").WantStatus(http.StatusForbidden)
}

// What the verified profile rules cannot be changed by a form.
//
// SVC-06, SVC-07
func TestVerifiedDataAreNotTakenFromTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	step := b.Get("/services/criminal-record").Submit("form[action$=apply]")
	step.Want(".okno-known", "Тестова Анна Викторовна").Want(".okno-known", "112-233-445 95").Want(".okno-known a", "Изменить в профиле")
	if step.Has("input[name='applicant.surname']") || step.Has("input[name=snils]") {
		t.Error("verified data can be typed")
	}
	b.Post(step.URL.Path, url.Values{
		"applicant.surname": {"Чужая"}, "snils": {"08765430300"}, "address.line": {"г. Тюмень"}, "phone": {"+79120000009"}, "go": {"next"},
	}).Want("h1", "Прежние фамилии")
	page := b.Get(step.URL.Path)
	page.Want(".okno-known", "Тестова Анна").Want(".okno-known", "112-233-445 95")
	if got := page.Attr("input[name=phone]", "value"); got != "+7 912 000-00-09" {
		t.Errorf("an editable value was not taken: %q", got)
	}
}

// A required field without an answer holds the step back with a message at the
// field; one can go back and forth without losing anything.
//
// SVC-04, SVC-05
func TestRequiredFieldsHoldTheStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	page := b.Get(w.draftPath(anna(3)) + "/names")
	if page.Has(".govuk-error-summary") {
		t.Error("a step shows mistakes before it was sent")
	}
	page.Want("legend", "*")
	page = page.Submit("button[value=next]").WantStatus(422).WantPath(page.URL.Path)
	page.Want(".govuk-error-summary a", "Вы меняли фамилию").Want(".govuk-error-message", "Ответьте")
	page = page.Submit("button[value=next]", "changed", "yes", "former", "Кузнецова").WantStatus(422)
	page.Want(".govuk-error-message", "Почему изменилась").Want(".govuk-error-message", "Приложите файл")
	if page.Attr("input[name=former]", "value") != "Кузнецова" {
		t.Error("what was right is lost")
	}
	if page.Attr("input[name=former]", "aria-required") != "true" {
		t.Error("a required field is not marked for readers")
	}
	page = page.Submit("button[value=next]", "changed", "no")
	page.Want("h1", "Какая нужна справка").Click(".govuk-back-link").Want("h1", "Прежние фамилии")
	if !b.Get(page.URL.Path).Has("h1") {
		t.Error("the next step is gone")
	}
}

// Attachments: size to the byte, content against extension, removal.
//
// APL-06, APL-07
func TestAttachmentsAreHeldToTheirLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	page := b.Get(w.draftPath(anna(3)) + "/names")
	attach := func(name string, content []byte) *kittest.Page {
		return page.SubmitFiles("button[value=attach]", []kittest.File{{Field: "file.certificate_scan", Name: name, Content: content}}, "changed", "yes")
	}
	full := pdf(15<<20 - len(pdf(0)))
	for name, c := range map[string]struct {
		file string
		data []byte
		want string
	}{
		"one byte too many": {"скан.pdf", append(full, 'x'), "15 МБ"},
		"a program":         {"скан.pdf", append([]byte("MZ\x90\x00"), bytes.Repeat([]byte{0}, 1000)...), "скан.pdf"},
		"an exe":            {"скан.exe", []byte("MZ\x90\x00"), "скан.exe"},
		"a page":            {"скан.html", []byte("<html><script>alert(1)</script></html>"), "скан.html"},
		"nothing":           {"скан.pdf", nil, "скан.pdf"},
	} {
		if got := attach(c.file, c.data); got.Status != 422 || !strings.Contains(got.Text(".govuk-error-summary"), c.want) {
			t.Errorf("%s: %d %q", name, got.Status, got.Text(".govuk-error-summary"))
		}
	}
	page = attach("скан.pdf", full).WantStatus(200).Want(".okno-file", "скан.pdf").Want(".okno-file", "15 МБ")
	if page.Has("input[type=file]") {
		t.Error("a full slot takes more")
	}
	page = page.Submit("button[name=remove]").WantStatus(200)
	if page.Has(".okno-file") || !page.Has("input[type=file]") {
		t.Error("the file is still there")
	}
	if page.Attr("input[name=changed][value=yes]", "checked") != "" || !page.Has("input[name=changed][value=yes][checked]") {
		t.Error("the answer is lost with the file")
	}
}

// When the session has ended, what was typed is kept and the same step opens
// after the sign-in.
func TestExpiredSessionKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	page := b.Get(w.draftPath(anna(3)) + "/purpose")
	w.clock.Advance(31 * time.Minute)
	page = page.Submit("button[value=next]", "purpose", "work", "regions", "Тюменская область, Курганская область")
	page.WantPath(w.draftPath(anna(3))+"/purpose").Want(".govuk-notification-banner", "Ваши ответы на месте")
	if got := page.Text("textarea[name=regions]"); got != "Тюменская область, Курганская область" {
		t.Errorf("typed text is %q", got)
	}
	// Another person in the same browser does not get it.
	w.clock.Advance(31 * time.Minute)
	w.idp.as(boris(3))
	page.Submit("button[value=next]", "regions", "секрет").WantPath("/agreement")
	b.Get("/agreement?back="+url.QueryEscape(page.URL.Path)).Submit("form[action='/agreement']", "agree", "1").WantStatus(http.StatusNotFound)
}

// Technical errors are a plain page with a number; details are in the log only.
//
// PRT-13
func TestTechnicalErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`DROP SCHEMA content CASCADE`)
	page := w.visitor().Get("/help/").WantStatus(http.StatusInternalServerError)
	page.Want("h1", "Что-то сломалось у нас").Want("main", "Номер ошибки")
	for _, leak := range []string{"content.", "SQL", "relation", "pgx", "help.go"} {
		if strings.Contains(page.Body, leak) {
			t.Errorf("the page shows %q", leak)
		}
	}
}

// The profile being away holds nothing up but what needs it.
func TestProviderAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").WantStatus(200)
	w.idp.setAway(true)
	w.clock.Advance(16 * time.Minute) // longer than what was said is shown
	b.Get("/lk/").WantStatus(200).Want("main", "Профиль сейчас не отвечает")
	b.Get(w.draftPath(anna(3))).WantStatus(200).Want("h1", "Ваши данные")
	b.Get("/services/kindergarten-enrolment").Submit("form[action$=apply]").WantStatus(http.StatusServiceUnavailable).Want("main", "Ничего не потеряно")
}
