package idsite_test

import (
	"regexp"
	"testing"

	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// Who chose English reads English on every page of the account; names and what the person entered stay.
func TestEnglishPagesHoldNoRussian(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	w.raise(oid, person.Confirmed, "11223344595")
	b.SetCookie("okno_lang", "en")
	see := func(page *kittest.Page) {
		for _, text := range page.Cyrillic("en") {
			if rest := properNames.ReplaceAllString(text, ""); cyrillic.MatchString(rest) {
				t.Errorf("%s: %q", page.URL.Path, text)
			}
		}
	}
	n := b.Crawl(80, elsewhere, see, "/", "/profile/data", "/profile/check", "/profile/confirm", "/profile/documents", "/profile/children", "/profile/vehicles",
		"/profile/contacts", "/profile/consents", "/profile/portals", "/profile/actions", "/profile/settings", "/agreement", "/processing", "/about")
	stranger := w.browser()
	stranger.SetCookie("okno_lang", "en")
	n += stranger.Crawl(20, elsewhere, see, "/", "/login", "/registration", "/recovery", "/about")
	if n < 25 {
		t.Errorf("only %d pages", n)
	}
}

// elsewhere are links that lead out of the site or hand a file over.
var elsewhere = regexp.MustCompile(`^//|^/oauth2|^/lang|^/logout|\.json|\?`)

var cyrillic = regexp.MustCompile(`\p{Cyrillic}`)

// properNames stay as they are: the test’s person, what stands in documents, the operator of the settings.
var properNames = regexp.MustCompile(`Тестова( Анна( Викторовна)?)?|Анна( Викторовна)?|А\. ?В?\.?|Викторовна|гор\. Тюмень|УМВД|МФЦ|А123ВС72|II-ФР|Оператор единой системы идентификации`)
