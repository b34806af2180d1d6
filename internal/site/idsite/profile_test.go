package idsite_test

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// ID-ACC-09 ID-ACC-10 ID-ACC-12
func TestFiveBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, _ := w.anna("anna@example.org")
	w.raise(oid, person.Standard, "11223344595")
	b := w.browser()
	p := signIn(b, "anna@example.org")
	for _, block := range []string{"personal", "contacts", "documents", "children", "vehicles"} {
		if !p.Has("[data-block=" + block + "]") {
			t.Errorf("no block %s", block)
		}
	}
	for _, want := range []string{"Тестова Анна Викторовна", "17 апреля 1991", "71 11 № 904513", "112-233-445 95"} {
		p.Want("[data-block=personal]", want)
	}
	p.Want(".okno-ladder .is-next", "Подтверждённая")
	for _, href := range []string{"/profile/settings", "/profile/documents", "/profile/consents", "/profile/actions"} {
		if !p.Has(".okno-menu a[href='" + href + "']") {
			t.Errorf("the menu under the surname lacks %s", href)
		}
		b.Get(href).WantStatus(200)
	}
}

// Every page of the profile keeps the rules of kittest in every language.
func TestProfilePagesInAllLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	for _, lang := range []string{"ru", "tt", "en"} {
		b.Get("/prefs/lang/" + lang)
		for _, path := range []string{
			"/", "/profile/data", "/profile/data?edit=1", "/profile/confirm", "/profile/contacts", "/profile/documents", "/profile/documents/INN",
			"/profile/documents/RF_DRIVING_LICENSE", "/profile/children", "/profile/children/new", "/profile/vehicles", "/profile/addresses/residence",
			"/profile/consents", "/profile/portals", "/profile/actions", "/profile/actions/looks", "/profile/settings", "/profile/settings/password",
			"/profile/settings/delete", "/logout", "/agreement", "/processing", "/about",
		} {
			b.Get(path).WantStatus(200)
		}
		c := w.browser()
		c.Header.Set("Accept-Language", lang)
		for _, path := range []string{"/", "/login", "/login?way=snils", "/registration", "/recovery", "/recovery?by=passport", "/link/none"} {
			c.Get(path)
		}
	}
}

// Online ways start from the standard level; in a centre one simply comes.
//
// ID-LVL-10 ID-CNF-05
func TestConfirmPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []operator.Centre{
		{ID: "a", Kind: operator.MFC, Name: "МФЦ «Первомайский»", Address: "ул. Первомайская, 50", Hours: "8:00–20:00", Acts: operator.Acts(), Active: true},
		{ID: "b", Kind: operator.Post, Name: "Почтовое отделение 625000", Address: "ул. Республики, 56", Acts: operator.Acts(), Active: true},
		{ID: "c", Kind: operator.Bank, Name: "Закрытое отделение", Acts: operator.Acts()},
	} {
		w.check(w.operators.PutCentre(t.Context(), c))
	}
	oid, b := w.anna("anna@example.org")
	b.Get("/profile/confirm").Want("main", "Сначала личные данные").Lacks("main", "Первомайск")
	w.raise(oid, person.Standard, "11223344595")
	p := b.Get("/profile/confirm").Want("[data-centres]", "МФЦ «Первомайский»").Want("[data-centres]", "Почты России").Lacks("main", "Закрытое")
	if !p.Has("main a[href='https://uslugi.test/help/confirm']") {
		t.Error("no way to the step-by-step instruction")
	}
	p.Click(".okno-chips a[href$='kind=post']").Want("[data-centres]", "Почтовое отделение").Lacks("[data-centres]", "Первомайский")
}

// ID-CNF-18
func TestProofIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	w.raise(oid, person.Confirmed, "11223344595")
	b.Get("/profile/confirm").Want("main", "Личность подтверждена").Want("dl", "в центре обслуживания").Want("dl", "МФЦ").Want("dl", "Паспорт")
	b.Get("/").Want("[data-block=personal]", "в центре обслуживания")
}

