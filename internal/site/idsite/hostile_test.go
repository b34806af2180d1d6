package idsite_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
)

var routePattern = regexp.MustCompile(`m\.Handle\("(GET|POST) "?(\+factorPath\+?"?)?([^",]*)`)

// routes are the paths of the route table, read from it, so that a new route is
// tried too. Parts in braces stand for themselves.
func routes(t *testing.T, method string) []string {
	t.Helper()
	raw, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range routePattern.FindAllStringSubmatch(string(raw), -1) {
		path := m[3]
		if m[2] != "" {
			path = "/profile/settings/factor" + path
		}
		if m[1] == method {
			out = append(out, strings.ReplaceAll(path, "{$}", ""))
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes of %s were found", len(out), method)
	}
	return out
}

var braces = regexp.MustCompile(`\{[^}]*\}`)

// No form of the site works from a page of another origin, whoever is signed in.
func TestFormsOfForeignPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	before := b.Get("/profile/actions").Text("[data-journal]")
	for _, path := range routes(t, "POST") {
		path = braces.ReplaceAllString(path, "x")
		for _, origin := range []string{"https://evil.example", "null", "http://" + host + ".evil.example"} {
			if p := b.PostFrom(origin, path, url.Values{"email": {"evil@example.org"}, "on": {"1"}, "sure": {"1"}}); p.Status != http.StatusForbidden || len(p.Header["Set-Cookie"]) > 0 {
				t.Errorf("POST %s from %s: %d, cookies %v", path, origin, p.Status, p.Header["Set-Cookie"])
			}
		}
	}
	b.Get("/profile/settings").WantPath("/profile/settings")
	if after := b.Get("/profile/actions").Text("[data-journal]"); after != before {
		t.Errorf("something was done: %s", after)
	}
}

// Every page of the profile asks for the sign-in and shows nothing before; every
// act is refused.
//
// ID-LOG-15
func TestProfileWithoutSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range append(routes(t, "GET"), "/profile/consents.json") {
		if !strings.HasPrefix(path, "/profile") {
			continue
		}
		res := w.browser().Raw("GET", braces.ReplaceAllString(path, "x"), nil, "")
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/login?") {
			t.Errorf("GET %s: %d %s", path, res.StatusCode, to)
		}
	}
	for _, path := range routes(t, "POST") {
		if !strings.HasPrefix(path, "/profile") {
			continue
		}
		if p := w.browser().Post(braces.ReplaceAllString(path, "x"), url.Values{}); p.Status != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", path, p.Status)
		}
	}
}

// What belongs to somebody else looks as if it were not there.
func TestForeignNumbersInAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, anna := w.anna("anna@example.org")
	anna.Get("/profile/children/new").Submit("main form", "surname", "Тестов", "name", "Илья", "sex", "M", "birth_date", "25.03.2017").WantPath("/profile/children")
	anna.Get("/profile/vehicles").Submit("form[action='/profile/vehicles']", "vehicle", "Лада", "plate", "А123ВС72").WantPath("/profile/vehicles")
	anna.Get("/profile/documents/INN").Submit("form[action='/profile/documents/INN']", "number", "500100732259").WantPath("/profile/documents")
	child := anna.Get("/profile/children").Attr("main a[href^='/profile/children/']:not([href$=new])", "href")
	car := anna.Get("/profile/vehicles").Attr("form[action$='/remove']", "action")
	doc := anna.Get("/profile/documents/INN").Attr("form[action$='/remove'] input[name=id]", "value")
	contact := anna.Get("/profile/contacts").Attr("[data-contact]", "data-contact")
	session := anna.Get("/profile/settings").Attr("[data-session] form", "action")
	_, boris := w.anna("boris@example.org")
	boris.Get(child).WantStatus(404).Lacks("main", "Илья")
	for path, form := range map[string]url.Values{
		child: {"surname": {"Чужой"}, "name": {"Илья"}, "sex": {"M"}, "birth_date": {"25.03.2017"}}, child + "/remove": {}, car: {},
		"/profile/documents/INN/remove": {"id": {doc}}, "/profile/contacts/" + contact + "/remove": {}, session: {},
		"/profile/consents/" + contact: {},
	} {
		if p := boris.Post(path, form); p.Status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, p.Status)
		}
	}
	anna.Get("/").Want("[data-block=children]", "Тестов Илья").Want("[data-block=vehicles]", "Лада").Want("[data-block=contacts]", "anna@example.org")
	anna.Get("/profile/documents/INN").Want("main", "500100732259")
}

