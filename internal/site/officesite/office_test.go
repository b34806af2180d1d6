package officesite_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// A clerk takes a case, asks, gets the answer, answers with a file and closes.
//
// BO-01, SVC-17, SVC-18, SVC-26
func TestCaseFromQueueToAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	b := w.clerk(lilia)
	queue := b.Get("/").Want("h1", "Очередь").Want("tbody", "Тестова Анна Викторовна").Want("tbody", app.Number).Want("tbody", "Зарегистрировано")
	c := queue.Click("tbody a")
	c.Want("h1", "Тестова Анна Викторовна").Want(".okno-panel", "71 14 № 482106").Want(".okno-src", "профиль, МВД").Want("main", "Кузнецова").Want(".okno-facts", "За себя").Want(".okno-facts", "Подтверждённая")
	c.Lacks(".okno-panel--act", "Ответить")
	c = c.Submit("form[action$=take] button").Want(".govuk-tag", "В работе").Want(".okno-panel--act", "Отказать с причиной")

	files := b.Get(c.URL.Path+"?tab=files").Want(".okno-file", "брак.pdf")
	if got := b.Get(files.Attr(".okno-file a", "href")); got.Body != paper {
		t.Errorf("the applicant's file came as %d %.40q", got.Status, got.Body)
	}

	c = c.Submit("form[action$=note]", "note", "Скан читается, фамилия совпала").Want(".okno-message", "Скан читается")
	ask := c.Click("a[href$=ask]")
	ask.Submit("button[type=submit].govuk-button").WantStatus(422).Want(".govuk-error-message", "")
	ask.Submit("main form", "text", "Пришлите вторую страницу", "until", "1.1.2020").WantStatus(422).Want("#until-error", "не раньше завтрашнего")
	ask.Submit("main form", "text", "Пришлите вторую страницу", "until", "4.12.2026").WantPath(c.URL.Path).Want(".govuk-tag", "Ждёт ответа").Want(".okno-panel--act", "4 декабря 2026")

	must(t, w.apps.Answer(t.Context(), application.Reply{Owner: w.owner, Application: app.ID, Key: "k", Text: "Вот она"}))
	b.Get("/?show=unseen").Want("tbody", "Новый ответ")
	letters := b.Get(c.URL.Path+"?tab=letters").Want(".okno-message", "Вот она")
	letters.Submit("form[action$=message]", "message", "Спасибо").Want(".okno-message--mine", "Спасибо")

	answer := b.Get(c.URL.Path).Click("a[href$=answer]")
	answer.SubmitFiles("main form", []kittest.File{{Field: "file", Name: "справка.exe", Content: []byte("MZ")}}).WantStatus(422).Want(".govuk-error-summary", "справка.exe")
	done := answer.SubmitFiles("main form", []kittest.File{{Field: "file", Name: "справка.pdf", Content: []byte(paper)}}, "text", "Судимости нет")
	done.WantPath(c.URL.Path).Want(".govuk-tag", "Оказана")

	d, err := w.apps.Get(t.Context(), w.owner, app.ID)
	must(t, err)
	var given *application.File
	for i := range d.Files {
		if d.Files[i].Side == document.SideAgency {
			given = &d.Files[i]
		}
	}
	if d.Status != application.StatusGranted || given == nil || given.Name != "справка.pdf" {
		t.Fatalf("the citizen has status %s, file %+v", d.Status, given)
	}
	done.Submit("form[action$=close]").WantPath("/")
	b.Get("/").Lacks("main", app.Number)
	b.Get("/?show=ended").Want("tbody", app.Number)
}

