package browser

import (
	"strings"
	"testing"
)

// TestOneAccountServesBothPortals walks Anna from the portal of her region to
// the one where she spends the summer.
func TestOneAccountServesBothPortals(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	anna := w.Account("Соколова")
	p := b.Person(t, "anna")

	// RPT-01: four steps at the first sign-in. ID-LOG-01, ID-CNS-01, ID-CNS-08
	p.Go(w.URL("uslugi", "/"))
	p.Press("Личный кабинет")
	p.See("Зарегистрироваться") // ID-REG-03: the page offers both
	signIn(p, anna.Phone, anna.Password)
	p.See("СМЭВ Тюменской области")
	p.Press("Предоставить")
	p.Pick("agree", "1")
	p.Press("Продолжить")
	if got := p.URL(); got != w.URL("uslugi", "/lk/") {
		t.Fatalf("the fourth step ends at %s", got)
	}

	// ID-SSO-01, ID-REG-21, RPG-02: at the second portal neither registration nor
	// password, but a consent and an agreement of its own.
	p.Go(w.URL("sevastopol", "/"))
	p.See("Услуги Севастополя", "Войти")
	p.SeeNot("Тюмен")
	p.Judge("sevastopol-main")
	p.Press("Войти")
	p.See("Портал услуг Севастополя", "Предоставить")
	p.Judge("sevastopol-consent")
	p.Press("Предоставить")
	p.Pick("agree", "1")
	p.Press("Продолжить")
	p.See("Соколова")
	if got := p.URL(); !strings.HasPrefix(got, w.URL("sevastopol", "/")) {
		t.Fatalf("after the consent at %s", got)
	}

	// One step later: whoever has signed out signs in, nothing else is asked.
	// ID-SSO-07: the session at the provider has ended with the portal's.
	p.Press("Соколова")
	p.Press("Выйти")
	p.Go(w.URL("sevastopol", "/lk/"))
	signIn(p, anna.Phone, anna.Password)
	if got := p.URL(); got != w.URL("sevastopol", "/lk/") {
		t.Fatalf("the second sign-in ends at %s", got)
	}
	p.Go(w.URL("uslugi", "/lk/"))
	if got := p.URL(); got != w.URL("uslugi", "/lk/") {
		t.Fatalf("the first portal asks again: %s", got)
	}
}
