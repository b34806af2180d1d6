package idsite_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
)

// ID-LOG-03 ID-LOG-04 ID-LOG-05 ID-LOG-09
func TestLoginPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := b.Get("/login").WantStatus(200).Want("h1", "Вход").Want("button", "Войти")
	p.Want("a", "Я не знаю пароль").Want("a", "Зарегистрироваться").Want("label", "Чужой компьютер")
	if p.Attr("input[name=login]", "autocomplete") != "username" {
		t.Error("the login field does not help password managers")
	}
	p = p.Click(".okno-segment a:not([aria-current])").Want("label", "СНИЛС")
	if p.Attr("input[name=login]", "inputmode") != "numeric" {
		t.Error("SNILS is not asked for with digits")
	}
	w.Person("Тестова", "Анна", "anna@example.org")
	signIn(b, " Anna@Example.org ").WantPath("/").Want("h1", "Тестова Анна").Want(".okno-menu summary", "Тестова")
}

// The same words, status and page for a wrong password, an unknown login and
// nonsense: nobody learns which part was wrong.
//
// ID-LOG-10
func TestWrongLoginSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	var first string
	for _, login := range []string{"anna@example.org", "nobody@example.org", "+7 912 999-88-77", "сорок два"} {
		b := w.browser()
		p := b.Get("/login").Submit("form[action='/login']", "login", login, "password", "Wrong-2026!").WantStatus(422)
		if b.Cookie("okno_id_session") != "" {
			t.Fatalf("%s: a session was opened", login)
		}
		text := strings.ReplaceAll(p.Text("main"), login, "")
		if first == "" {
			first = text
		}
		if text != first {
			t.Errorf("%s shows\n%s\nnot\n%s", login, text, first)
		}
		if got := p.Attr("input[name=login]", "value"); got != login {
			t.Errorf("the login %q was lost: %q", login, got)
		}
		if strings.Contains(p.Body, "Wrong-2026!") {
			t.Error("the password came back")
		}
	}
	w.browser().Get("/login").Submit("form[action='/login']").WantStatus(422).Want(".govuk-error-summary", "")
}

// ID-LOG-15 ID-LOG-16 ID-LOG-08
func TestPagesOfTheProfileNeedASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	for _, path := range []string{
		"/profile/data", "/profile/check", "/profile/contacts", "/profile/consents", "/profile/portals", "/profile/actions",
		"/profile/actions/logins", "/profile/actions/requests", "/profile/actions/looks", "/profile/settings",
		"/profile/settings/password", "/profile/settings/delete", "/profile/consents.json",
	} {
		p := w.browser().Get(path).WantPath("/login")
		if strings.Contains(p.Body, "Тестова") {
			t.Errorf("%s shows data", path)
		}
		if got := p.URL.Query().Get("back"); got != path {
			t.Errorf("%s comes back to %q", path, got)
		}
	}
	b := w.browser()
	b.Get("/profile/actions/logins").Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password).
		WantPath("/profile/actions/logins").Want("[data-journal]", "Вход").Want("[data-journal]", "Firefox")
	for _, path := range []string{"/profile/data", "/profile/settings/delete", "/profile/settings/notice"} {
		if p := w.browser().Post(path, url.Values{}); p.Status != http.StatusUnauthorized {
			t.Errorf("POST %s without a session: %d", path, p.Status)
		}
	}
}

func TestReturnAddressStaysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	for _, back := range []string{"https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"} {
		b := w.browser()
		p := b.Get("/login?"+url.Values{"back": {back}}.Encode()).Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password)
		if p.WantPath("/"); p.Left != nil {
			t.Errorf("%s led to %s", back, p.Left)
		}
	}
}

// ID-LOG-11
func TestForeignComputerKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	b := w.browser()
	signIn(b, "anna@example.org")
	b.Post("/logout", url.Values{}).WantPath("/").Want("main", "Вы вышли")
	if got := b.Get("/login").Attr("input[name=login]", "value"); got != "anna@example.org" {
		t.Fatalf("the own computer remembers %q", got)
	}
	b.Get("/login").Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password, "foreign", "1").WantPath("/")
	if b.Cookie("okno_id_login") != "" {
		t.Error("a foreign computer keeps the login")
	}
	b.DropSessionCookies()
	b.Get("/profile/settings").WantPath("/login")
	if got := w.browser().Get("/login").Submit("form[action='/login']", "login", "anna@example.org", "password", "x", "foreign", "1").
		Attr("input[name=login]", "autocomplete"); got != "off" {
		t.Errorf("autocomplete %q on a foreign computer", got)
	}
}

