package portalsite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// ask is a question of the agency to the applicant of an application.
func (w *world) ask(id, text string) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.db.InTx(ctx, func(tx *db.Tx) error {
		apps := w.site.Applications
		app, err := apps.Lock(ctx, tx, "mvd", id)
		if err != nil {
			return err
		}
		until := w.clock.Now().AddDate(0, 0, 7)
		return apps.Apply(ctx, tx, app, application.Move{
			To: application.StatusMoreInfo, Actor: application.ActorOfficer, Officer: db.NewID(), Name: "Гареева Л. М.", Key: db.NewID(), Comment: text, AnswerBy: &until,
		})
	}))
}

// sentBy is the address of an application that the person files now.
func (w *world) sentBy(b *kittest.Browser) string {
	w.t.Helper()
	t, ok := w.t.(*testing.T)
	if !ok {
		w.t.Fatal("only in tests")
	}
	at := strings.TrimSuffix(fill(t, b).Submit("button[value=send]", "confirm", "1").URL.Path, "/sent")
	w.settle()
	return at
}

// A session that ends while one writes loses nothing of what was typed, in any
// form: after the sign-in the same page has the text, and it can be sent.
func TestTypedTextOutlivesTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	at := w.sentBy(b)
	end := func() { w.clock.Advance(31 * time.Minute) }

	page := b.Get(at)
	end()
	page = page.Submit("form[action$=message]", "message", "Когда ждать\nсправку?").WantPath(at).Want(".govuk-notification-banner", "Ваш текст на месте")
	if got := page.Text("textarea[name=message]"); got != "Когда ждать справку?" {
		t.Errorf("the message is %q", got)
	}
	page.Submit("form[action$=message]").WantStatus(200).Want(".okno-message--mine", "Когда ждать")
	if b.Get(at).Has(".govuk-notification-banner") {
		t.Error("what was sent comes back")
	}

	w.exec(`UPDATE application.application SET status = 'in_work'`)
	w.ask(strings.TrimPrefix(at, "/lk/applications/"), "Пришлите скан")
	page = b.Get(at)
	end()
	page = page.SubmitFiles("form[action$=answer] button", []kittest.File{{Field: "file", Name: "скан.pdf", Content: pdf(10)}}, "comment", "Вот он").
		WantPath(at).Want(".govuk-notification-banner", "Файлы приложите ещё раз")
	if got := page.Text("textarea[name=comment]"); got != "Вот он" {
		t.Errorf("the answer is %q", got)
	}
	page = page.Submit("form[action$=answer] button[value=answer]").WantStatus(200)
	if mine := page.All(".okno-message--mine"); len(mine) != 2 {
		t.Errorf("%d messages of mine, want the question and the answer", len(mine))
	}

	w.exec(`UPDATE application.application SET status = 'granted', outcome = 'granted'`)
	page = b.Get(at)
	end()
	page = page.Submit("form[action$=rate]", "stars", "4", "opinion", "Быстро").WantPath(at)
	if page.Text("textarea[name=opinion]") != "Быстро" || !page.Has("input[name=stars][value='4'][checked]") {
		t.Error("the rating is lost")
	}

	page = b.Get("/support")
	end()
	page = page.Submit("form[action='/support']", "topic", "site", "kind", "problem", "text", "Сайт молчит").WantPath("/support").Want(".govuk-notification-banner", "Ваш текст на месте")
	page = page.Want("textarea", "Сайт молчит").Want(".okno-known", "Тестова").Submit("form[action='/support']").WantStatus(200)
	ticket := page.URL.Path
	if !strings.HasPrefix(ticket, "/lk/support/") {
		t.Fatalf("the request went to %s", ticket)
	}
	end()
	page = page.Submit("form[action$=message]", "text", "Уже говорит").WantPath(ticket).Want("textarea", "Уже говорит")
	page.Submit("form[action$=message]").Want(".okno-message--mine", "Уже говорит")
}

// At a shared computer the next person does not find the text of the first.
func TestKeptTextIsForItsWriter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signedIn(boris(3)) // has accepted the agreement
	b := w.signedIn(anna(3))
	page := b.Get("/support")
	w.clock.Advance(31 * time.Minute)
	w.idp.as(boris(3))
	page = page.Submit("form[action='/support']", "topic", "site", "kind", "problem", "text", "Моя тайна").WantPath("/support")
	page.Want(".okno-known", "Борисов").Lacks("body", "Моя тайна")
}

// A new edition of the agreement in the middle of a form costs nothing typed.
func TestNewAgreementKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/criminal-record").Submit("form[action$=apply]").Submit("button[value=next]")
	page := b.Get(w.draftPath(anna(3)) + "/purpose")
	w.exec(`UPDATE account.account SET agreement_version = 'old'`)
	page = page.Submit("button[value=next]", "purpose", "work", "regions", "Тюменская область").WantPath("/agreement")
	page = page.Submit("form[action='/agreement']", "agree", "1").WantPath(w.draftPath(anna(3)) + "/purpose")
	if got := page.Text("textarea[name=regions]"); got != "Тюменская область" {
		t.Errorf("typed text is %q", got)
	}
}
