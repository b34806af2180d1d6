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

	// PRT-14, RPG-01: one design system, one arrangement of pages, two brands.
	sheets := `[...document.querySelectorAll("link[rel=stylesheet]")].map(l => new URL(l.href).pathname).join(" ")`
	words := `[...document.querySelectorAll(".okno-header .okno-nav a, .okno-footer h2")].map(e => e.textContent.trim()).join(" ")`
	there, thereWords := Eval[string](p, sheets), Eval[string](p, words)
	p.Go(w.URL("uslugi", "/"))
	here, hereWords := Eval[string](p, sheets), Eval[string](p, words)
	if !strings.HasPrefix(there, here+" ") || hereWords != thereWords || hereWords == "" {
		t.Errorf("the portals differ: %q and %q, %q and %q", here, there, hereWords, thereWords)
	}

	// RPS-02: its centres are branches of the MFC, Rostelecom and RNKB.
	p.Go(w.URL("sevastopol", "/centres"))
	p.See("МФЦ", "Ростелеком", "РНКБ")
	p.Judge("sevastopol-centres")

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

// TestSevastopolLeadsToTheProvidersRegistration: the region keeps no form of its
// own.
//
// RPS-01, ID-REG-02
func TestSevastopolLeadsToTheProvidersRegistration(t *testing.T) {
	w := StartWorld(t)
	p := Start(t).Person(t, "stranger")
	who := w.Stranger("Пробный")
	p.Go(w.URL("sevastopol", "/"))
	p.Press("Зарегистрироваться")
	if got := p.URL(); !strings.HasPrefix(got, w.URL("esia", "/registration")) {
		t.Fatalf("the registration is at %s", got)
	}
	p.Fill("surname", who.Surname)
	p.Fill("name", who.Name)
	p.Fill("phone", who.Phone)
	p.Pick("consent", "1")
	p.Press("Зарегистрироваться")
	p.Fill("code", w.Await(who.Phone, `\b(\d{6})\b`))
	p.Press("Продолжить")
	p.Fill("password", "Okno-2026!a")
	p.Fill("password2", "Okno-2026!a")
	p.Press("Готово")
	p.See("Вы зарегистрированы")
	p.Press("Вернуться туда, откуда пришли")
	p.See("Портал услуг Севастополя")
	p.Press("Предоставить")
	if got := p.URL(); !strings.HasPrefix(got, w.URL("sevastopol", "/")) {
		t.Fatalf("the registration ends at %s", got)
	}
	p.See(who.Surname)
}

// TestPlaceAndTheVisuallyImpaired walks the choice of a place and the version
// for the visually impaired at 200 % in both schemes, on the portal and at the
// provider.
//
// GEO-05, GEO-06, GEO-07
func TestPlaceAndTheVisuallyImpaired(t *testing.T) {
	w := StartWorld(t)
	p := Start(t).Person(t, "anna")
	p.Go(w.URL("uslugi", "/"))
	p.Press("Тюмень")
	p.Judge("place")
	p.Fill("q", "Тобольск")
	p.Press("Выбрать")
	p.See("Тобольск, Тюменская область")
	p.Go(w.URL("uslugi", "/place/72"))
	p.Judge("place-region")
	p.Go(w.URL("uslugi", "/place/92"))
	p.See("свой портал")
	p.Judge("place-other-portal")

	for _, scheme := range []string{"light", "dark"} {
		p.Go(w.URL("uslugi", "/prefs/vi?back=/services"))
		p.Judge("vi-settings-" + scheme)
		p.Pick("size", "200")
		p.Pick("scheme", scheme)
		p.Press("Применить")
		p.Judge("vi-" + scheme + "-services")
		for name, path := range map[string]string{"main": "/", "service": "/services/criminal-record", "help": "/help/"} {
			p.Go(w.URL("uslugi", path))
			if !Eval[bool](p, `document.documentElement.matches(".okno-vi-200.okno-vi-scheme-`+scheme+`")`) {
				t.Errorf("%s is not shown in the scheme %s", path, scheme)
			}
			p.Judge("vi-" + scheme + "-" + name)
		}
	}
	// The sign-in takes the choice along.
	p.Press("Войти")
	if !Eval[bool](p, `document.documentElement.matches(".okno-vi-200.okno-vi-scheme-dark")`) {
		t.Error("the sign-in shows the usual look")
	}
	p.Judge("vi-dark-signin")
}

// TestCodesComeWhateverIsSwitchedOff: settings of notices never hold back a code.
//
// NTS-07
func TestCodesComeWhateverIsSwitchedOff(t *testing.T) {
	w := StartWorld(t)
	p := Start(t).Person(t, "anna")
	anna := w.Account("Соколова")
	p.Go(w.URL("uslugi", "/lk/settings"))
	signIn(p, anna.Phone, anna.Password)
	p.Press("Предоставить")
	p.Pick("agree", "1")
	p.Press("Продолжить")
	p.Press("Выключить всё")
	p.Press("Соколова")
	p.Press("Выйти")
	p.Go(w.URL("esia", "/login"))
	p.Press("Я не знаю пароль") // ID-REC-01
	p.Fill("login", anna.Phone)
	p.Press("Продолжить")
	if code := w.Await(anna.Phone, `\b(\d{6})\b`); len(code) != 6 {
		t.Errorf("the code is %q", code)
	}
}

// TestEachRegionHasItsOwnClerks: a clerk works where he was appointed; the other
// region's office lets him no further than to say so.
//
// RPG-01
func TestEachRegionHasItsOwnClerks(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	own := staff(t, w, b, "Шевченко", "office-sevastopol")
	if got := own.URL(); !strings.HasPrefix(got, w.URL("office-sevastopol", "/")) {
		t.Fatalf("the clerk of Sevastopol is at %s", got)
	}
	own.See("Шевченко", "Очередь", "Департамент образования и науки города Севастополя")
	own.Judge("sevastopol-office")
	foreign := staff(t, w, b, "Гареева", "office-sevastopol")
	foreign.SeeNot("Взять в работу")
	if status := Eval[int](foreign, `fetch(location.href).then(r => r.status)`); status != 403 {
		t.Errorf("a clerk of Tyumen gets %d in Sevastopol's office", status)
	}
	foreign.Judge("sevastopol-office-foreign")
}