// ID-VER-13
func TestFurtherDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	b.Get("/profile/documents/INN").Submit("form[action$='/INN']", "number", "123").WantStatus(422).Want("#number-error", "")
	b.Get("/profile/documents/INN").Submit("form[action$='/INN']", "number", "500100732259").WantPath("/profile/documents").Want(".okno-doc", "500100732259").Want(".okno-doc .govuk-tag", "Введено вами")
	b.Get("/profile/documents/RF_PASSPORT").WantStatus(404)
	id := b.Get("/profile/documents/INN").Attr("form[action$='/remove'] input[name=id]", "value")
	_, stranger := w.anna("boris@example.org")
	stranger.Post("/profile/documents/INN/remove", url.Values{"id": {id}}).WantStatus(404)
	b.Get("/profile/documents/INN").Submit("form[action$='/remove']").WantPath("/profile/documents").Lacks(".okno-doc", "500100732259")
}

func TestChildrenAndVehicles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	b.Get("/profile/children/new").Submit("form[action$='/new']").WantStatus(422).Want("#surname-error", "").Want("#birth_date-error", "")
	b.Get("/profile/children/new").Submit("form[action$='/new']", "surname", "Тестов", "name", "Иван", "sex", "M", "birth_date", "05.09.2021", "certificate", "II-ФР 803317").
		WantPath("/profile/children").Want("dl", "Тестов Иван").Want("dl", "5 сентября 2021")
	card := b.Get("/profile/children").Attr("dl a", "href")
	_, stranger := w.anna("boris@example.org")
	stranger.Get(card).WantStatus(404)
	stranger.Post(card, url.Values{"surname": {"X"}, "name": {"Y"}, "sex": {"M"}, "birth_date": {"05.09.2021"}}).WantStatus(404)
	stranger.Post(card+"/remove", url.Values{}).WantStatus(404)
	b.Get(card).Submit("form[action='"+card+"']", "patronymic", "Олегович").Want("dl", "Тестов Иван Олегович")
	b.Get(card).Submit("form[action$='/remove']").Lacks("main", "Тестов Иван")

	b.Get("/profile/vehicles").Submit("main form[action='/profile/vehicles']", "vehicle", "Лада", "plate", "123").WantStatus(422).Want("#plate-error", "")
	p := b.Get("/profile/vehicles").Submit("main form[action='/profile/vehicles']", "vehicle", "Лада Гранта", "plate", "a123bc72").Want("[data-vehicle]", "А 123 ВС 72")
	remove := p.Attr("[data-vehicle] form", "action")
	stranger.Post(remove, url.Values{}).WantStatus(404)
	if p = p.Submit("[data-vehicle] form"); p.Has("[data-vehicle]") {
		t.Error("the vehicle is still there")
	}
	b.Get("/profile/addresses/residence").Submit("main form", "region", "Тюменская область", "city", "г. Тюмень", "street", "ул. Ленина", "house", "5").
		WantPath("/").Want("[data-block=contacts]", "ул. Ленина, д. 5")
}

// ID-ACC-03 ID-ACC-04
func TestAvatar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	var pic bytes.Buffer
	w.check(png.Encode(&pic, image.NewRGBA(image.Rect(0, 0, 40, 30))))
	form := "form[action$='/avatar']"
	b.Get("/profile/settings").SubmitFiles(form, []kittest.File{{Field: "avatar", Name: "a.png", Content: []byte("<svg onload=alert(1)>")}}).WantStatus(422).Want("#avatar-error", "")
	b.Get("/profile/settings").SubmitFiles(form, nil).WantStatus(422).Want("#avatar-error", "Выберите файл")
	p := b.Get("/profile/settings").SubmitFiles(form, []kittest.File{{Field: "avatar", Name: "a.png", Content: pic.Bytes()}}).WantPath("/profile/settings")
	src := p.Attr(".okno-menu img", "src")
	if got := b.Get(src); got.Status != 200 || got.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v %s", got, got.Header.Get("Content-Type"))
	}
	_, stranger := w.anna("boris@example.org")
	stranger.Get(src).WantStatus(404)
	b.Get("/profile/settings").SubmitFiles("button[name=remove]", nil)
	if b.Get("/").Has(".okno-menu img") {
		t.Error("the picture is still there")
	}
}

