package portalsite_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

const certificate = "/services/criminal-record"

func hasLink(p *kittest.Page, href string) bool { return p.Has(`main a[href="` + href + `"]`) }

// A service is found in a category, among the popular ones and by search; each
// view holds it, and the registry holds all.
//
// CAT-01, CAT-02, CAT-03, CAT-05, CAT-11
func TestWaysToAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	sv, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)
	main := b.Get("/").Want("#h-pop", "Популярные услуги").Want(".okno-views", "По категориям").Want(".okno-views", "По органам власти").Want(".okno-views", "По жизненным ситуациям")
	if !hasLink(main, certificate) {
		t.Error("the main page does not lead to the certificate")
	}
	for _, c := range sv.Categories {
		if !hasLink(b.Get("/categories"), "/categories/"+c) || !hasLink(b.Get("/categories/"+c), certificate) {
			t.Errorf("category %s does not lead to the certificate", c)
		}
	}
	if !hasLink(b.Get("/agencies"), "/agencies/"+sv.Agency) || !hasLink(b.Get("/agencies/"+sv.Agency), certificate) {
		t.Error("the agency does not lead to the certificate")
	}
	all, err := w.site.Services.All(t.Context())
	must(t, err)
	for _, x := range all {
		for _, e := range x.LifeEvents {
			if !hasLink(b.Get("/situations/"+e), "/services/"+x.Code) {
				t.Errorf("situation %s does not lead to %s", e, x.Code)
			}
		}
	}
	registry := b.Get("/services").Want("h2", "услуг")
	n := len(registry.All("main .okno-card__link"))
	if registry.Has(".govuk-pagination__next a") {
		n += len(registry.Click(".govuk-pagination__next a").All("main .okno-card__link"))
	}
	if n != len(all) {
		t.Errorf("the registry shows %d of %d services", n, len(all))
	}
}

// Search bears other forms, typing errors and the wrong keyboard layout.
//
// CAT-04
func TestSearchPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	for q, want := range map[string]string{
		"справка о несудимости": certificate, "справку о судимости": certificate, "судимасти": certificate,
		"cghfdrf j celbvjcnb": certificate, "запись к врачу": "/services/doctor-appointment", "pfgbcm r dhfxe": "/services/doctor-appointment",
	} {
		page := b.Get("/search?q=" + url.QueryEscape(q))
		if got := page.Attr("main .okno-card__link", "href"); got != want {
			t.Errorf("%q finds %s first, want %s", q, got, want)
		}
		if page.Attr("input[name=q]", "value") != q {
			t.Errorf("%q: the query is not kept", q)
		}
	}
	b.Get("/search?q=cghfdrf").Want("main", "Показываем результаты для «справка»")
	b.Get("/search?q="+url.QueryEscape("бозон хиггса")).Want("main", "Ничего не нашлось").Want("main a", "Реестр услуг")
	b.Get("/search?q="+url.QueryEscape(`"><script>alert(1)</script>`)).WantStatus(200).Lacks("main", "<script>")
	list := text(t, ask(t, w.http, "/search/suggest?q="+url.QueryEscape("суди")))
	if !strings.Contains(list, `data-href="`+certificate+`"`) || !strings.Contains(list, `role="option"`) {
		t.Errorf("suggestions: %.200s", list)
	}
}

// Filters by level, way, cost and agency; each can be taken off.
//
// CAT-07, CAT-08
func TestCatalogueFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	all, err := w.site.Services.All(t.Context())
	must(t, err)
	page := b.Get("/services?how=in_person")
	for _, x := range all {
		if got := hasLink(page, "/services/"+x.Code); got != (x.Delivery == "in_person") {
			t.Errorf("only in person: %s shown %v", x.Code, got)
		}
	}
	page = b.Get("/services?level=federal&free=1")
	for _, x := range all {
		if got := hasLink(page, "/services/"+x.Code); got != (x.Level == "federal" && x.Fee.Free()) {
			t.Errorf("federal and free: %s shown %v", x.Code, got)
		}
	}
	page.Want(".okno-chips--s", "Федеральная").Want("summary", "выбрано 2")
	page.Click(".okno-chips--s a").Lacks(".okno-chips--s", "Федеральная").Want(".okno-chips--s", "Бесплатно")
	b.Get("/services").Submit("main form[method=get]:has(fieldset)", "level", "municipal").Want(".okno-chips--s", "Муниципальная")
	b.Get("/services?level=nonsense&page=99").WantStatus(200).Want("main", "Ничего не нашлось")
	// What is given only in person has no button, what is elsewhere a link there.
	for _, x := range all {
		card := b.Get("/services/" + x.Code)
		if got := card.Has("main a[href$='/apply']"); got != (x.Delivery == "remote") {
			t.Errorf("%s (%s) can be applied for: %v", x.Code, x.Delivery, got)
		}
		switch {
		case x.Delivery != "external":
		case x.ExternalURL != "" && !hasLink(card, x.ExternalURL):
			t.Errorf("%s does not lead to %s", x.Code, x.ExternalURL)
		case x.ExternalURL == "":
			card.Want("#places ~ ul", x.Places[0].Address.RU).Want("main a", "Адреса и телефоны")
		}
	}
}

