package idsite_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

const newPassword = "Utro-v-Tyumeni-7"

// register fills in the first form.
func register(b *kittest.Browser, nameValues ...string) *kittest.Page {
	base := []string{"surname", "Новикова", "name", "Елена", "consent", "1"}
	return b.Get("/registration").Submit("form[action='/registration']", append(base, nameValues...)...)
}

// By phone: code, password, cabinet; the session is there and the level shown.
//
// ID-REG-01 ID-REG-04 ID-REG-05 ID-REG-06 ID-REG-07 ID-REG-16 ID-REG-17 ID-REG-18 ID-REG-20 ID-REG-23 ID-REG-24
func TestRegisterByPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.Get("/").Want("header a", "Зарегистрироваться").Want("header a", "Войти")
	p := b.Get("/registration").WantStatus(200).Want("h1", "Регистрация").Want("[data-stages]", "Подтверждённая")
	for _, name := range []string{"surname", "name", "patronymic", "phone", "email", "consent"} {
		if !p.Has("input[name=" + name + "]") {
			t.Errorf("no field %s", name)
		}
	}
	b.Get(p.Attr("main a[href='/agreement']", "href")).WantStatus(200).Want("h1", "Пользовательское соглашение")
	p = register(b, "patronymic", "Олеговна", "phone", "8 (912) 345-67-89").WantPath("/registration").Want("h1", "Введите код").Want("main", "+7 912 345-67-89")
	if len(w.post.to("+79123456789")) != 1 {
		t.Fatalf("messages: %v", w.post.to("+79123456789"))
	}
	code := w.post.secret(t, "+79123456789", codePattern)
	p = p.Submit("form[action='/registration/code']", "code", code).Want("h1", "Придумайте пароль")
	if got := p.Attr("input[name=password]", "aria-describedby"); !strings.Contains(got, "password-rules") {
		t.Errorf("the advice is not tied to the field: %q", got)
	}
	p = p.Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).
		WantPath("/registration/done").Want("h1", "Вы зарегистрированы").Want(".okno-level", "Упрощённая").Want("main a.govuk-button", "Заполнить личные данные")
	p.Click("main a.govuk-button").WantPath("/profile/data")
	b.Get("/").Want("h1", "Новикова Елена Олеговна").Want(".okno-level", "Упрощённая").Want(".okno-callout", "До стандартной записи")
	// The key of the form guards against sending it twice: the attempt is over.
	b.Get("/registration").WantPath("/")
	w.browser().Get("/login").Submit("form[action='/login']", "login", "+7 912 345 67 89", "password", newPassword).WantPath("/")
}

// ID-REG-05 ID-REG-19
func TestRegistrationFormFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := b.Get("/registration").Submit("form[action='/registration']").WantStatus(422)
	for _, field := range []string{"surname", "name", "phone", "email", "consent"} {
		if !p.Has("#"+field+"-error") || !p.Has(".govuk-error-summary a[href='#"+field+"']") {
			t.Errorf("no message at %s", field)
		}
	}
	p = register(b, "phone", "12345", "email", "не почта").WantStatus(422).Want("#phone-error", "").Want("#email-error", "")
	if p.Attr("input[name=surname]", "value") != "Новикова" || p.Attr("input[name=phone]", "value") != "12345" {
		t.Error("what was typed is lost")
	}
	if len(w.post.to("+79123456789")) != 0 {
		t.Error("something was sent")
	}
	w.check(w.Settings.Update(context.Background(), "1", "for the test", func(v *setting.Values) { v.Contacts = setting.ContactBoth }))
	register(b, "phone", "+7 912 345-67-89").WantStatus(422).Want("#email-error", "")
}

