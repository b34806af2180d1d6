package portalsite_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// agent is an officer of the support.
func (w *world) agent() *officer.Officer {
	w.t.Helper()
	o, err := w.site.Support.Officers.Add(w.t.Context(), officer.Officer{Subject: "2000000001", Name: "Верина Вера Олеговна", Roles: []officer.Role{officer.RoleSupport}})
	must(w.t, err)
	return o
}

// board is what waits for the support.
func (w *world) board(o *officer.Officer) []support.Row {
	w.t.Helper()
	b, err := w.site.Support.Board(w.t.Context(), o.ID, support.Filter{View: support.ViewOpen})
	must(w.t, err)
	return b.Rows
}

func (w *world) answerTicket(o *officer.Officer, id, text string) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, act := range []func(support.Deed) error{
		func(d support.Deed) error { return w.site.Support.Take(ctx, d) },
		func(d support.Deed) error { return w.site.Support.Answer(ctx, d) },
	} {
		x, err := w.site.Support.Read(ctx, o.ID, id)
		must(w.t, err)
		must(w.t, act(support.Deed{Officer: o.ID, Ticket: id, Key: db.NewID(), Version: x.Version, Text: text}))
	}
	w.settle()
}

// The link is at the bottom of every page, for everybody, and knows the page.
//
// ERR-01
func TestEveryPageLeadsToTheReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for who, b := range map[string]*kittest.Browser{"anybody": w.visitor(), "Anna": w.signedIn(anna(3))} {
		for path, status := range map[string]int{
			"/": 200, "/services": 200, "/search?q=паспорт": 200, "/services/criminal-record": 200, "/agencies": 200, "/situations": 200, "/centres": 200,
			"/help/": 200, "/news": 200, "/acts": 200, "/privacy": 200, "/agreement": 200, "/support": 200, "/report": 200, "/no/such/page": 404, "/prefs/vi": 200,
		} {
			page := b.Get(path).WantStatus(status).Want(".okno-footer a[href^='/report']", "Сообщить об ошибке")
			about, err := url.Parse(page.Attr(".okno-footer a[href^='/report']", "href"))
			must(t, err)
			if got := about.Query().Get("page"); got != strings.SplitN(path, "?", 2)[0] || len(about.Query()) != 1 {
				t.Errorf("%s at %s: the link says %q", who, path, about.RawQuery)
			}
		}
	}
	w.signedIn(anna(3)).Get("/lk/").Want(".okno-footer a", "Сообщить об ошибке")
	// The id of an error comes along; the key of a paper does not.
	broken := w.visitor()
	broken.Unruly = true
	link := broken.Get("/check/AbCdEfGhIjKlMnOpQrStUvWx0123456789").Attr(".okno-footer a[href^='/report']", "href")
	if strings.Contains(link, "AbCd") {
		t.Errorf("the link carries the key of a paper: %s", link)
	}
}

// A report works without an account, without cookies and without script; it
// brings page, error id and browser into the queue.
//
// ERR-01, ERR-02, G-06
func TestAnonymousReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.agent()
	b := w.visitor()
	b.Header.Set("User-Agent", "Mozilla/5.0 (старый телефон)")
	page := b.Get("/report?page=/services/passport%3Fq%3Dx&error=1a2B3c4d")
	page.Want(".govuk-summary-list", "/services/passport").Want(".govuk-summary-list", "1a2B3c4d").Want(".govuk-summary-list", "старый телефон").
		Want(".govuk-character-count__message", "2 000").Lacks("main", "q=x")
	bad := page.Submit("form[action='/report']", "email", "я@").WantStatus(422)
	bad.Want(".govuk-error-summary", "Опишите, что случилось").Want("#email-error", "целиком")
	done := bad.Submit("form[action='/report']", "text", "Кнопка не нажимается\r\n\r\nСовсем", "email", "").WantStatus(200).WantPath("/report/sent")
	number := done.Text(".okno-done b")
	rows := w.board(o)
	if len(rows) != 1 || rows[0].Number != number || rows[0].Page != "/services/passport" || rows[0].ErrorID != "1a2B3c4d" ||
		!strings.Contains(rows[0].Browser, "Mozilla/5.0") || rows[0].Channel != support.ChannelReport || rows[0].Owner != "" || !rows[0].CreatedAt.Equal(noon) {
		t.Errorf("queue %+v, number %s", rows, number)
	}
	// Sent again, it is the same ticket.
	again := bad.Submit("form[action='/report']", "text", "Кнопка не нажимается", "email", "")
	if got := again.Text(".okno-done b"); got != number || len(w.board(o)) != 1 {
		t.Errorf("sent twice: %s and %s", number, got)
	}
}

