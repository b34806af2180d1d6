package browser

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMainJob is the walk of the main job, from registration to the agency's
// answer, as its people take it.
func TestMainJob(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	anna := b.Person(t, "anna")
	who := w.Stranger("Тестова")

	register(t, w, anna, who)
	becomeStandard(t, w, anna, who)
	becomeConfirmed(t, w, b, who)
	number := apply(t, w, anna, who)
	answer(t, w, b, number)
	receive(t, w, anna, who, number)
}

// ID-REG-01, ID-REG-02, ID-REG-04, ID-REG-07, ID-REG-10, ID-REG-11, ID-REG-16..19
func register(t *testing.T, w *World, p *Person, who Stranger) {
	t.Helper()
	p.Go(w.URL("uslugi", "/"))
	p.See("Войти", "Популярные услуги", "Каталог услуг", "Популярные вопросы")
	p.Judge("portal-main")
	p.Press("Зарегистрироваться")
	p.Judge("registration")
	p.Fill("surname", who.Surname)
	p.Fill("name", who.Name)
	p.Fill("patronymic", who.Patronymic)
	p.Fill("phone", who.Phone)
	p.Fill("email", who.Email)
	p.Tick("consent")
	p.Press("Зарегистрироваться")
	p.Judge("registration-code")
	p.Fill("code", w.Await(who.Phone, `\b(\d{6})\b`))
	p.Press("Продолжить")
	p.Judge("registration-password")
	p.Fill("password", "Okno-2026!a")
	p.Fill("password2", "Okno-2026!b")
	p.Press("Готово")
	p.See("Пароли не совпали")
	p.Fill("password", "Okno-2026!a")
	p.Fill("password2", "Okno-2026!a")
	p.Press("Готово")
	p.See("Вы зарегистрированы")
	p.Judge("registration-done")

	link := w.Await(who.Email, `(http://\S+/link/\S+)`)
	p.Go(link)
	p.Judge("email-link")
	p.Press("Подтвердить")
}

// ID-REG-17, ID-VER-01..08, ID-VER-10..12, ID-LVL-08
func becomeStandard(t *testing.T, w *World, p *Person, who Stranger) {
	t.Helper()
	w.API("POST", "/api/registers/mvd", map[string]string{"mode": "delay", "delay": "48h"}, nil)
	p.Go(w.URL("esia", "/"))
	p.See("Упрощённая")
	p.Judge("profile-simplified")
	p.Go(w.URL("esia", "/profile/data"))
	p.Judge("personal-data")
	p.Press("Продолжить") // nothing filled in: every field says so
	p.Judge("personal-data-errors")
	p.Fill("surname", who.Surname)
	p.Fill("name", who.Name)
	p.Fill("patronymic", who.Patronymic)
	p.Pick("sex", who.Sex)
	p.Fill("birth_date", RuDate(who.BirthDate))
	p.Fill("birth_place", who.BirthPlace)
	p.Fill("snils", who.SNILS)
	p.Pick("citizenship", "RUS")
	p.Fill("document", who.Series+" "+who.Number)
	p.Fill("issue_date", RuDate(who.IssueDate))
	p.Fill("issuer_code", who.IssuerCode)
	p.Fill("issued_by", who.IssuedBy)
	p.Press("Продолжить")
	p.Judge("check-running")
	p.See("МВД")
	w.Advance("72h")
	w.Await(who.Email, `(провер)`)

	// Three days later every session is over; a new one carries the new level.
	p.Go(w.URL("esia", "/"))
	p.Judge("esia-main")
	p.Press("Войти")
	p.Judge("signin")
	signIn(p, who.Phone, "Okno-2026!a")
	p.Go(w.URL("esia", "/"))
	p.See("Стандартная")
	p.Judge("profile-standard")
}

func signIn(p *Person, login, password string) {
	p.t.Helper()
	p.Fill("login", login)
	p.Fill("password", password)
	p.Press("Войти")
}

// staff signs somebody in at a site for staff, with the second factor.
func staff(t *testing.T, w *World, b *Browser, surname, site string) *Person {
	t.Helper()
	a := w.Account(surname)
	p := b.Person(t, surname)
	p.Go(w.URL(site, "/"))
	signIn(p, a.Phone, a.Password)
	p.Fill("code", w.FreshCode(surname))
	p.Press("Войти")
	if !strings.HasPrefix(p.URL(), w.URL(site, "/")) {
		p.fail(errors.New("the sign-in did not come to its end"))
	}
	return p
}

// ID-CNF-01, ID-CNF-03, ID-CNF-04, ID-MFC-01, ID-MFC-03
func becomeConfirmed(t *testing.T, w *World, b *Browser, who Stranger) {
	t.Helper()
	op := staff(t, w, b, "Ильина", "desk")
	op.Judge("desk")
	op.Fill("document", who.Series+" "+who.Number)
	op.Fill("snils", who.SNILS)
	op.Press("Найти")
	op.See(who.Surname, "Совпало")
	op.Judge("desk-compare")
	op.Press("Отправить код")
	op.Fill("code", w.Await(who.Phone, `оператора: (\d{6})`))
	op.Pick("face", "1")
	op.Pick("paper", "1")
	op.Pick("free", "1")
	op.Press("Подтвердить")
	op.See("Личность подтверждена")
	op.Judge("desk-confirmed")
}