// By e-mail: a letter with a link that works once, and only when it is pressed.
//
// ID-REG-09
func TestRegisterByEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	register(b, "email", "elena@example.org").Want("h1", "Откройте письмо").Want("main", "elena@example.org")
	link := w.post.secret(t, "elena@example.org", linkPattern)
	phone := w.browser() // the letter is opened elsewhere
	phone.Get(link).WantStatus(200)
	p := phone.Get(link).Want("button", "Придумать пароль").Submit("main form").WantPath("/registration").Want("h1", "Придумайте пароль")
	p.Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done")
	for _, again := range []*kittest.Page{w.browser().Get(link), w.browser().Post(link, url.Values{}), w.browser().Get("/link/no-such-link")} {
		again.WantStatus(404).Want("h1", "больше не действует").Want("main a", "Зарегистрироваться")
	}
	signIn2(w.browser(), "elena@example.org", newPassword).WantPath("/")
}

func signIn2(b *kittest.Browser, login, password string) *kittest.Page {
	return b.Get("/login").Submit("form[action='/login']", "login", login, "password", password)
}

// Both given: the phone's path; the e-mail is confirmed by its own link and no
// login before.
//
// ID-REG-10 ID-LOG-07
func TestRegisterByBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	register(b, "phone", "+79123456789", "email", "elena@example.org").
		Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern)).
		Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done")
	b.Get("/").Want("[data-block=contacts]", "не подтверждён")
	signIn2(w.browser(), "elena@example.org", newPassword).WantStatus(422)
	b.Get(w.post.secret(t, "elena@example.org", linkPattern)).Want("button", "Подтвердить").Submit("main form").Want("main", "Адрес почты подтверждён")
	b.Get("/").Lacks("[data-block=contacts]", "не подтверждён")
	signIn2(w.browser(), "elena@example.org", newPassword).WantPath("/")
}

// ID-REG-08
func TestRegistrationCodeFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := register(b, "phone", "+79123456789")
	right := w.post.secret(t, "+79123456789", codePattern)
	wrong := "000000"
	if right == wrong {
		wrong = "111111"
	}
	p.Submit("form[action='/registration/resend']").WantStatus(429).Want(".govuk-error-summary", "")
	for range 5 {
		p = p.Submit("form[action='/registration/code']", "code", wrong).WantStatus(422).Want("#code-error", "")
	}
	p.Submit("form[action='/registration/code']", "code", right).WantStatus(422) // spent
	w.Clock.Advance(2 * time.Minute)
	b.Get("/registration").Submit("form[action='/registration/resend']").WantStatus(200)
	fresh := w.post.secret(t, "+79123456789", codePattern)
	b.Get("/registration").Submit("form[action='/registration/code']", "code", right).WantStatus(422)
	w.Clock.Advance(6 * time.Minute)
	b.Get("/registration").Submit("form[action='/registration/code']", "code", fresh).WantStatus(422).Want("main", "Срок действия истёк")
}

// A taken contact looks like a free one, screen by screen; its owner is told.
//
// ID-REG-22
func TestTakenContactLooksTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "taken@example.org")
	texts := map[string][]string{}
	for _, email := range []string{"taken@example.org", "freee@example.org"} {
		b := w.browser()
		p := register(b, "email", email)
		resent := b.Get("/registration").Submit("form[action='/registration/resend']")
		w.Clock.Advance(2 * time.Minute)
		again := b.Get("/registration").Submit("form[action='/registration/resend']")
		for _, page := range []*kittest.Page{p, resent, again} {
			texts[email] = append(texts[email], page.String()+strings.ReplaceAll(page.Text("main"), email, "X"))
		}
	}
	for i := range texts["taken@example.org"] {
		a, b := texts["taken@example.org"][i], texts["freee@example.org"][i]
		if digitless(a) != digitless(b) {
			t.Errorf("page %d differs:\n%s\n%s", i, a, b)
		}
	}
	told := w.post.to("taken@example.org")
	if len(told) != 1 || linkPattern.MatchString(told[0].Text) {
		t.Errorf("the owner got %v", told)
	}
}

// digitless drops the seconds that are left, which tick.
func digitless(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, strings.NewReplacer("секунду", "секунд", "секунды", "секунд").Replace(s))
}

