package portalsite_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/portal/notice"
)

func num(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Drafts survive, are listed, open at their step, can be deleted and end.
//
// DRF-01, DRF-02, DRF-03, DRF-04, DRF-05
func TestDrafts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get(certificate).Submit("form[action$=apply]").Submit("button[value=next]")
	draft := w.draftPath(anna(3))
	b.Get(draft+"/names").Submit("button[value=save]", "changed", "yes", "former", "Кузнецова").WantPath("/lk/applications").Want("main", "Черновик")

	// Another browser, another day.
	w.clock.Advance(26 * time.Hour)
	c := w.signedIn(anna(3))
	feed := c.Get("/lk/notifications?category=draft").Want(".okno-feed", "Справка о наличии (отсутствии) судимости")
	if tag := feed.Text(".okno-feed .govuk-tag"); tag != "Черновик" {
		t.Errorf("an unfinished draft is called %q", tag)
	}
	step := feed.Click(".okno-feed h3 a").Want("h1", "Прежние фамилии")
	if step.Attr("input[name=former]", "value") != "Кузнецова" {
		t.Error("the typed name is lost")
	}
	c.Get("/lk/applications").Want("main", "Хранится до 23 февраля 2027")
	c.Get(certificate).Want("main", "Продолжить черновик")

	// The profile changed meanwhile: the draft follows.
	changed := anna(3)
	changed.profile.Person.Surname = "Новикова"
	w.idp.as(changed)
	w.clock.Advance(time.Minute)
	c.Get(draft)
	c.Get(draft+"/applicant").Want(".okno-known", "Новикова Анна")

	c.Get("/lk/applications").Click("a[href$='/delete']").Want("h1", "Удалить черновик?").Submit("main form button").WantPath("/lk/applications").Lacks("main", "Кузнецова")
	c.Get(draft).WantStatus(404)
	c.Get("/lk/notifications?category=draft").Lacks("main", "судимости")

	// An untouched draft ends with a word before.
	c.Get(certificate).Submit("form[action$=apply]")
	w.clock.Advance(85 * 24 * time.Hour)
	w.settle()
	w.signedIn(changed).Get("/lk/notifications").Want(".okno-feed", "скоро удалится")
	w.clock.Advance(7 * 24 * time.Hour)
	w.settle()
	w.signedIn(changed).Get("/lk/notifications").Want(".okno-feed", "Черновик удалён")
	if n := w.drafts(changed); n != 0 {
		t.Errorf("%d drafts are left", n)
	}
}

// «Мои заявления»: 30 days, the archive, and search by name, number, agency.
//
// SVC-12, SVC-13, SVC-20, NTF-07
func TestApplicationsArchiveAndSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	number := fill(t, b).Submit("button[value=send]", "confirm", "1").Text(".okno-done b")
	for _, q := range []string{"судимости", number, "внутренних дел"} {
		b.Get("/lk/applications?q="+url.QueryEscape(q)).Want(".okno-feed", number)
		b.Get("/lk/notifications?q="+url.QueryEscape(q)).Want(".okno-feed", number)
	}
	b.Get("/lk/applications?q="+url.QueryEscape("детский сад")).Want("main", "Ничего не нашлось").Want("main a", "архив")
	b.Get("/lk/notifications?q="+url.QueryEscape("детский сад")).Want("main", "Ничего не нашлось")
	w.clock.Advance(31 * 24 * time.Hour)
	c := w.signedIn(anna(3))
	c.Get("/lk/applications").Lacks("main", number)
	c.Get("/lk/applications/archive").Want(".okno-feed", number)
}

// Feed: categories, unread, mark as read; opening the object reads it.
//
// NTF-02, NTF-03, NTF-11, SVC-19
func TestFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	fill(t, b).Submit("button[value=send]", "confirm", "1")
	w.settle()
	page := b.Get("/lk/notifications").Want(".okno-feed .is-unread", "Заявление отправлено").Want(".okno-header .okno-count", "2")
	if chips := page.Texts(".okno-chips li"); len(chips) != 1+len(notice.Categories) {
		t.Errorf("filters: %q", chips)
	}
	for _, name := range []string{"Платёж", "Заявление", "Черновик", "Запись на приём", "Госпочта", "Техподдержка"} {
		page.Want(".okno-chips", name)
	}
	b.Get("/lk/notifications?category=payment").Want("main", "Здесь пока пусто")
	b.Get("/lk/notifications?category=nonsense").WantStatus(404)
	b.Get("/lk/notifications?after=nonsense").WantStatus(404)
	page.Submit("form[action$='/read'] button").WantPath("/lk/notifications").Lacks(".okno-feed .is-unread", "Заявление")
	fill(t, b).Submit("button[value=send]", "confirm", "1").Click("main a.govuk-button")
	if n := len(b.Get("/lk/notifications").All(".okno-feed .is-unread")); n != 0 {
		t.Errorf("%d unread after the application was opened", n)
	}
}

