package idsite_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// connect reads the secret from the page and enters the code that an app would show.
func connect(t *testing.T, p *kittest.Page) *kittest.Page {
	t.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(p.Text("[data-secret]"), " ", ""), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p.Submit("form[action='/profile/settings/factor/code']", "code", code)
}

// ID-MFC-01: a staff site that demands two factors lets somebody without an app
// connect one on the way, and only then in.
func TestFactorOnTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	staff := w.Client("okno-desk", "https://desk.test", func(c *client.Client) { c.FirstParty, c.SecondFactor = true, true })

	p := b.Get(authorize(staff, "openid"))
	p.WantStatus(http.StatusForbidden).Want("h1", "Нужна вторая ступень входа")
	p = p.Click("a[href^='/profile/settings/factor']")
	p.Want("h1", "Приложение для кодов")
	p = p.Submit("form[action='/profile/settings/factor']")
	if !p.Has("svg.okno-qr") {
		t.Fatal("no QR code")
	}
	// The form's answer leads on to the client: a browser blocks it otherwise.
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://desk.test;") {
		t.Errorf("the page's policy keeps the browser here: %s", csp)
	}
	at := p.URL.String()
	p.Submit("form[action='/profile/settings/factor/code']", "code", "000000").Want(".govuk-error-summary", "Код не подошёл")
	p = b.Get(at) // opened again, the key is the same
	res := connect(t, p)
	if res.Left == nil || !strings.HasPrefix(res.Left.String(), "https://desk.test/cb?code=") {
		t.Fatalf("ended at %s, left for %v", res.URL, res.Left)
	}
	w.settle()
	told := w.post.to("anna@example.org")
	if len(told) == 0 || !strings.Contains(told[len(told)-1].Text, "подключили приложение для кодов") {
		t.Errorf("the owner was not told: %+v", told)
	}
}

// The link of okno admin create works once: password, app, and in (issue 4, 2).
func TestSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, token, err := w.operators.MakeAdmin(context.Background(), enrol.NewStaff{Surname: "Орлова", Given: "Вера", Email: "vera@example.org", Locale: "ru"})
	w.check(err)
	b := w.browser()
	p := b.Get("/setup/" + token)
	p.Want("h1", "Придумайте пароль").Want("main", "Орлова Вера")
	p = p.Submit("form[action^='/setup/']", "password", "слабый", "password2", "слабый")
	p.WantStatus(http.StatusUnprocessableEntity)
	p = b.Get("/setup/"+token).Submit("form[action^='/setup/']", "password", oidctest.Password, "password2", oidctest.Password)
	p.WantPath("/profile/settings/factor")
	p = connect(t, p.Submit("form[action='/profile/settings/factor']"))
	p.WantPath("/profile/settings").Want("main", "Приложение подключено")
	w.browser().Get("/setup/" + token).WantStatus(http.StatusNotFound)

	o, err := w.operators.Get(context.Background(), oid)
	w.check(err)
	if !o.May(operator.Admin) {
		t.Error("no administrator")
	}
	// From now on the password alone opens nothing.
	signIn(w.browser(), "vera@example.org").Want("h1", "Код из приложения")

	// A second link for the same person ends the first one and adds no account.
	again, t2, err := w.operators.MakeAdmin(context.Background(), enrol.NewStaff{Surname: "Орлова", Given: "Вера", Email: "vera@example.org", Locale: "ru"})
	w.check(err)
	if again != oid {
		t.Errorf("a second account %d", again)
	}
	w.Clock.Advance(25 * time.Hour)
	w.browser().Get("/setup/" + t2).WantStatus(http.StatusNotFound)
}

// Whoever has the app may disconnect it; the session of a password alone may not.
func TestRemoveFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	p := connect(t, b.Get("/profile/settings/factor").Submit("form[action='/profile/settings/factor']"))
	p.WantPath("/profile/settings")
	p = b.Get("/profile/settings/factor").Submit("form[action='/profile/settings/factor/remove']")
	p.WantPath("/profile/settings").Want("main", "Приложение отключено")
	w.Clock.Advance(11 * time.Minute)
	b.Get("/profile/settings/factor").WantPath("/login") // ID-SEC-13: a fresh proof first
}