// A change of contact asks for a fresh proof, needs the code, and the old contact
// is told.
//
// ID-ACC-02 ID-SEC-13
func TestChangeContacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	w.Clock.Advance(15 * time.Minute)
	p := b.Get("/profile/contacts").WantPath("/login").Want("main", "Введите пароль ещё раз")
	b.Post("/profile/contacts/phone", url.Values{"phone": {"+79120000001"}}).WantPath("/login")
	p = p.Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password).WantPath("/profile/contacts")
	p.Submit("form[action$='/contacts/phone']", "phone", "12").WantStatus(422).Want("#phone-error", "")
	p = p.Submit("form[action$='/contacts/phone']", "phone", "8 912 000 00 01").Want("main", "+7 912 000-00-01")
	signIn2(w.browser(), "+79120000001", oidctest.Password).WantStatus(422)
	p.Submit("form[action$='/phone/code']", "code", "000000").WantStatus(422).Want("#code-error", "")
	p = b.Get("/profile/contacts").Submit("form[action$='/phone/code']", "code", w.post.secret(t, "+79120000001", codePattern)).Want("[data-contact]", "+7 912 000-00-01")
	signIn2(w.browser(), "+79120000001", oidctest.Password).WantPath("/")
	p.Submit("form[action$='/contacts/email']", "email", "new@example.org").Want("main", "new@example.org")
	b.Get(w.post.secret(t, "new@example.org", linkPattern)).Submit("main form").Want("main", "подтверждён")
	told := w.post.to("anna@example.org")
	if len(told) == 0 || linkPattern.MatchString(told[len(told)-1].Text) {
		t.Errorf("the old address was told %v", told)
	}
	b.Get("/profile/contacts").Want("[data-contact]", "new@example.org").Lacks("[data-contact]", "anna@example.org")
	id := b.Get("/profile/contacts").Attr("[data-contact]", "data-contact")
	_, stranger := w.anna("boris@example.org")
	stranger.Post("/profile/contacts/"+id+"/remove", url.Values{}).WantStatus(404)
	b.Get("/profile/contacts").Submit("form[action$='/home']", "home_phone", "+7 3452 12-34-56").Want(".govuk-notification-banner", "Сохранено")
}

// ID-SEC-01 ID-SEC-02 ID-LOG-19 ID-ACC-01
func TestSecurityPanel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	other := w.browser()
	signIn(other, "anna@example.org")
	p := b.Get("/").Click(".okno-menu a[href='/profile/settings']").Want("h1", "Настройки учётной записи").Want("h2", "Безопасность")
	p.Want("[data-panel=account]", "anna@example.org").Want("[data-panel=account]", "Тестова").Want("[data-panel=account]", "Упрощённая")
	p = p.Click("a[href='/profile/settings/password']")
	p.Submit("main form", "current", "Wrong-2026!", "password", newPassword, "password2", newPassword).WantStatus(422).Want("#current-error", "")
	p.Submit("main form", "current", oidctest.Password, "password", "short", "password2", "short").WantStatus(422).Want("#password-error", "")
	p.Submit("main form", "current", oidctest.Password, "password", newPassword, "password2", newPassword).WantPath("/profile/settings").Want("main", "Пароль изменён")
	other.Get("/profile/settings").WantPath("/login")
	b.Get("/profile/settings").WantPath("/profile/settings")
	signIn2(w.browser(), "anna@example.org", oidctest.Password).WantStatus(422)
	signIn2(w.browser(), "anna@example.org", newPassword).WantPath("/")
	b.Get("/profile/actions").Want("[data-journal]", "Пароль изменён")
}