// The form of the support asks anybody for all that is needed.
//
// HLP-03, HLP-05, HLP-06, HLP-10, HLP-12
func TestSupportFormOfAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.agent()
	page := w.visitor().Get("/help/").Click("aside a[href='/support']")
	page.Want("aside", "8 800 100-70-10").Want("aside", "115").Want("select option", "при личном визите").Want("main", "в течение 24 часов")
	bad := page.Submit("form[action='/support']").WantStatus(422)
	for _, field := range []string{"name", "email", "topic", "kind", "text"} {
		if !bad.Has("#"+field+"-error") || !bad.Has(".govuk-error-summary a[href='#"+field+"']") {
			t.Errorf("no message at %s", field)
		}
	}
	long := bad.Submit("form[action='/support']", "name", "Пётр", "email", "petr@example.org", "topic", "in_person", "kind", "question", "text", strings.Repeat("ж", 2001)).
		WantStatus(422).Want("#text-error", "длиннее 2000 знаков на 1")
	if got := long.Attr("#name", "value"); got != "Пётр" || !long.Has("option[value=in_person][selected]") || !long.Has("#kind[checked]") {
		t.Error("what was typed is lost")
	}
	long.Submit("form[action='/support']", "text", "Куда прийти?").WantStatus(200).WantPath("/support/sent")
	rows := w.board(o)
	if len(rows) != 1 || rows[0].Name != "Пётр" || rows[0].Email != "petr@example.org" || rows[0].Topic != support.TopicInPerson {
		t.Errorf("queue %+v", rows)
	}
}

// Programs fall into the field that nobody sees; floods end; other origins are
// refused; addresses on the page of thanks are not made of what is typed.
//
// ERR-02
func TestSupportIsHardToAbuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.agent()
	b := w.visitor()
	page := b.Get("/report")
	trapped := page.Submit("form[action='/report']", "text", "Купите", "website", "http://spam.test").WantStatus(422)
	trapped.Want(".govuk-error-summary", "Оставьте это поле пустым")
	if !trapped.Has("input#website.govuk-input") {
		t.Error("who fell into it by mistake does not see the field")
	}
	if n := len(w.board(o)); n != 0 {
		t.Fatalf("%d tickets of a program", n)
	}
	trapped.Submit("form[action='/report']", "website", "").WantPath("/report/sent")
	key := func() url.Values { return url.Values{"_key": {db.NewID()}, "text": {"ещё"}} }
	for range 4 {
		b.Post("/report", key()).WantStatus(200)
	}
	flood := b.Post("/report", key()).WantStatus(429)
	flood.Want(".govuk-error-summary", "через").Want("textarea", "ещё")
	if flood.Header.Get("Content-Type") == "" || len(w.board(o)) != 5 {
		t.Errorf("%d tickets", len(w.board(o)))
	}
	other := w.visitor()
	other.Addr = "198.51.100.7:1"
	other.Get("/report").Submit("form[action='/report']", "text", "А у меня другое").WantPath("/report/sent")
	b.PostFrom("http://evil.test", "/report", key()).WantStatus(403)
	b.Post("/report", url.Values{"text": {"без ключа"}}).WantStatus(422)
	for _, n := range []string{"", "1", "<b>1</b>", "1234-56789"} {
		b.Get("/report/sent?n=" + url.QueryEscape(n)).WantPath("/report")
	}
	odd := b.Get("/report?page=" + url.QueryEscape(`javascript:alert(1)`) + "&error=" + url.QueryEscape(`"><script>`))
	odd.Lacks("main", "javascript").Lacks("main", "<script>").Want(".govuk-summary-list", "Не указана")
}