// What the browser sent before the sign-in is never a session afterwards.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	b := w.browser()
	b.SetCookie("okno_id_session", "planted-by-somebody-else-0123456789abcdefgh")
	signIn(b, "anna@example.org").WantPath("/")
	token := b.Cookie("okno_id_session")
	if len(token) < 40 || strings.HasPrefix(token, "planted") {
		t.Fatalf("session %q", token)
	}
	b.Get("/profile/settings/password")
	b.Get("/login?again=1")
	w.Clock.Advance(15 * time.Minute)
	b.Get("/login?again=1&back=/profile/settings").Want("main", "Введите пароль ещё раз").
		Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password).WantPath("/profile/settings")
	if b.Cookie("okno_id_session") == token {
		t.Error("a repeated proof keeps the old token")
	}
}

// ID-LOG-13 ID-LOG-14
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	token := b.Cookie("okno_id_session")
	b.Get("/logout").Want("h1", "Выйти").Submit("form[action='/logout']").WantPath("/")
	b.SetCookie("okno_id_session", token)
	b.Get("/profile/settings").WantPath("/login")
	signIn(b, "anna@example.org")
	w.Clock.Advance(29 * time.Minute)
	b.Get("/profile/settings").WantPath("/profile/settings")
	w.Clock.Advance(31 * time.Minute)
	b.Get("/profile/settings").WantPath("/login")
	signIn(b, "anna@example.org")
	for range 30 {
		w.Clock.Advance(25 * time.Minute)
		if b.Get("/").Has("a[href='/login']") {
			return
		}
	}
	t.Error("a session that is used lives for ever")
}

func TestSessionExtension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	halfHour := func(seconds string) bool { // the clock runs while the test does
		n, err := strconv.Atoi(seconds)
		return err == nil && n > 1740 && n <= 1800
	}
	if s := b.Get("/profile/settings").Attr("[data-session-seconds]", "data-session-seconds"); !halfHour(s) {
		t.Errorf("the page says that the session ends in %s s", s)
	}
	w.Clock.Advance(20 * time.Minute)
	b.Header.Set("Okno-Fragment", "session")
	res := b.Raw(http.MethodPost, "/session/extend", nil, "application/x-www-form-urlencoded")
	if res.StatusCode != 204 || !halfHour(res.Header.Get("Okno-Session-Seconds")) {
		t.Errorf("%d, %q seconds", res.StatusCode, res.Header.Get("Okno-Session-Seconds"))
	}
	w.Clock.Advance(40 * time.Minute)
	if res := b.Raw(http.MethodPost, "/session/extend", nil, "application/x-www-form-urlencoded"); res.StatusCode != 401 {
		t.Errorf("a session that is over: %d", res.StatusCode)
	}
	b.Header.Del("Okno-Fragment")
	b.Post("/session/extend", url.Values{"back": {"/about"}}).WantPath("/about")
}

