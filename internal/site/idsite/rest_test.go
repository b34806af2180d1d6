package idsite_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// The page names the operator, its duty, and the browsers that work.
//
// ID-SSO-06 ID-LOG-23
func TestAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set, err := w.Settings.Get(t.Context())
	w.check(err)
	b := w.browser()
	p := b.Get("/").Click("footer a[href='/about']")
	p.Want("main", set.Operator).Want("main", "152-ФЗ").Want("main", "Chromium, Firefox и Safari")
}

// What is missing for a safe account is named; nothing is said when all is there.
//
// ID-SEC-12
func TestSecurityHints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	b.Get("/profile/settings").Want("[data-panel=security]", "Добавьте телефон").Want("[data-panel=security]", "Заполните личные данные").
		Lacks("[data-panel=security]", "Добавьте почту")
	w.raise(oid, person.Standard, "11223344595")
	b.Get("/profile/settings").Lacks("[data-panel=security]", "Заполните личные данные").
		Want("[data-panel=security]", "приложение для кодов: тогда").Want("[data-panel=security]", "храните запись там")
	w.check(w.DB.InTx(t.Context(), func(tx *db.Tx) error {
		c, err := w.Persons.AddContact(t.Context(), tx, oid, person.Phone, "+79120000001")
		if err != nil {
			return err
		}
		_, err = w.Persons.ConfirmContact(t.Context(), tx, oid, c.ID)
		return err
	}))
	setTOTP(t, w, oid)
	b.Get("/profile/settings").Lacks("[data-panel=security]", "надёжнее")
}

// SNILS is a login once it is verified.
//
// ID-LOG-06
func TestLoginBySNILS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, _ := w.anna("anna@example.org")
	try := func() *kittest.Page {
		return w.browser().Get("/login?way=snils").Submit("form[action='/login']", "login", "112 233 445-95", "password", oidctest.Password)
	}
	try().WantStatus(422).Want("label", "СНИЛС")
	w.raise(oid, person.Standard, "11223344595")
	try().WantPath("/").Want("h1", "Тестова Анна Викторовна")
}

// A second factor stands between the password and the session: without the code
// there is no cookie of a session.
func TestSecondFactorPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid := w.Person("Ильина", "Ольга", "olga@example.org")
	if _, err := w.Credentials.BeginTOTP(t.Context(), oid, "Okno", "olga"); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	signIn(b, "olga@example.org").WantPath("/") // not in force yet
	setTOTP(t, w, oid)
	b = w.browser()
	p := signIn(b, "olga@example.org").WantPath("/login").Want("h1", "Код из приложения")
	if b.Cookie("okno_id_session") != "" {
		t.Fatal("a session without the code")
	}
	if got := p.Attr("input[name=code]", "autocomplete"); got != "one-time-code" {
		t.Errorf("autocomplete %q", got)
	}
	b.Get("/profile/settings").WantPath("/login").Want("h1", "Код из приложения")
	p.Submit("form[action='/login/code']", "code", "000000").WantStatus(422).Want("#code-error", "")
	p = b.Get("/login").Submit("form[action='/login/restart']").Want("h1", "Вход")
	if b.Cookie("okno_id_pending") != "" || p.Has("input[name=code]") {
		t.Error("the half-finished sign-in is still there")
	}
}

// The protocol's own errors are pages of the site.
func TestProtocolErrorsArePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.Client("PORTAL_72", "https://uslugi.test")
	b := w.browser()
	bad := strings.ReplaceAll(authorize(c, "openid"), "uslugi.test", "evil.test")
	if p := b.Get(bad); p.Left != nil || p.Status < 400 || !p.Has("main h1") {
		t.Errorf("a foreign redirect address: %v", p)
	}
	b.Get("/login?request=no-such-request").WantStatus(404).Want("h1", "")
	if res := b.Raw(http.MethodGet, "/.well-known/openid-configuration", nil, ""); res.StatusCode != 200 {
		t.Errorf("discovery: %d", res.StatusCode)
	}
	if res := b.Raw(http.MethodGet, "/rs/prns/1", nil, ""); res.StatusCode != 401 && res.StatusCode != 403 {
		t.Errorf("the profile API without a token: %d", res.StatusCode)
	}
}

// Every text of the site stands in all three languages.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	b, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"tt", "en"} {
		has := map[string]bool{}
		for _, k := range b.Keys(lang) {
			has[k] = true
		}
		for _, k := range b.Keys("ru") {
			for _, head := range []string{"idsite.", "desk.", "kit."} {
				if strings.HasPrefix(k, head) && !has[k] {
					t.Errorf("%s lacks %s", lang, k)
				}
			}
		}
	}
}