// CAT-01, CAT-04, SVC-01, SVC-02, SVC-05..11, ID-CNS-01, ID-CNS-08, ID-LOG-08
func apply(t *testing.T, w *World, p *Person, who Stranger) string {
	t.Helper()
	p.Go(w.URL("uslugi", "/"))
	p.Fill("q", "справка о несудимости")
	p.Press("Найти")
	p.Judge("search")
	p.Press("Справка о наличии (отсутствии) судимости")
	p.Judge("service")
	p.Press("Получить услугу")
	p.See("уровень") // raised at the desk since: one more sign-in (C-53)
	p.Judge("signin-level")
	signIn(p, who.Phone, "Okno-2026!a")
	p.See("Предоставить")
	p.Judge("consent")
	p.Press("Предоставить")
	p.Judge("service-signed-in")
	p.Press("Получить услугу")
	p.Judge("agreement")
	p.Tick("agree")
	p.Press("Продолжить")
	p.Press("Получить услугу")
	p.Judge("form-1")
	p.See("Это мы уже знаем", "Тестова Анна Сергеевна", "71 11")
	p.Fill("address.line", "г. Тюмень, ул. Республики, д. 24, кв. 5")
	p.Fill("address.postcode", "625000")
	p.Press("Вперёд")
	p.Press("Вперёд") // nothing answered
	p.See("Проверьте")
	p.Judge("form-2-errors")
	p.Pick("changed", "yes")
	p.Fill("former", "Пробная")
	p.Pick("reason", "marriage")
	p.Fill("certificate", "I-ФР 512044")
	p.Attach("file.certificate_scan", pdf(t))
	p.Press("Вперёд")
	p.Judge("form-3")
	p.Press("Назад")
	p.See("svidetelstvo.pdf")
	p.Judge("form-2-file")
	p.Press("Вперёд")
	p.Pick("purpose", "work")
	p.Fill("regions", "Тюменская область")
	p.Press("Вперёд")
	p.Tick("consent")
	p.Judge("form-4")
	p.Press("Вперёд")
	p.See("Проверьте", "Пробная", "svidetelstvo.pdf")
	p.Judge("check")
	p.Tick("confirm")
	p.Press("Подписать и отправить")
	p.Judge("sent")
	number := regexp.MustCompile(`72-2026-\d{7}-\d`).FindString(p.Text())
	if number == "" {
		p.fail(errors.New("the receipt shows no number"))
	}
	p.Go(w.URL("uslugi", "/lk/applications"))
	p.See(number)
	p.Judge("applications")
	p.Press("Справка о наличии")
	p.See("История обработки")
	p.Judge("application")
	return number
}

// BO-01, SVC-17, SVC-18, SVC-26
func answer(t *testing.T, w *World, b *Browser, number string) {
	t.Helper()
	p := staff(t, w, b, "Гареева", "office")
	p.See(number)
	p.Judge("office-queue")
	p.Press("Тестова")
	p.Judge("office-case")
	p.Press("Взять в работу")
	p.See("В работе")
	p.Judge("office-case-taken")
	p.Press("Переписка")
	p.Judge("office-letters")
	p.Press("История")
	p.See("Кто смотрел дело")
	p.Judge("office-history")
	p.Press("Ответы")
	p.Press("Ответить")
	p.Fill("text", "Сведений о судимости нет. Справка приложена.")
	p.Attach("file", pdf(t))
	p.Judge("office-answer")
	p.Press("Отправить ответ")
	p.See("Оказана")
	p.Judge("office-case-answered")
}

// NTF-11, NTS-01, SVC-18, SVC-19
func receive(t *testing.T, w *World, p *Person, who Stranger, number string) {
	t.Helper()
	w.Await(who.Email, `(`+number+`)`)
	w.Await(who.Phone, `(готов ответ по заявлению № \S+)`)
	p.Go(w.URL("uslugi", "/lk/notifications"))
	p.See("Справка о наличии")
	p.Judge("feed")
	p.Press("Услуга оказана")
	p.See("История обработки", "Сведений о судимости нет", "svidetelstvo.pdf")
	p.Judge("application-answered")
	size := Eval[int](p, `(async () => { const a = [...document.querySelectorAll("a[href*='/files/']")].pop(); const r = await fetch(a.href); return (await r.arrayBuffer()).byteLength; })()`)
	raw, err := os.ReadFile(pdf(t))
	if err != nil || size != len(raw) {
		t.Errorf("the answer has %d bytes, the clerk sent %d (%v)", size, len(raw), err)
	}
	for name, path := range map[string]string{
		"cabinet": "/lk/", "settings": "/lk/settings", "archive": "/lk/applications/archive", "catalogue": "/services", "categories": "/categories",
		"agencies": "/agencies", "agency": "/agencies/mvd", "situations": "/situations", "centres": "/centres", "help": "/help/", "news": "/news", "acts": "/acts",
	} {
		p.Go(w.URL("uslugi", path))
		p.Judge("portal-" + name)
	}
	for name, path := range map[string]string{
		"main": "/", "contacts": "/profile/contacts", "documents": "/profile/documents", "family": "/profile/children", "vehicles": "/profile/vehicles", "confirm": "/profile/confirm", "consents": "/profile/consents",
		"portals": "/profile/portals", "settings": "/profile/settings", "journal": "/profile/actions", "requests": "/profile/actions/requests", "about": "/about", "recovery": "/recovery",
	} {
		p.Go(w.URL("esia", path))
		p.Judge("esia-" + name)
	}
	p.Go(w.URL("demo", "/"))
	p.Judge("demo-main")
	p.Go(w.URL("demo", "/registers"))
	p.Judge("demo-registers")
	p.Go(w.URL("demo", "/persons"))
	p.Judge("demo-persons")
}

// pdf is a small file of that kind.
func pdf(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "svidetelstvo.pdf")
	raw := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
