package officesite_test

import (
	"net/url"
	"testing"

	"github.com/okno-gov/okno/internal/portal/setting"
)

// An administrator changes a setting with a reason; it rules at once, and its
// history names him (BO-29).
func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	b := w.clerk(admin)
	list := b.Get("/ratings").Click(".okno-nav a[href='/settings']")
	list.Want("tbody", "Срок ответа: очередь портала").Want("tbody", "24 часа").Want("tbody", "Упрощённая")
	form := list.Click("a[href='/settings/support.portal_hours']").Want("main", "ещё не меняли").Want("#value-hint", "от 1 до 240")
	for value, message := range map[string]string{"0": "от 1 до 240", "241": "от 1 до 240", "сутки": "число от 1 до 240", "12.5": "число от 1 до 240"} {
		form.Submit("main form", "value", value, "reason", "Проверка").WantStatus(422).Want("#value-error", message)
	}
	form.Submit("main form", "value", "8").WantStatus(422).Want("#reason-error", "причину")
	form.Submit("main form", "value", "8", "reason", "Быстрее").WantPath("/settings").Want(".govuk-notification-banner", "изменена").Want("tr.is-selected", "8 часов")
	form.Submit("main form", "value", "9", "reason", "Опоздало").WantStatus(409).Want(".govuk-error-summary", "другой администратор")
	b.Get("/settings/support.portal_hours").Want(".okno-timeline", "8 часов").Want(".okno-timeline", "Верина Вера Олеговна: Быстрее")
	if x := w.ask("", "Скоро ли?"); x.DueAt.Sub(x.CreatedAt).Hours() != 8 {
		t.Errorf("the term is %v", x.DueAt.Sub(x.CreatedAt))
	}
	level := b.Get("/settings/catalogue.least_level")
	level.Submit("main form", "value", "standard", "reason", "Приказ").WantPath("/settings").Want("tbody", "Стандартная")
	b.Post("/settings/catalogue.least_level", url.Values{"version": {"1"}, "value": {"king"}, "reason": {"x"}}).WantStatus(422)
	b.Get("/settings/no.such").WantStatus(404)
	b.Post("/settings/no.such", url.Values{"version": {"0"}, "value": {"1"}, "reason": {"x"}}).WantStatus(404)
	for _, subject := range []string{lilia, vera, nobody} {
		other := w.clerk(subject)
		other.Get("/settings").WantStatus(403)
		other.Get("/settings/support.portal_hours").WantStatus(403)
		other.Post("/settings/support.portal_hours", url.Values{"version": {"1"}, "value": {"1"}, "reason": {"x"}}).WantStatus(403)
	}
}

// Each setting has a name, an explanation and its values in words.
func TestEverySettingHasWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	w.clerk(admin).Get("/settings")
	for _, d := range setting.All() {
		if d.Words == nil && d.High == d.Low {
			continue // has a page of its own
		}
		w.clerk(admin).Get("/settings/" + d.Name).WantStatus(200)
	}
	for key, n := range w.site.Bundle.Missing() {
		t.Errorf("no text for %s (%d times)", key, n)
	}
}
