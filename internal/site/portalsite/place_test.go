package portalsite_test

import (
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

const utility = ".okno-utility"

// The town at once, or the region first: both ways end at the same place.
//
// GEO-05
func TestTwoWaysToAPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.visitor()
	first.Get("/centres").Want(utility, "Тюмень, Тюменская область")
	page := first.Get("/centres").Click(utility + " a[href^='/place']")
	page.Want("h1", "Ваш город или регион").Want("main", "Сейчас выбрано: Тюмень, Тюменская область")
	page = page.Submit("form.okno-search", "q", "тобольск")
	page.WantPath("/centres").Want(utility, "Тобольск, Тюменская область")

	second := w.visitor()
	page = second.Get("/place?back=/centres").Submit("form[method=get][action='/place']", "region", "72")
	page.WantPath("/place/72").Want("h1", "Тюменская область")
	page = page.Submit("form[action='/place']", "place", "72-tobolsk")
	page.WantPath("/centres").Want(utility, "Тобольск, Тюменская область")

	// Centres of the chosen town stand first, and so do the offices of agencies.
	if got := page.Text(".okno-place-list li, main li.okno-card"); !strings.Contains(got, "Тобольск") {
		t.Errorf("the first centre is %q", got)
	}
	// The choice stays in this browser and nobody else's.
	second.Get("/").Want(utility, "Тобольск")
	w.visitor().Get("/").Want(utility, "Тюмень")
}

// GEO-05, GEO-03
func TestTypedPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	form := func(q string) *kittest.Page { return b.Get("/place").Submit("form.okno-search", "q", q) }
	form("Касимов").WantPath("/").Want(utility, "Касимов, Рязанская область")
	form("").WantStatus(422).Want(".govuk-error-summary", "Введите название")
	form("Нигдеград").WantStatus(422).Want(".govuk-error-summary", "не нашли")
	page := form("Ленинский")
	page.WantStatus(200).Want("main", "Таких мест несколько").Want("label", "Тюмень, Тюменская область")
	page.Submit("form[action='/place']:not(.okno-search)", "place", "72-tyumen-leninskij").WantPath("/").Want(utility, "Ленинский, Тюмень, Тюменская область")
	res := b.Raw("GET", "/place/suggest?q="+url.QueryEscape("тоб"), nil, "")
	list, err := io.ReadAll(res.Body)
	must(t, err)
	if !strings.Contains(string(list), `data-value="Тобольск, Тюменская область"`) {
		t.Errorf("suggestions: %s", list)
	}
}

// A place in a region with a portal of its own offers the way there.
//
// GEO-06
func TestOtherRegionsPortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	page := b.Get("/place?back=/help/").Submit("form.okno-search", "q", "Севастополь")
	page.WantPath("/place/92").Want(".okno-callout", "свой портал")
	if href := page.Attr(".okno-callout a", "href"); href != "http://sevastopol.test/" {
		t.Errorf("the door leads to %s", href)
	}
	if b.Get("/place/72").Has(".okno-callout") {
		t.Error("the portal offers itself")
	}
	if b.Get("/place/62").Has(".okno-callout") {
		t.Error("a region without a portal offers one")
	}
}

// The choice of who is signed in goes with him into another browser.
//
// GEO-07
func TestPlaceIsKeptInTheProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	b.Get("/place").Submit("form.okno-search", "q", "Ишим").Want(utility, "Ишим, Тюменская область")
	w.signedIn(anna(2)).Get("/").Want(utility, "Ишим")
	w.signedIn(boris(2)).Get("/").Want(utility, "Тюмень")
	b.Get("/place").Submit("form.okno-search", "q", "Ялуторовск").Want(utility, "Ялуторовск")
}

func TestHostilePlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor()
	b.Get("/place/" + url.PathEscape("../../etc")).WantStatus(404)
	b.Get("/place/72-nowhere").WantStatus(404)
	page := b.Get("/place?back=https://evil.example/").Submit("form.okno-search", "q", "Тобольск")
	page.WantPath("/")
	b.Get("/place?back=/place?back=/place").Submit("form.okno-search", "q", "Тобольск").WantPath("/")
	b.Get("/place?region=00").WantPath("/place").WantStatus(200)
	b.Get("/place").Submit("form.okno-search", "q", "<script>alert(1)</script>").WantStatus(422)
}