// ID-REG-11 ID-REG-12 ID-REG-13 ID-REG-15
func TestRegistrationPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := register(b, "phone", "+79123456789").Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern))
	p.Want("#password-rules", "цифра").Want("#password-rules", "заглавная латинская буква")
	for _, c := range []struct{ one, two, field, want string }{
		{newPassword, newPassword + "x", "password2", ""},
		{"Ab-1", "Ab-1", "password", "8"},
		{"Пароль-2026", "Пароль-2026", "password", "латинск"},
		{"nocapitals-7", "nocapitals-7", "password", "заглавн"},
		{"Password1!", "Password1!", "password", "угадать"},
		{"", "", "password", ""},
	} {
		p = p.Submit("form[action='/registration/password']", "password", c.one, "password2", c.two).WantStatus(422).Want("#"+c.field+"-error", c.want)
	}
	if b.Cookie("okno_id_session") != "" {
		t.Error("a session without a password")
	}
	p.Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done")
}

// Without script a password can be had too, and it meets the policy.
//
// ID-REG-14
func TestSuggestedPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	register(b, "phone", "+79123456789").Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern))
	p := b.Get("/registration?suggest=1")
	i := strings.Index(p.Body, "data-suggested>")
	if i < 0 {
		t.Fatal("no suggestion")
	}
	rest := p.Body[i+len("data-suggested>"):]
	word := strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(rest[:strings.Index(rest, "<")])
	if bad := credential.CheckPassword(setting.PasswordStrict, word); len(bad) > 0 {
		t.Errorf("%q: %v", word, bad)
	}
	p.Submit("form[action='/registration/password']", "password", word, "password2", word).WantPath("/registration/done")
}

// Whoever came from a portal returns there after the registration.
//
// ID-REG-02
func TestRegistrationReturnsToThePortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.Client("PORTAL_72", "https://uslugi.test")
	b := w.browser()
	p := b.Get(authorize(c, "openid fullname")).Click("main a[href^='/registration']")
	p = p.Submit("form[action='/registration']", "surname", "Новикова", "name", "Елена", "consent", "1", "phone", "+79123456789").
		Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern)).
		Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword)
	p = p.Click("main a.govuk-button--secondary").Want("button", "Предоставить").Submit("form[action='/login/consent']")
	if p.Left == nil || p.Left.Host != "uslugi.test" {
		t.Errorf("ended at %v", p)
	}
}

// The form of the data: twelve fields, what was typed is kept, the checks run,
// the page says who is asked since when, and the level rises after signing in again.
//
// ID-REG-25 ID-VER-01 ID-VER-03 ID-VER-04 ID-VER-07 ID-VER-10 ID-VER-11 ID-VER-12 ID-LVL-08 ID-CNF-01
func TestPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	b.Get("/").Lacks("main", "Подтвердить личность")
	p := b.Get("/profile/data").Want("h1", "Персональные данные")
	if p.Attr("input[name=surname]", "value") != "Тестова" {
		t.Error("the known name is asked again")
	}
	p = p.Submit("form[action='/profile/data'] button:not([name])").WantStatus(422)
	for _, field := range []string{"sex", "birth_date", "birth_place", "snils", "document", "issue_date", "issuer_code", "issued_by"} {
		if !p.Has("#" + field + "-error") {
			t.Errorf("no message at %s", field)
		}
	}
	p.Submit("button[name=save]", "birth_place", "гор. Тюмень", "snils", "112-233").WantPath("/").Want(".govuk-notification-banner", "сохранено")
	w.Clock.Advance(24 * time.Hour)
	b = w.browser()
	signIn(b, "anna@example.org")
	p = b.Get("/profile/data")
	if p.Attr("input[name=birth_place]", "value") != "гор. Тюмень" || p.Attr("input[name=snils]", "value") != "112-233" {
		t.Error("what was saved is lost")
	}
	p.Submit("form[action='/profile/data'] button:not([name])", "snils", "112-233-445 96").WantStatus(422).Want("#snils-error", "опечатка")
	w.registers.set(enrol.Answer{Result: enrol.Pending}, enrol.Answer{Result: enrol.Match}, nil)
	p = submitData(b).WantPath("/profile/check").Want("h1", "Данные проверяются")
	w.settle()
	b.Get("/profile/check").Want(".okno-timeline", "Данные совпали").Want(".okno-timeline", "ждём ответа").Want(".okno-timeline", "не позже")
	b.Get("/").Want(".okno-callout", "Данные проверяются").Want(".okno-level", "Упрощённая")
	w.registers.set(enrol.Answer{Result: enrol.Match}, enrol.Answer{Result: enrol.Match}, nil)
	w.Clock.Advance(72 * time.Hour)
	w.settle()
	if who, err := w.Persons.Get(context.Background(), oid); err != nil || who.Level != person.Standard {
		t.Fatalf("level %v, %v", who.Level, err)
	}
	b = w.browser()
	signIn(b, "anna@example.org")
	b.Get("/profile/check").Want("h1", "Данные подтверждены").Want(".okno-level", "Стандартная").Want("main a", "Подтвердить личность")
	b.Get("/profile/data").Want(".okno-known", "112-233-445 95").Want(".okno-known", "Проверены МВД и Социальным фондом")
	b.Get("/profile/actions/requests").Want("[data-journal]", "МВД").Want("[data-journal]", "Социальный фонд").Want("[data-journal]", "совпало")
	_ = p
}

