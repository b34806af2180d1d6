package portalsite_test

import (
	"regexp"
	"testing"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// elsewhere are links that lead out of the portal or hand a file over.
var elsewhere = regexp.MustCompile(`^//|^/auth|^/lang|/files?/|\.pdf|\?`)

// Who chose English reads English on every page: what stays in Russian are names, addresses and what people wrote.
func TestEnglishPagesHoldNoRussian(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/marriage-registration").Submit("form[action='/services/marriage-registration/apply']")
	b.SetCookie("okno_lang", "en")
	n := b.Crawl(200, elsewhere, func(page *kittest.Page) {
		for _, text := range page.Cyrillic("en") {
			if rest := properNames.ReplaceAllString(text, ""); cyrillic.MatchString(rest) {
				t.Errorf("%s: %q", page.URL.Path, text)
			}
		}
	}, "/", "/services", "/agencies", "/situations", "/centres", "/help/", "/acts", "/news", "/lk/", "/lk/applications", "/place", "/agreement",
		"/privacy", "/support", "/report")
	if n < 60 {
		t.Errorf("only %d pages", n)
	}
}

var cyrillic = regexp.MustCompile(`\p{Cyrillic}`)

// properNames stay as they are: the brand of the region's configuration, the test's people, heads of agencies,
// addresses as they are written on the house, registers as the account’s provider calls them.
var properNames = regexp.MustCompile(`Услуги Тюменской области|(Тестова )?(Анна|Мария) (Викторовна|Ивановна)|Тестова|МВД|А\. В\.|(г\. )?(Тюмень|Тобольск|Ишим)(, .*)?` +
	`|\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+(вич|вна)|УМВД по Тюменской области`)