// Settings: type × channel, convenient time, all off; the feed stays.
//
// NTS-01, NTS-02, NTS-06, NTS-09
func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := b.Get("/lk/settings").Want("main", "Коды для входа")
	for _, typ := range notice.Types {
		for _, ch := range notice.Channels {
			if !page.Has("input[name=" + string(typ) + "][value=" + string(ch) + "]") {
				t.Errorf("no box for %s by %s", typ, ch)
			}
		}
	}
	if !page.Has("input[name=application][value=sms][checked]") || page.Has("input[name=news][checked]") {
		t.Error("defaults are not sensible")
	}
	page = page.Submit("button[value=off]").WantPath("/lk/settings").Want(".govuk-notification-banner", "Настройки сохранены")
	if page.Has("main input[checked]") {
		t.Error("something is still on")
	}
	fill(t, b).Submit("button[value=send]", "confirm", "1")
	w.settle()
	if n := w.messages(); n != 0 {
		t.Errorf("%d messages went out though all are off", n)
	}
	b.Get("/lk/notifications").Want(".okno-feed", "Заявление отправлено")
	page = b.Get("/lk/settings").Submit("button[value=save]", "from", "9", "until", "21")
	if page.Attr("select[name=from] option[selected]", "value") != "9" || page.Attr("select[name=until] option[selected]", "value") != "21" {
		t.Error("the convenient time is not kept")
	}
	page.Submit("button[value=save]", "from", "9", "until", "9").WantStatus(422).Want(".govuk-error-summary", "")
}

// Withdrawing asks first, happens once, and a message reaches the case.
func TestWithdrawAndWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	sent := strings.TrimSuffix(fill(t, b).Submit("button[value=send]", "confirm", "1").URL.Path, "/sent")
	page := b.Get(sent)
	page.Submit("form[action$=message]").WantStatus(422).Want("#message-error", "")
	page.Submit("form[action$=message]", "message", "Когда будет готово?").Want(".okno-message--mine", "Когда будет готово?")
	page.Submit("form[action$=message]", "message", "Когда будет готово?")
	if n := len(b.Get(sent).All(".okno-message")); n != 1 {
		t.Errorf("a form sent twice made %d messages", n)
	}
	ask := b.Get(sent).Click("a[href$=withdraw]").Want("h1", "Отозвать заявление?")
	ask.Submit("main form button").WantPath(sent).Want(".govuk-tag", "Отозвано").Lacks("main", "Новое сообщение")
	ask.Submit("main form button").WantPath(sent)
	b.Get(sent + "/withdraw").WantPath(sent)
}

// The paper's code leads to a page that proves it and names nobody.
func TestPublicCheckOfAReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := fill(t, b).Submit("button[value=send]", "confirm", "1")
	id := strings.Split(page.URL.Path, "/")[3]
	proof, err := w.site.Applications.ProofURL(t.Context(), w.account(anna(3)).ID, id)
	must(t, err)
	public := w.visitor().Get(strings.TrimPrefix(proof, "http://uslugi.test")).Want("h1", "Документ подлинный").Want("main", page.Text(".okno-done b"))
	for _, private := range []string{"Тестова", "Анна", "Кузнецова", "7114"} {
		if strings.Contains(public.Body, private) {
			t.Errorf("the public page names %q", private)
		}
	}
}

// The cabinet has its three tabs, the level, and the way to the next one.
//
// PRT-07, ID-LVL-08, C-53
func TestCabinet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	for _, path := range []string{"/lk/", "/lk/notifications", "/lk/settings"} {
		page := b.Get(path)
		for _, tab := range []string{"Персональная информация", "Лента уведомлений", "Настройка уведомлений"} {
			page.Want(".okno-tabs", tab)
		}
	}
	page := b.Get("/lk/").Want(".okno-level", "Стандартная").Want(".okno-callout", "До подтверждённой записи один шаг").Want("main", "71 14 № 482106").Want("main", "112-233-445 95")
	page.Want(".okno-callout a", "Как подтвердить личность")
	w.offer(anna(2), 3)
	again := b.Get("/lk/").Want(".okno-callout", "Войдите заново")
	w.idp.as(anna(3))
	again.Click(".okno-callout a").WantPath("/lk/").Want(".okno-level", "Подтверждённая").Lacks("main", "один шаг")
}