// ID-SEC-10
func TestDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	lost := w.browser()
	lost.Header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")
	signIn(lost, "anna@example.org")
	p := b.Get("/profile/settings").Want("[data-session]", "это устройство")
	if n := len(p.All("[data-session]")); n != 2 {
		t.Fatalf("%d devices", n)
	}
	foreign := p.Attr("[data-session] form", "action")
	_, stranger := w.anna("boris@example.org")
	stranger.Post(foreign, url.Values{}).WantStatus(404)
	for _, n := range p.All("[data-session]") {
		if text := kittest.Text(n); !strings.Contains(text, "это устройство") {
			for _, a := range n.Attr {
				if a.Key == "data-session" {
					b.Post("/profile/settings/sessions/"+a.Val, url.Values{}).Want("main", "завершён")
				}
			}
		}
	}
	lost.Get("/profile/settings").WantPath("/login")
	signIn(lost, "anna@example.org")
	b.Get("/profile/settings").Submit("form[action='/profile/settings/sessions']").Want("main", "на всех других")
	lost.Get("/profile/settings").WantPath("/login")
}

// ID-SEC-05
func TestSignInNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	before := len(w.post.to("anna@example.org"))
	signIn(w.browser(), "anna@example.org")
	if len(w.post.to("anna@example.org")) != before {
		t.Fatal("told without being asked")
	}
	b.Get("/profile/settings").Submit("form[action$='/notice']", "on", "1")
	signIn(w.browser(), "anna@example.org")
	told := w.post.to("anna@example.org")
	if len(told) != before+1 || !strings.Contains(told[before].Text, "Firefox") || !strings.Contains(told[before].Text, "192.0.2.1") {
		t.Errorf("told %v", told)
	}
}

// ID-ACC-05 ID-ACC-06
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	p := b.Get("/profile/settings").Click("a[href='/profile/settings/delete']").Want("main", "Вернуть её будет нельзя")
	p.Submit("main form", "password", oidctest.Password).WantStatus(422).Want("#sure-error", "")
	p.Submit("main form", "sure", "1", "password", "Wrong-2026!").WantStatus(422).Want("#password-error", "")
	p.Submit("main form", "sure", "1", "password", oidctest.Password).WantPath("/").Want("main", "Учётная запись удалена")
	signIn(w.browser(), "anna@example.org").WantStatus(422)
	again := w.browser()
	register(again, "email", "anna@example.org")
	again.Get(w.post.secret(t, "anna@example.org", linkPattern)).Submit("main form").
		Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword).WantPath("/registration/done")
	again.Get("/").Want("h1", "Новикова Елена").Lacks("main", "Тестова")
}

// ID-REC-01 ID-REC-02 ID-REC-04 ID-REC-05 ID-REC-10
func TestRecoveryByEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	r := w.browser()
	r.Get("/login").Click("a[href='/recovery']").Want("h1", "Восстановление доступа").
		Submit("form[action='/recovery']", "login", "anna@example.org").Want("h1", "Откройте письмо")
	p := r.Get(w.post.secret(t, "anna@example.org", linkPattern)).Submit("main form").WantPath("/recovery").Want("h1", "новый пароль")
	p.Submit("form[action='/recovery/password']", "password", newPassword, "password2", "x").WantStatus(422).Want("#password2-error", "")
	p.Submit("form[action='/recovery/password']", "password", newPassword, "password2", newPassword).WantPath("/login").Want("main", "Пароль изменён")
	b.Get("/profile/settings").WantPath("/login")
	signIn2(w.browser(), "anna@example.org", newPassword).WantPath("/")
	signIn2(w.browser(), "anna@example.org", oidctest.Password).WantStatus(422)
}