func submitData(b *kittest.Browser) *kittest.Page {
	return b.Get("/profile/data?edit=1").Submit("form[action='/profile/data'] button:not([name])",
		"surname", "Тестова", "name", "Анна", "patronymic", "Викторовна", "sex", "F", "birth_date", "17.04.1991", "birth_place", "гор. Тюмень",
		"snils", "112-233-445 95", "document", "71 11 904513", "issuer_code", "720-001", "issue_date", "20.05.2011", "issued_by", "УМВД по Тюменской области")
}

// The level rises under a living session: it keeps the old one and says how to
// get the new one.
//
// ID-VER-12
func TestRaisedLevelNeedsANewSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	w.raise(oid, person.Standard, "11223344595")
	p := b.Get("/").Want(".okno-level", "Упрощённая").Want(".okno-callout", "войдёте ещё раз")
	p.Click(".okno-callout a").WantPath("/login").Want("main", "Уровень вашей учётной записи повышен").
		Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password).WantPath("/").Want(".okno-level", "Стандартная")
}

// ID-VER-08 ID-VER-09
func TestFailedCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	w.registers.set(enrol.Answer{Result: enrol.Mismatch, Reason: "DOCUMENT_NOT_FOUND"}, enrol.Answer{Result: enrol.Match}, nil)
	submitData(b)
	b.Get("/profile/check").Lacks("main", "Исправить данные")
	w.settle()
	p := b.Get("/profile/check").Want("h1", "не подтвердились").Want("[data-reasons]", "")
	p = p.Click(".okno-callout a.govuk-button").WantPath("/profile/data")
	if p.Attr("input[name=snils]", "value") != "112-233-445 95" || p.Attr("input[name=document]", "value") == "" {
		t.Error("the values are lost")
	}
	b.Get("/").Want(".okno-level", "Упрощённая").Want(".okno-callout", "не подтвердились")
	w.registers.set(enrol.Answer{Result: enrol.Match}, enrol.Answer{Result: enrol.Match}, nil)
	submitData(b).Want("h1", "проверяются")
}

// ID-VER-02
func TestForeignDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	args := []string{
		"surname", "Тестова", "name", "Анна", "sex", "F", "birth_date", "17.04.1991", "birth_place", "Минск", "snils", "112-233-445 95",
		"citizenship", "other", "issue_date", "20.05.2011", "issued_by", "МВД Республики Беларусь", "issuer_code", "",
	}
	p := b.Get("/profile/data").Submit("form[action='/profile/data'] button:not([name])", args...).WantStatus(422)
	if !p.Has("#foreign_document-error") || !p.Has("#country-error") || p.Has("#issuer_code-error") {
		t.Error("the rules of a foreign document do not hold")
	}
	b.Get("/profile/data").Submit("form[action='/profile/data'] button:not([name])", append(args, "country", "BLR", "foreign_document", "MP 1234567")...).WantPath("/profile/check")
}