// A card tells result, terms, documents, cost, grounds of refusal and acts.
//
// SVC-01
func TestServiceCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	page := b.Get(certificate)
	for _, h := range []string{"Что вы получите", "Что понадобится", "Когда могут отказать", "Правовые акты"} {
		page.Want("h2", h)
	}
	page.Want(".okno-facts", "Срок").Want(".okno-facts", "Стоимость").Want(".okno-facts", "Подтверждённая").Want("main", "Получить услугу")
	b.Get("/services/nonsense").WantStatus(http.StatusNotFound)
	b.Get("/categories/nonsense").WantStatus(http.StatusNotFound)
	b.Get("/situations/nonsense").WantStatus(http.StatusNotFound)
	b.Get("/agencies/nonsense").WantStatus(http.StatusNotFound)
	b.Get("/help/nonsense").WantStatus(http.StatusNotFound)
	b.Get("/check/nonsense").WantStatus(http.StatusNotFound)
}

// Authorities and centres are open to everybody, without a map.
//
// AGY-03, AGY-04, MAP-05, MAP-06
func TestAgenciesAndCentres(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	agencies, err := w.site.Directory.Agencies(t.Context())
	must(t, err)
	for _, a := range agencies {
		page := b.Get("/agencies/"+a.Code).Want("h1", a.Name).Want(".okno-facts", a.Head.Name)
		for _, o := range a.Offices {
			page.Want("main", o.Address)
		}
		if a.Branch != "" && !hasLink(page, a.Branch) {
			t.Errorf("%s: no link to the branch %s", a.Code, a.Branch)
		}
	}
	centres, err := w.site.Directory.Centres(t.Context(), "", nil)
	must(t, err)
	page := b.Get("/centres")
	for _, c := range centres {
		page.Want("main", c.Address).Want("main", c.Name)
	}
	some := b.Get("/centres?does=confirm")
	for _, c := range centres {
		if got := strings.Contains(some.Text("main"), c.Address); got != c.Does("confirm") {
			t.Errorf("%s confirms: shown %v", c.Code, got)
		}
	}
	first := centres[len(centres)-1]
	near := page.Submit("form[data-near]", "lat", num(first.Point.Lat), "lon", num(first.Point.Lon)).WantStatus(200)
	if got := near.Texts("main .okno-card h3")[0]; got != first.Name {
		t.Errorf("the nearest centre is %q, want %q", got, first.Name)
	}
	near.Want("main .okno-card strong", "0 м от вас").Want("main .okno-card strong", "км от вас")
	for _, nowhere := range []string{"", "91", "NaN", "1e400", "'"} {
		page.Submit("form[data-near]", "lat", nowhere, "lon", "65.5").WantStatus(200).Lacks("main", "от вас")
	}
}

// Help is open, searchable, linkable, has the 17 questions, and can be rated.
//
// HLP-01, HLP-02, HLP-03, HLP-11, HLP-12, HLP-13, PRT-12, ID-CNF-02
func TestHelp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	page := b.Get("/help/")
	if n := len(page.All(".okno-questions details")); n < 17 {
		t.Errorf("%d questions, want 17", n)
	}
	page.Want("aside", "8 800 100-70-10").Want("aside", "115")
	b.Get("/").Want(".okno-utility a[href='tel:88001007010']", "8 800 100-70-10").Want("#h-q", "Популярные вопросы").Want(".okno-footer", "8 800 100-70-10").Want(".okno-footer", "115")
	list, err := w.site.Contents.Articles(t.Context())
	must(t, err)
	for _, e := range list {
		b.Get("/help/"+e.Code).WantStatus(200).Want("h1", e.Title.RU).Want(".govuk-breadcrumbs", "Личный кабинет").Want(".govuk-breadcrumbs", "Часто задаваемые вопросы")
	}
	confirm := b.Get("/help/confirm")
	for _, step := range []string{"СНИЛС", "паспорт", "провер", "центр"} {
		confirm.Want("main", step)
	}
	b.Get("/help/?q="+url.QueryEscape("подтвердить личность")).Want("main h3 a", "подтвердить")
	b.Get("/help/?q="+url.QueryEscape("бозон")).Want("main", "Ничего не нашлось")
	confirm.Submit("button[value=yes]").Want("main", "Спасибо")
	b.Get("/help/confirm").Submit("button[value=no]")
	votes, err := w.site.Contents.Ratings(t.Context())
	must(t, err)
	if len(votes) != 1 || votes[0].Code != "confirm" {
		t.Errorf("votes: %+v", votes)
	}
}

// News and legal acts have their pages.
//
// LAW-01, PRT-15
func TestNewsAndActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	acts := b.Get("/acts")
	for _, n := range []string{"1555-р", "1993-р", "210-ФЗ"} {
		acts.Want("main", n)
	}
	news, total, err := w.site.Contents.News(t.Context(), 0, 10)
	must(t, err)
	if total == 0 {
		t.Fatal("no news")
	}
	b.Get("/news").Want("main", news[0].Title.RU).Click("main h2 a").Want("h1", news[0].Title.RU)
}

// The shell speaks Tatar and English on each page, and the choice sticks.
func TestLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	for lang, want := range map[string]string{"tt": "Хезмәтләр каталогы", "en": "Service catalogue", "ru": "Каталог услуг"} {
		page := b.Get("/prefs/lang/"+lang+"?back=/services").WantPath("/services").Want("h1", want)
		if page.Attr("html", "lang") != lang {
			t.Errorf("%s: html says %s", lang, page.Attr("html", "lang"))
		}
		for _, path := range []string{"/", certificate, "/agencies", "/situations", "/centres", "/help/", "/agreement", "/acts", "/news"} {
			b.Get(path).WantStatus(200)
		}
	}
	for key, n := range w.site.Bundle.Missing() {
		if strings.Contains(key, " portal.") || strings.Contains(key, " ui.") || strings.Contains(key, " kit.") {
			t.Errorf("no text for %s, asked %d times", key, n)
		}
	}
}