// No address takes a visitor to a page of somebody else's choice.
func TestNoOpenRedirect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	for _, evil := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "/\t/evil.example", "/%2Fevil.example", "/.//evil.example",
		"https:evil.example", "javascript:alert(1)", "http://" + host + "@evil.example/", "/%5C%5Cevil.example", "%2F%2Fevil.example", " https://evil.example",
		"/\r\nLocation: https://evil.example",
	} {
		q := url.Values{"back": {evil}}.Encode()
		b := w.browser()
		p := b.Get("/login?"+q).Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password)
		if p.Left != nil || p.URL.Host != host || p.URL.Path != "/" {
			t.Errorf("back=%q after the sign-in leads to %s %s", evil, p.URL, p.Left)
		}
		for _, p := range []string{"/login?again=1&" + q, "/prefs/lang/en?" + q, "/prefs/vi?" + q, "/registration?" + q, "/oauth2/logout?post_logout_redirect_uri=" + url.QueryEscape(evil), "/logout?to=" + url.QueryEscape(evil)} {
			res := b.Raw("GET", p, nil, "")
			if to, err := res.Request.URL.Parse(res.Header.Get("Location")); err != nil || to.Host != host && to.Host != "" {
				t.Errorf("GET %s leads to %s", p, res.Header.Get("Location"))
			}
		}
		for _, path := range []string{"/session/extend", "/login/restart", "/logout"} {
			res := b.Raw("POST", path, []byte(url.Values{"back": {evil}, "to": {evil}}.Encode()), "application/x-www-form-urlencoded")
			if to, err := res.Request.URL.Parse(res.Header.Get("Location")); err != nil || to.Host != host && to.Host != "" {
				t.Errorf("POST %s leads to %s", path, res.Header.Get("Location"))
			}
		}
	}
}

// Letters and messages lead to the configured address, whatever host a request names.
func TestHostOfTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	page := w.browser().Get("/recovery")
	form := url.Values{"by": {"contact"}, "login": {"anna@example.org"}, "_key": {page.Attr("input[name=_key]", "value")}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://evil.example/recovery", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	answer := httptest.NewRecorder()
	w.site.ServeHTTP(answer, r)
	if to := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/recovery") {
		t.Errorf("%d, leads to %s", answer.Code, to)
	}
	letters := w.post.to("anna@example.org")
	if len(letters) == 0 || strings.Contains(letters[len(letters)-1].Text, "evil") || !strings.Contains(letters[len(letters)-1].Text, "http://"+host+"/link/") {
		t.Errorf("letters %v", letters)
	}
}

// A button pressed twice shows what the first press did.
//
// ID-REG-16 ID-REC-05
func TestPressedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	register(b, "email", "twice@example.org")
	p := b.Get(w.post.secret(t, "twice@example.org", linkPattern)).Submit("main form").WantPath("/registration")
	attempt := b.Cookie("okno_id_registration")
	p.Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done")
	b.SetCookie("okno_id_registration", attempt) // the second press was sent before the first answer came
	p.Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done").Want("h1", "Вы зарегистрированы")

	r := w.browser()
	r.Get("/recovery").Submit("form[action='/recovery']", "login", "twice@example.org")
	p = r.Get(w.post.secret(t, "twice@example.org", linkPattern)).Submit("main form").WantPath("/recovery")
	attempt = r.Cookie("okno_id_recovery")
	again := []string{"password", "Other-2027!x", "password2", "Other-2027!x"}
	p.Submit("form[action='/recovery/password']", again...).WantPath("/login").Want("main", "Пароль изменён")
	r.SetCookie("okno_id_recovery", attempt)
	p.Submit("form[action='/recovery/password']", again...).WantPath("/login").Want("main", "Пароль изменён")
	signIn2(w.browser(), "twice@example.org", "Other-2027!x").WantPath("/")
}

// A form that stood open for too long, or came without its key, is no fault of
// the site.
func TestFormWithoutKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	for _, path := range []string{"/registration", "/recovery"} {
		b.Post(path, url.Values{"surname": {"Новикова"}, "name": {"Елена"}, "email": {"e@example.org"}, "consent": {"1"}}).WantStatus(422).Want("h1", "")
	}
	p := b.Get("/registration")
	w.Clock.Advance(48 * time.Hour)
	p.Submit("form[action='/registration']", "surname", "Новикова", "name", "Елена", "email", "late@example.org", "consent", "1").Want("h1", "Откройте письмо")
	signed := w.browser()
	w.Person("Тестова", "Анна", "anna@example.org")
	signIn(signed, "anna@example.org")
	old := signed.Get("/profile/settings/password")
	w.Clock.Advance(31 * time.Minute)
	old.Submit("main form", "current", oidctest.Password, "password", newPassword, "password2", newPassword).WantStatus(401).Want("main", "Сеанс закончился")
}

// Every address that a letter or a message names is a page.
func TestLinksInLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	w.raise(oid, person.Standard, "14390561762")
	b.Get("/login?again=1").Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password)
	paths := map[string]bool{}
	for _, lang := range []string{"ru", "tt", "en"} {
		raw, err := os.ReadFile("../../../locale/idp." + lang + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{site\}(/[a-z/]*)`).FindAllStringSubmatch(string(raw), -1) {
			paths[m[1]] = true
		}
	}
	if len(paths) < 5 {
		t.Fatalf("links %v", paths)
	}
	for path := range paths {
		b.Get(path).WantStatus(200)
	}
}

// Who says only at the second proof that the computer is foreign leaves nothing either.
//
// ID-LOG-11
func TestForeignComputerSaidLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	b := w.browser()
	signIn(b, "anna@example.org").WantPath("/")
	w.Clock.Advance(11 * time.Minute)
	b.Get("/login?again=1&back=/profile/settings").Submit("form[action='/login']",
		"login", "anna@example.org", "password", oidctest.Password, "foreign", "1").WantPath("/profile/settings")
	if b.Cookie("okno_id_login") != "" {
		t.Error("the login is remembered")
	}
	b.DropSessionCookies()
	b.Get("/profile/settings").WantPath("/login")
}