// First entry asks for consent and names client and data; the second does not
// ask; refusal tells the client; the form may lead to the client's origin.
//
// ID-CNS-01 ID-CNS-02 ID-CNS-09 ID-SSO-01
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid := w.Person("Тестова", "Анна", "anna@example.org")
	w.raise(oid, person.Standard, "11223344595")
	c := w.Client("PORTAL_72", "https://uslugi.test")
	b := w.browser()
	p := b.Get(authorize(c, "openid fullname snils")).WantPath("/login").Want("main", "Портал PORTAL_72")
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://uslugi.test;") {
		t.Errorf("CSP %q", csp)
	}
	p = p.Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password)
	p.Want("h1", "Портал PORTAL_72").Want("main", "чтобы заполнить заявление").Want("[data-consent]", "Фамилия, имя, отчество").
		Want("[data-consent]", "Тестова Анна Викторовна").Want("[data-consent]", "112-233-445 95").Want("button", "Предоставить")
	if p.Left != nil {
		t.Fatal("the client got an answer before the consent")
	}
	refused := p.Submit("form[action='/login/refuse']")
	if refused.Left == nil || refused.Left.Query().Get("error") != "access_denied" || refused.Left.Query().Get("state") != "st-1" {
		t.Fatalf("refusal led to %v", refused.Left)
	}
	granted := b.Get(authorize(c, "openid fullname snils")).Submit("form[action='/login/consent']")
	if granted.Left == nil || granted.Left.Host != "uslugi.test" || granted.Left.Query().Get("code") == "" {
		t.Fatalf("grant led to %v", granted.Left)
	}
	if again := b.Get(authorize(c, "openid fullname snils")); again.Left == nil || again.Left.Query().Get("code") == "" {
		t.Fatalf("the second entry: %v", again)
	}
	b.Get(authorize(c, "openid fullname snils birthdate")).Want("[data-consent]", "Дата рождения").Want(".govuk-tag", "новое")
	other := w.Client("PORTAL_92", "https://sevastopol.test")
	b.Get(authorize(other, "openid fullname")).Want("h1", "PORTAL_92").Lacks("main", "Пароль *")
	b.Get("/profile/consents").Want("[data-consent]", "Портал PORTAL_72").Want("[data-consent]", "Действует")
	b.Get("/profile/portals").Want("main", "Портал PORTAL_72")
}

// ID-CNS-03 ID-CNS-04 ID-CNS-10
func TestWithdrawConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.Client("PORTAL_72", "https://uslugi.test")
	_, b := w.anna("anna@example.org")
	b.Get(authorize(c, "openid fullname")).Submit("form[action='/login/consent']")
	p := b.Get("/profile/consents").Want("[data-consent]", "Фамилия, имя, отчество").Want("[data-consent]", "чтобы заполнить заявление").Want("[data-consent]", "login-2026-11")
	id := p.Attr("[data-consent]", "data-consent")
	_, stranger := w.anna("boris@example.org")
	stranger.Get("/profile/consents/" + id).WantStatus(404)
	stranger.Post("/profile/consents/"+id, url.Values{}).WantStatus(404)
	p.Click("[data-consent] a").Want("h1", "Отозвать доступ").Submit("main form").WantPath("/profile/consents").
		Want(".govuk-notification-banner", "Доступ отозван").Want("[data-consent]", "Отозвано")
	// ID-SEC-13: the person is told, on every contact.
	if told := w.post.to("anna@example.org"); len(told) == 0 || !strings.Contains(told[len(told)-1].Text, "отозвали доступ сайта «Портал PORTAL_72»") {
		t.Errorf("told %v", told)
	}
	b.Get(authorize(c, "openid fullname")).Want("button", "Предоставить")
	if export := b.Get("/profile/consents.json"); !strings.Contains(export.Body, `"grantee":"PORTAL_72"`) || !strings.Contains(export.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("export: %s", export.Body)
	}
}

// ID-LVL-09 ID-SSO-05
func TestLevelTooLow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.Client("ROSREESTR", "https://rosreestr.test", func(c *client.Client) { c.MinLevel = person.Confirmed })
	oid, b := w.anna("anna@example.org")
	b.Get(authorize(c, "openid")).WantStatus(403).Want("main", "подтверждённая запись").Want(".okno-level", "Упрощённая").
		Click("main a.govuk-button").WantPath("/profile/data")
	w.raise(oid, person.Standard, "11223344595")
	p := b.Get(authorize(c, "openid")).Want("main", "повышен").
		Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password).WantStatus(403).Want(".okno-level", "Стандартная")
	if refused := p.Submit("form[action='/login/refuse']"); refused.Left == nil || refused.Left.Query().Get("error") != "access_denied" {
		t.Errorf("the way back led to %v", refused.Left)
	}
}

// A foreign page can neither sign in, nor out, nor grant.
func TestForeignPostsOfSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	for _, path := range []string{"/login", "/login/consent", "/login/refuse", "/logout", "/profile/settings/delete", "/registration", "/session/extend"} {
		b.PostFrom("https://evil.test", path, url.Values{"login": {"a"}, "password": {"b"}}).WantStatus(403)
	}
	b.Get("/profile/settings").WantPath("/profile/settings")
}
