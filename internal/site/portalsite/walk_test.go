package portalsite_test

import (
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// fill fills the form of the certificate in up to the page of checking, with a
// former name and its scan, and returns that page.
func fill(t *testing.T, b *kittest.Browser) *kittest.Page {
	t.Helper()
	page := b.Get("/services/criminal-record")
	page = page.Submit("form[action='/services/criminal-record/apply']")
	page.Want("h1", "Ваши данные").Want(".okno-known", "71 14 № 482106")
	page = page.Submit("button[value=next]", "address.postcode", "625000")
	page.Want("h1", "Прежние фамилии")
	page = page.SubmitFiles("button[value=next]", []kittest.File{{Field: "file.certificate_scan", Name: "брак.pdf", Content: pdf(1000)}},
		"changed", "yes", "former", "Кузнецова", "reason", "marriage", "certificate", "I-ФР 512044")
	page.Want("h1", "Какая нужна справка")
	page = page.Submit("button[value=next]", "purpose", "work", "regions", "Тюменская область")
	page.Want("h1", "Куда отправить справку")
	page = page.Submit("button[value=next]", "delivery", "cabinet", "consent", "yes")
	return page.WantStatus(200)
}

// The job of a citizen from the card to the receipt.
//
// SVC-05, SVC-06, SVC-07, SVC-09, SVC-10, SVC-11, SVC-12
func TestFromCardToReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := fill(t, b)
	page.Want("h1", "Проверьте заявление перед отправкой").Want("main", "Тестова Анна Викторовна").Want("main", "Кузнецова").Want("main", "брак.pdf").Want("main", "Вступление в брак")
	page.Submit("button[value=send]").WantStatus(422).Want(".govuk-error-summary", "Отметьте, что данные верны")
	page = b.Get(page.URL.Path).Submit("button[value=send]", "confirm", "1")
	page.Want("h1", "Заявление отправлено").Want(".okno-done", "72-2026-")
	number := page.Text(".okno-done b")
	list := b.Get("/lk/applications")
	list.Want(".okno-feed", number).Want(".okno-feed", "Отправлено")
	b.Get("/lk/notifications").Want(".okno-feed", number).Want(".okno-feed", "Заявление отправлено")
	one := list.Click(".okno-feed h3 a")
	one.Want("h1", "судимости").Want(".okno-timeline", "Заявление отправлено").Want(".okno-facts", number).Want("main", "Кузнецова")
	file := b.Get(one.Attr(".okno-file a", "href"))
	if file.Status != 200 || file.Body != string(pdf(1000)) || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file came back as %d, %d bytes, %q", file.Status, len(file.Body), file.Header.Get("Content-Disposition"))
	}
	receipt := b.Get(one.URL.Path + "/receipt.pdf")
	if receipt.Status != 200 || !strings.HasPrefix(receipt.Body, "%PDF") {
		t.Errorf("receipt: %d %.20q", receipt.Status, receipt.Body)
	}
}

// Sent twice, also from two windows, one draft is one application.
//
// SVC-10
func TestRepeatedPostMakesOneApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := fill(t, b)
	first := page.Submit("button[value=send]", "confirm", "1").WantStatus(200)
	second := page.Submit("button[value=send]", "confirm", "1").WantStatus(200)
	if first.URL.Path != second.URL.Path {
		t.Errorf("two applications: %s, %s", first.URL, second.URL)
	}
	acc, err := w.site.Accounts.BySubject(t.Context(), anna(3).subject)
	must(t, err)
	list, err := w.site.Applications.List(t.Context(), acc.ID, application.Filter{})
	must(t, err)
	if len(list.Applications) != 1 {
		t.Errorf("%d applications", len(list.Applications))
	}
}