// By a document: the code goes to the account's phone, and an unknown document
// looks the same.
//
// ID-REC-03 ID-REC-09
func TestRecoveryByDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	register(b, "phone", "+79123456789").Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern)).
		Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword)
	who, err := w.Persons.FindByLogin(t.Context(), person.LoginPhone, "+79123456789")
	w.check(err)
	w.raise(who.OID, person.Standard, "11223344595")
	w.Clock.Advance(2 * time.Minute)
	var first string
	for _, snils := range []string{"112-233-445 95", "087-654-303 00"} {
		r := w.browser()
		p := r.Get("/recovery").Click(".okno-chips a[href*='snils']").Submit("form[action='/recovery']", "login", snils).Want("h1", "Введите код")
		if strings.Contains(p.Body, "912") {
			t.Error("the phone of the account is shown")
		}
		if text := digitless(p.Text("main")); first == "" {
			first = text
		} else if text != first {
			t.Errorf("an unknown document shows\n%s\nnot\n%s", text, first)
		}
		if snils == "112-233-445 95" {
			p.Submit("form[action='/recovery/code']", "code", w.post.secret(t, "+79123456789", codePattern)).Want("h1", "новый пароль")
		}
	}
}

// ID-REC-08
func TestTemporaryPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.check(w.operators.PutCentre(t.Context(), operator.Centre{ID: "a", Kind: operator.MFC, Name: "МФЦ", Acts: operator.Acts(), Active: true}))
	op := w.Person("Ильина", "Ольга", "olga@example.org")
	w.check(w.operators.Grant(t.Context(), op, "a", operator.Acts(), "setup"))
	b := w.browser()
	register(b, "phone", "+79123456789").Submit("form[action='/registration/code']", "code", w.post.secret(t, "+79123456789", codePattern)).
		Submit("form[action='/registration/password']", "password", newPassword, "password2", newPassword)
	who, err := w.Persons.FindByLogin(t.Context(), person.LoginPhone, "+79123456789")
	w.check(err)
	w.raise(who.OID, person.Standard, "11223344595")
	found, err := w.operators.Find(t.Context(), op, operator.Query{Type: person.RFPassport, Document: "7111 904513", SNILS: "112-233-445 95"})
	w.check(err)
	w.check(w.operators.Recover(t.Context(), op, found[0].Visit, "", "Забыл пароль, проверил по паспорту"))
	word := ""
	for _, m := range w.post.to("+79123456789") {
		if s := temporaryPattern.FindString(m.Text); s != "" {
			word = s
		}
	}
	c := w.Client("PORTAL_72", "https://uslugi.test")
	r := w.browser()
	p := r.Get(authorize(c, "openid")).Submit("form[action='/login']", "login", "+79123456789", "password", word).Want("h1", "Придумайте свой пароль")
	r.Get("/profile/settings").Want("h1", "Придумайте свой пароль")
	r.Post("/profile/settings/notice", url.Values{"on": {"1"}}).Want("h1", "Придумайте свой пароль")
	p = p.Submit("form[action='/login/password']", "password", "Drugoi-Parol-9", "password2", "Drugoi-Parol-9")
	p.Want("button", "Предоставить")
	signIn2(w.browser(), "+79123456789", word).WantStatus(422)
}

var temporaryPattern = regexp.MustCompile(`[a-z]{3}[2-9]-[a-z]{3}[2-9]-[a-z]{3}[2-9]`)

// Journals come in pages and can be filtered.
//
// ID-SEC-07 ID-SEC-08 ID-SEC-09
func TestJournals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	for range 22 {
		b.Get("/profile/settings").Submit("form[action$='/notice']", "on", "1")
	}
	p := b.Get("/profile/actions").Want("[data-journal]", "Изменены настройки").Want("[data-journal]", "Firefox").Want("[data-journal]", "192.0.2.1")
	if n := len(p.All("[data-journal] li")); n != 20 {
		t.Errorf("%d entries on a page", n)
	}
	p.Click(".govuk-pagination__next a").Want("[data-journal]", "Вход")
	b.Get("/profile/actions?kind=signed_in").Lacks("[data-journal]", "Изменены настройки").Want("[data-journal]", "Вход")
	b.Get("/profile/actions?after=nonsense").WantStatus(404)
	b.Get("/profile/actions/requests").Want("main", "Записей пока нет")
}
