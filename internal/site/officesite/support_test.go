package officesite_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
	"github.com/okno-gov/okno/services"
)

const (
	vera  = "1000000031" // answers for the support
	admin = "1000000032" // administers the portal, no support
)

// hire adds the staff of the portal itself.
func (w *world) hire() {
	w.t.Helper()
	for subject, role := range map[string]officer.Role{vera: officer.RoleSupport, admin: officer.RoleAdmin} {
		_, err := w.site.Officers.Add(w.t.Context(), officer.Officer{Subject: subject, Name: "Верина Вера Олеговна", Roles: []officer.Role{role}})
		must(w.t, err)
	}
}

// ask makes a ticket of the citizen, or without account.
func (w *world) ask(owner, text string) *support.Ticket {
	w.t.Helper()
	x, err := w.site.Support.Open(w.t.Context(), support.Request{
		Key: db.NewID(), Owner: owner, Name: "Анна", Email: "petr@example.org", Topic: support.TopicSite, Kind: support.KindProblem, Text: text,
		Page: "/services/passport", ErrorID: "1a2b3c4d", Browser: "Mozilla/5.0", Device: "d", Known: true, Network: "n",
	})
	must(w.t, err)
	return x
}

// From the queue to the answer in the citizen's feed.
//
// BO-21, HLP-07, HLP-08, ERR-02
func TestTicketFromQueueToAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	x := w.ask(w.owner, "Страница не открывается.\n\nСовсем.")
	b := w.clerk(vera)
	board := b.Get("/").WantPath("/support")
	board.Want(".okno-nav [aria-current]", "Поддержка").Lacks(".okno-nav", "Очередь").Lacks(".okno-nav", "Оценки")
	board.Want("tbody", "Страница не открывается. Совсем.").Want("tbody", x.Number).Want(".okno-footer a[href^='http://uslugi.test/report?page=office.test%2Fsupport']", "Сообщить об ошибке")
	c := board.Click("tbody a")
	c.Want("h1", x.Number).Want(".okno-facts", "/services/passport").Want(".okno-facts", "1a2b3c4d").Want(".okno-facts", "Mozilla/5.0").Want(".okno-facts", "25 ноября 2026 в 12:00")
	if c.Has("form[action$=answer]") {
		t.Error("one can answer before taking the ticket")
	}
	c = c.Submit("form[action$=take] button").Want("#p-act + p", "Обращение ваше").Want(".okno-panel", "Взято в работу")
	c.Submit("form[action$=answer]").WantStatus(422).Want("#text-error", "Введите текст")
	c.Submit("form[action$=note]", "note", strings.Repeat("д", 2001)).WantStatus(422).Want("#note-error", "на 1")
	c = c.Submit("form[action$=note]", "note", "Сервер перезапущен").Want(".okno-message", "Сервер перезапущен")
	c = c.Submit("form[action$=answer]", "text", "Уже открывается.").Want(".govuk-tag", "Есть ответ").Want(".okno-message--mine", "Уже открывается.")
	w.settle()
	feed, err := w.site.Support.Notices.List(t.Context(), w.owner, notice.Filter{Category: notice.CategorySupport})
	must(t, err)
	if len(feed.Entries) != 2 || feed.Entries[0].Topic != "support.answered" {
		t.Errorf("feed %+v", feed.Entries)
	}
	mine, err := w.site.Support.Get(t.Context(), w.owner, x.ID)
	must(t, err)
	if len(mine.Messages) != 2 || strings.Contains(mine.Messages[1].Text, "перезапущен") {
		t.Errorf("the citizen reads %+v", mine.Messages)
	}
	c.Submit("form[action$=close]").WantStatus(422).Want("#ending-error", "Выберите причину")
	c.Submit("form[action$=close]", "ending", "phone", "why", "Позвонила").WantPath("/support")
	b.Get("/support?show=closed").Want("tbody", x.Number).Want("tbody", "Закрыто")
	b.Get("/support?q="+x.Number).Want("tbody", x.Number)
	b.Get("/support?q=1a2b3c4d").Want("tbody", x.Number)
	b.Get("/support?q=nothing").Want(".okno-state", "Ничего не нашлось")
}

// HLP-07: what is late stands out and in a list of its own.
func TestLateTickets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	x := w.ask("", "Где ответ?")
	w.clock.Advance(21 * time.Hour)
	b := w.clerk(vera)
	b.Get("/support").Want("tr.is-today", "Осталось 3 часа")
	b.Get("/support?show=late").Lacks("tbody", x.Number)
	w.clock.Advance(5 * time.Hour)
	b = w.clerk(vera)
	b.Get("/support?show=late").Want("tr.is-late", "Просрочено на 2 часа").Want("tbody", x.Number).Want(".okno-counts .is-late", "1")
	c := b.Get("/support/tickets/"+x.ID).Want(".govuk-tag--red", "Просрочено").Submit("form[action$=take] button")
	c.Submit("form[action$=answer]", "text", "Вот он").Want(".govuk-tag--red", "Ответ опоздал").Want(".okno-facts", "petr@example.org")
}