// Who is signed in is not asked for what is known; the answer comes into his
// feed, and he can go on asking.
//
// HLP-05, HLP-08, NTF-03, NTF-08
func TestOwnTickets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.agent()
	b := w.signedIn(anna(3))
	b.Get("/lk/support").Want("h1", "Мои обращения").Want(".okno-state", "Вы ещё не писали")
	form := b.Get("/support")
	form.Want(".okno-known", "Тестова Анна Викторовна")
	if form.Has("#email") || form.Has("#name") {
		t.Error("asked for what is known")
	}
	x := form.Submit("form[action='/support']", "topic", "service", "kind", "question", "text", "Когда?\n\n<b>Срочно</b>")
	x.Want("h1", "Обращение №").Want(".govuk-notification-banner", "отправлено").Want("#state", "25 ноября 2026 в 12:00").Want(".okno-message", "<b>Срочно</b>")
	at := x.URL.Path
	x.Submit("form[action$=message]", "text", "").WantStatus(422).Want("#text-error", "Введите текст")
	w.answerTicket(o, strings.TrimPrefix(at, "/lk/support/"), "Завтра.\nВ 12 часов.")

	acc := w.account(anna(3))
	feed := b.Get("/lk/notifications?category=support")
	feed.Want(".okno-feed", "Поддержка ответила вам").Want(".okno-chips", "Техподдержка")
	read := feed.Click(".okno-feed h3 a").WantPath(at)
	read.Want(".govuk-tag", "Есть ответ").Want(".okno-message", "Поддержка, Верина В. О.").Want(".okno-message", "Завтра.")
	if unread, err := w.site.Notices.Unread(t.Context(), acc.ID); err != nil || unread[notice.CategorySupport] != 0 {
		t.Errorf("unread %v after the page was opened, %v", unread, err)
	}
	again := read.Submit("form[action$=message]", "text", "А точнее?")
	again.WantPath(at).Want(".govuk-tag", "В работе").Want(".okno-message--mine", "А точнее?")
	solved := again.Submit("form[action$=solve]").Want("#state", "закрыто: вопрос решён")
	if solved.Has("textarea") {
		t.Error("one can write to a closed ticket")
	}
	b.Post(at+"/message", url.Values{"_key": {db.NewID()}, "text": {"Ещё"}}).WantStatus(409)
	b.Get("/lk/support").Want(".okno-feed", "Закрыто")
	b.Get("/").Want(".okno-menu__panel", "Обращения в поддержку")

	stranger := w.signedIn(boris(3))
	stranger.Get(at).WantStatus(404)
	stranger.Post(at+"/message", url.Values{"_key": {db.NewID()}, "text": {"Ага"}}).WantStatus(404)
	stranger.Post(at+"/solve", nil).WantStatus(404)
	stranger.Get("/lk/support?after=evil").WantStatus(404)
}

// A service is rated once it is decided: one mark, which may be changed.
//
// SVC-23, G-07
func TestRatingOfADecidedService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	sent := fill(t, b).Submit("button[value=send]", "confirm", "1").Want("main", "сможете оценить услугу")
	at := strings.TrimSuffix(sent.URL.Path, "/sent")
	if b.Get(at).Has("#rating") {
		t.Error("asked to rate what is not decided")
	}
	b.Post(at+"/rate", url.Values{"stars": {"5"}}).WantStatus(409).Want(".govuk-error-summary", "решение")
	w.settle()
	w.exec(`UPDATE application.application SET status = 'granted', outcome = 'granted'`)
	page := b.Get(at)
	page.Want("#rating", "Оцените услугу")
	if n := len(page.All("input[name=stars]")); n != 5 {
		t.Fatalf("%d marks", n)
	}
	for _, mark := range []string{"0", "6", "-1", "пять"} {
		b.Post(at+"/rate", url.Values{"stars": {mark}}).WantStatus(422).Want("#stars-error", "от 1 до 5")
	}
	page.Submit("form[action$=rate]").WantStatus(422)
	page.Submit("form[action$=rate]", "stars", "4", "opinion", strings.Repeat("х", application.MaxText+1)).WantStatus(422).Want("#opinion-error", "4 000")
	page = page.Submit("form[action$=rate]", "stars", "2", "opinion", "Долго").WantStatus(200).Want("[role=status]", "Ваша оценка: 2 из 5")
	page.Submit("form[action$=rate]", "stars", "4").Want("[role=status]", "Ваша оценка: 4 из 5")
	list, err := w.site.Applications.Ratings(t.Context(), "")
	must(t, err)
	if len(list) != 1 || list[0].Count != 1 || list[0].Average != 4 {
		t.Errorf("ratings %+v", list)
	}
	w.signedIn(boris(3)).Post(at+"/rate", url.Values{"stars": {"1"}}).WantStatus(404)
}

// The pages of the support speak all three languages, whole.
func TestSupportInThreeLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for lang, title := range map[string]string{"tt": "Ярдәм хезмәтенә язарга", "en": "Write to support"} {
		b := w.visitor()
		b.SetCookie("okno_lang", lang)
		page := b.Get("/support").Want("h1", title)
		if got := page.Attr("html", "lang"); got != lang {
			t.Errorf("language %s", got)
		}
		done := page.Submit("form[action='/support']", "name", "P", "email", "p@example.org", "topic", "other", "kind", "question", "text", "?")
		done.WantPath("/support/sent")
		b.Get("/report").Submit("form[action='/report']").WantStatus(422)
	}
	for key, n := range w.site.Bundle.Missing() {
		if strings.Contains(key, " support.") {
			t.Errorf("no text for %s (%d times)", key, n)
		}
	}
}