// A refusal needs a legal ground of the service and a reason in words.
//
// SVC-25
func TestRefusalNeedsGroundAndReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	b := w.clerk(lilia)
	c := b.Get("/cases/" + app.ID).Submit("form[action$=take]")
	refuse := c.Click("a[href$=refuse]").Want("legend", "Основание отказа")
	refuse.Submit("main form").WantStatus(422).Want("#ground-error", "Выберите основание").Want("#text-error", "Объясните причину")
	ground := refuse.Attr("input[name=ground]", "value")
	refuse.Submit("main form", "ground", ground).WantStatus(422).Want("#text-error", "Объясните причину")
	b.Post(refuse.URL.Path, url.Values{"ground": {"invented"}, "text": {"x"}, "_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}, "version": {refuse.Attr("input[name=version]", "value")}}).WantStatus(422)
	refuse.Submit("main form", "ground", ground, "text", "Скан не читается").Want(".govuk-tag", "Отказ")
}

// Another agency's clerk finds nothing, whoever is no officer has no workplace,
// and a clerk without a second factor does not come in.
func TestOfficeIsForTheOwnAgency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	at := "/cases/" + app.ID
	b := w.clerk(olga)
	b.Get("/").Lacks("main", app.Number).Lacks("main", "Тестова")
	b.Get("/?show=all&q="+url.QueryEscape(app.Number)).Lacks("tbody", app.Number)
	key := url.Values{"_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}, "version": {"1"}, "text": {"x"}, "message": {"x"}, "note": {"x"}, "ground": {"x"}, "to": {"x"}}
	for _, path := range []string{at, at + "?tab=history", at + "/answer", at + "/ask", at + "/refuse", at + "/files/" + app.ID} {
		b.Get(path).WantStatus(http.StatusNotFound)
	}
	for _, act := range []string{"take", "put-back", "resume", "close", "message", "note", "ask", "invite", "refuse", "hand-over", "answer"} {
		b.Post(at+"/"+act, key).WantStatus(http.StatusNotFound)
	}
	if rows, err := w.apps.Looks(t.Context(), w.owner, app.ID); err != nil || len(rows) != 0 {
		t.Errorf("looks of strangers: %v, %v", rows, err)
	}
	stranger := w.clerk(nobody)
	stranger.Get("/").WantStatus(http.StatusForbidden)
	stranger.Get(at).WantStatus(http.StatusForbidden)
	w.idp.SignIn(map[string]any{"sub": lilia, "acr": "pwd"})
	weak := kittest.New(t, "office.test", w.http).Add("esia.test", w.idp)
	weak.Get("/").WantStatus(http.StatusForbidden)
	if got := weak.Raw(http.MethodGet, at, nil, ""); got.StatusCode != http.StatusSeeOther {
		t.Errorf("without a second factor: %d", got.StatusCode)
	}
}

// A look is journalled once, and the citizen sees it; a colleague who comes too
// late learns who holds the case, and his act changes nothing.
func TestLooksAndColleagues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	first, second := w.clerk(lilia), w.clerk(ivan)
	at := "/cases/" + app.ID
	late := second.Get(at)
	first.Get(at).Submit("form[action$=take]").Want(".govuk-tag", "В работе")
	first.Get(at)
	late.Submit("form[action$=take]").WantStatus(http.StatusConflict).Want(".govuk-error-summary", "Гареева Л. М.")
	second.Get(at).Want(".okno-panel--act", "Гареева Л. М.").Lacks(".okno-panel--act", "Ответить")
	looks, err := w.apps.Looks(t.Context(), w.owner, app.ID)
	must(t, err)
	seen := map[string]int{}
	for _, e := range looks {
		if e.Kind == journal.Looked {
			seen[e.Details["officer"]]++
		}
	}
	if len(seen) != 2 || seen["Гареева\u00a0Л.\u00a0М."] != 1 {
		t.Errorf("looks: %v", seen)
	}
	// The act of an older view is refused, and the same act twice is one.
	old := first.Get(at)
	first.Get(at).Submit("form[action$=message], form[action$=note]", "note", "раз")
	hand := first.Get(at).Click("a[href$=hand-over]").Want("main", "Лыткин Иван Сергеевич")
	hand.Submit("main form", "to", hand.Attr("input[name=to]", "value")).WantPath("/")
	old.Submit("form[action$=put-back]").WantStatus(http.StatusConflict)
	second.Get(at).Want(".okno-panel--act", "Ответить")
}

func TestSearchInTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	b := w.clerk(lilia)
	for _, q := range []string{app.Number, "Тестова", "тестова анна викторовна", "112-233-445 95"} {
		b.Get("/?show=all&q="+url.QueryEscape(q)).Want("tbody", app.Number)
	}
	b.Get("/?show=all&q="+url.QueryEscape("Иванова")).Want("main", "Здесь ничего нет")
	page := b.Get("/")
	next := page.Submit("form[action='/next'] button")
	if !strings.HasPrefix(next.URL.Path, "/cases/") {
		t.Errorf("the next case is at %s", next.URL)
	}
	next.Want(".govuk-tag", "В работе")
}

// While the citizen is asked the term stands still: neither the queue nor the case
// says that it is late, or until when the agency has time.
//
// SVC-17, SVC-27
func TestPausedTermIsNotLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.submit()
	b := w.clerk(lilia)
	c := b.Get("/cases/"+app.ID).Submit("form[action$=take]").Want(".okno-pagehead .govuk-tag", "До ")
	c.Click("a[href$=ask]").Submit("main form", "text", "Пришлите скан", "until", "4.12.2026").WantPath(c.URL.Path)
	w.clock.Advance(60 * 24 * time.Hour) // long after the term would have ended
	w.settle()
	b = w.clerk(lilia)
	b.Get("/").Want("tbody", app.Number).Want("tbody", "ответ до 4 декабря 2026").Lacks("tbody", "Просрочено").Lacks("tbody tr.is-late", "").Want(".okno-counts", "0просрочены")
	b.Get("/?show=late").Lacks("main", app.Number)
	b.Get("/?show=today").Lacks("main", app.Number)
	b.Get(c.URL.Path).Want(".okno-facts", "Остановлен, ждём заявителя").Lacks(".okno-pagehead", "До ").Lacks(".okno-pagehead", "Просрочено")
	must(t, w.apps.Answer(t.Context(), application.Reply{Owner: w.owner, Application: app.ID, Key: "k", Text: "Вот он"}))
	b.Get(c.URL.Path).Want(".okno-pagehead .govuk-tag", "До ").Lacks(".okno-facts", "Остановлен")
}