// Nobody but the support comes in; another's ticket is not answered; a page that
// was overtaken says so.
func TestSupportDeskIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	x := w.ask(w.owner, "Тайный вопрос")
	paths := []string{"/support", "/support/new", "/support/templates", "/support/templates/new", "/support/tickets/" + x.ID}
	form := func() url.Values {
		return url.Values{"_key": {db.NewID()}, "version": {"1"}, "text": {"x"}, "note": {"x"}, "ending": {"double"}, "topic": {"site"}, "title": {"x"}, "channel": {"phone"}, "kind": {"question"}}
	}
	acts := []string{"take", "put-back", "answer", "move", "close", "note"}
	for _, subject := range []string{lilia, admin, nobody} {
		b := w.clerk(subject)
		for _, path := range paths {
			b.Get(path).WantStatus(403).Lacks("main", "Тайный")
		}
		for _, act := range acts {
			b.Post("/support/tickets/"+x.ID+"/"+act, form()).WantStatus(403)
		}
		for _, path := range []string{"/support/new", "/support/templates/" + db.NewID(), "/support/templates/" + db.NewID() + "/delete"} {
			b.Post(path, form()).WantStatus(403)
		}
		if subject != admin {
			b.Get("/ratings").WantStatus(403)
		}
	}
	b := w.clerk(vera)
	b.Get("/ratings").WantStatus(403)
	for _, id := range []string{db.NewID(), "1", "templates"} {
		b.Get("/support/tickets/" + id).WantStatus(404)
		b.Post("/support/tickets/"+id+"/take", form()).WantStatus(404)
	}
	b.Get("/support/templates/" + db.NewID()).WantStatus(404)
	stale := b.Get("/support/tickets/" + x.ID)
	c := stale.Submit("form[action$=take] button")
	other, err := w.site.Officers.Add(t.Context(), officer.Officer{Subject: "1000000033", Name: "Олегов Олег Ильич", Roles: []officer.Role{officer.RoleSupport}})
	must(t, err)
	o := w.clerk(other.Subject)
	o.Post("/support/tickets/"+x.ID+"/answer", form()).WantStatus(409).Want(".govuk-error-summary", "Верина")
	c.Submit("form[action$='put-back'] button").WantPath("/support")
	c.Submit("form[action$=answer]", "text", "Поздно").WantStatus(409).Want(".govuk-error-summary", "Сначала возьмите")
	anybody := kittest.New(t, "office.test", w.http)
	if left := anybody.Get("/support").Left; left == nil || left.Host != "esia.test" {
		t.Errorf("anybody is led to %v", left)
	}
}

// HLP-09, BO-21: calls and social networks are written down; templates fill the
// answer in.
func TestCallsAndTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	b := w.clerk(vera)
	call := b.Get("/support").Click("a[href='/support/new']")
	call.Submit("main form", "email", "x").WantStatus(422).Want("#email-error", "целиком").Want("#topic-error", "тему").Want("#kind-error", "").Want("#text-error", "")
	c := call.Submit("main form", "channel", "social", "source", "https://vk.example/wall1?x=1", "name", "Пётр", "topic", "centre", "kind", "question", "text", "Где МФЦ?")
	c.Want(".okno-facts", "Социальная сеть").Want(".okno-facts", "vk.example/wall1").Want("#p-act + p", "Обращение ваше").Want(".govuk-inset-text", "отправить его некуда")
	at := c.URL.Path

	list := b.Get("/support").Click("a[href='/support/templates']").Want("main", "Шаблонов пока нет")
	form := list.Click("a[href$=new]")
	form.Submit("main form").WantStatus(422).Want("#title-error", "").Want("#text-error", "")
	list = form.Submit("main form", "title", "Адреса", "text", "Адреса центров — на карте.\nВыберите город.").WantPath("/support/templates").Want(".okno-card", "Адреса центров")
	edit := list.Click(".okno-card a")
	edit.Submit("main form", "title", "Адреса центров").WantPath("/support/templates").Want(".okno-card h2", "Адреса центров")
	edit.Submit("main form", "title", "Опоздавшее").WantStatus(409).Want(".govuk-error-summary", "другой сотрудник")
	filled := b.Get(at).Submit("button[formaction$='/insert']", "text", "Здравствуйте!")
	filled.Want("textarea#text", "Здравствуйте! Адреса центров — на карте. Выберите город.")
	filled.Submit("form[action$=answer]").Want(".okno-message--mine", "Выберите город.")
	list.Click(".okno-card a").Submit("form[action$=delete]").WantPath("/support/templates").Want("main", "Шаблонов пока нет")

	moved := b.Get("/support/tickets/"+w.ask(w.owner, "Не могу войти").ID).Submit("form[action$=move]", "topic", "sign_in")
	moved.Want(".okno-facts", "Учётная запись").Want(".okno-panel", "Тема изменена: Регистрация, вход и пароль")
	b.Get("/support?queue=identity").Want("tbody", "Не могу войти")
	b.Get("/support?queue=portal").Lacks("tbody", "Не могу войти")
}

// SVC-23, HLP-13: marks of services and votes on articles, for the administrator.
func TestRatings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	texts, err := content.Load(services.FS, "content")
	must(t, err)
	_, err = w.site.Contents.Import(t.Context(), texts, "test")
	must(t, err)
	b := w.clerk(admin)
	b.Get("/").WantPath("/manage/staff")
	b.Get("/ratings").Want("main", "Оценок пока нет").Want(".okno-nav [aria-current]", "Оценки")
	for _, stars := range []int{2, 5} {
		app := w.submit()
		must(t, w.db.InTx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE application.application SET status = 'granted', outcome = 'granted' WHERE id = $1`, app.ID)
			return err
		}))
		must(t, w.apps.Rate(t.Context(), w.owner, app.ID, stars, "Отзыв без имени"))
	}
	must(t, w.site.Contents.Rate(t.Context(), "levels", []byte("a"), false))
	page := b.Get("/ratings")
	page.Want("section:first-child tbody", "судимости 2 3,5").Want("section + section tbody", "0 1").Want(".okno-message", "Отзыв без имени").Want(".okno-message", "оценка 5")
	page.Lacks("main", "Тестова")
}
