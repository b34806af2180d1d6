package desksite_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/desksite"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// desk is the site over real contexts; the provider is reached over the network.
type desk struct {
	*oidctest.World
	t         *testing.T
	enrol     *enrol.Enrolments
	operators *operator.Operators
	site      http.Handler
	post      *postbox
}

const (
	host = "desk.localhost"
	base = "http://" + host
)

func newDesk(t *testing.T) *desk {
	t.Helper()
	bundle, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{World: oidctest.New(t, notify.Migrations(), enrol.Migrations(), operator.Migrations(), oidcrp.Migrations()), t: t, post: &postbox{}}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	notices := &notify.Notices{DB: d.DB, Clock: d.Clock, Bundle: bundle, Outbox: d.post, Contacts: d.Persons.Reach, Site: d.URL, Brand: "Окно", Zone: moscow}
	d.enrol = &enrol.Enrolments{
		DB: d.DB, Clock: d.Clock, Keys: d.Keys, Settings: d.Settings, Journal: d.Journal, Persons: d.Persons, Credentials: d.Credentials,
		Sessions: d.Sessions, Notices: notices, Zone: moscow,
	}
	d.operators = &operator.Operators{
		DB: d.DB, Clock: d.Clock, Keys: d.Keys, Journal: d.Journal, Persons: d.Persons, Credentials: d.Credentials, Sessions: d.Sessions,
		Enrolments: d.enrol, Notices: notices,
	}
	d.Client("okno-desk", base, func(c *client.Client) {
		c.FirstParty, c.RedirectURIs, c.PostLogoutURIs = true, []string{base + "/auth/callback"}, []string{base + "/"}
	})
	site := &desksite.Site{
		Bundle: bundle, Clock: d.Clock, Operators: d.operators, URL: base, Clients: d.Clients, Settings: d.Settings, SigningKeys: d.Issuer.Keys,
		Party: &oidcrp.Party{DB: d.DB, Clock: d.Clock, Keys: d.Keys, Config: oidcrp.Config{
			Issuer: d.URL, ClientID: "okno-desk", ClientSecret: oidctest.Secret, RedirectURL: base + "/auth/callback", PostLogoutURL: base + "/",
			Scopes: []string{"openid", "fullname"}, CookieName: "okno_desk",
		}},
	}
	d.site = site.Handler()
	d.check(d.operators.PutCentre(t.Context(), operator.Centre{ID: "mfc-1", Kind: operator.MFC, Name: "МФЦ «Первомайский»", Address: "ул. Первомайская, 50", Acts: operator.Acts(), Active: true}))
	return d
}

func (d *desk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// operator is somebody with rights at the centre, signed in.
func (d *desk) operator(email string, rights ...operator.Right) (person.OID, *kittest.Browser) {
	d.t.Helper()
	oid := d.Person("Ильина", "Ольга", email)
	if rights != nil {
		d.check(d.operators.Grant(d.t.Context(), oid, "mfc-1", rights, "setup"))
	}
	return oid, d.signIn(email, "/")
}

func (d *desk) signIn(email, path string) *kittest.Browser {
	d.t.Helper()
	provider, err := url.Parse(d.URL)
	d.check(err)
	b := kittest.New(d.t, host, d.site).Add(provider.Host, d.Mux)
	at := b.Get(path)
	if !strings.HasPrefix(at.URL.String(), d.URL+"/login") {
		d.t.Fatalf("signing in started at %s", at.URL)
	}
	b.Post(at.URL.String(), url.Values{"login": {email}, "password": {oidctest.Password}})
	return b
}

var papers = enrol.Form{
	Surname: "Тестова", Given: "Анна", Patronymic: "Викторовна", Sex: "F", BirthDate: "17.04.1991", BirthPlace: "гор. Тюмень", SNILS: "112-233-445 95",
	Citizenship: "RUS", Document: "7111 904513", IssueDate: "20.05.2011", IssuerCode: "720-001", IssuedBy: "УМВД по Тюменской области",
}

// citizen has a confirmed phone and e-mail and, at level Standard, verified data.
func (d *desk) citizen(level person.Level) person.OID {
	d.t.Helper()
	oid := d.Person("Тестова", "Анна", "anna@example.org")
	data, err := papers.Read(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	d.check(err)
	ctx := context.Background()
	d.check(d.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := d.Persons.AddContact(ctx, tx, oid, person.Phone, "+79120000001")
		if err != nil {
			return err
		}
		if _, err := d.Persons.ConfirmContact(ctx, tx, oid, c.ID); err != nil || level < person.Standard {
			return err
		}
		n, err := d.Persons.Enter(ctx, tx, oid, data, "self")
		if err != nil {
			return err
		}
		return d.Persons.Verify(ctx, tx, oid, n, "registers", "mvd")
	}))
	return oid
}

func (d *desk) level(oid person.OID) person.Level {
	d.t.Helper()
	p, err := d.Persons.Get(context.Background(), oid)
	d.check(err)
	return p.Level
}

type postbox struct {
	mu   sync.Mutex
	sent []outbound.Message
}

// Enqueue keeps a message once per id, as the real outbox does.
func (p *postbox) Enqueue(_ context.Context, _ *db.Tx, m outbound.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, old := range p.sent {
		if old.ID == m.ID {
			return nil
		}
	}
	p.sent = append(p.sent, m)
	return nil
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func (p *postbox) code(t *testing.T, to string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if m := p.sent[i]; m.To == to && m.Class == outbound.Code {
			if c := sixDigits.FindString(m.Text); c != "" {
				return c
			}
		}
	}
	t.Fatalf("no code for %s: %v", to, p.sent)
	return ""
}

func (p *postbox) texts(to string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, m := range p.sent {
		if m.To == to {
			b.WriteString(m.Text + "\n")
		}
	}
	return b.String()
}

func find(b *kittest.Browser) *kittest.Page {
	return b.Get("/").Submit("form[action='/find']", "document", "71 11 904513", "snils", "112-233-445 95")
}

// Found by document and SNILS, compared side by side, confirmed by the code that
// the person tells; both journals hold it, and the person is told.
//
// ID-CNF-03 ID-MFC-03 ID-MFC-07
func TestConfirm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	oid := d.citizen(person.Standard)
	_, b := d.operator("olga@example.org", operator.MayConfirm)
	b.Get("/").Want("h1", "Человек у стойки").Want(".okno-pagehead", "МФЦ «Первомайский»")
	p := find(b).Want("h1", "Тестова Анна Викторовна").Want(".okno-level", "Стандартная")
	if strings.Contains(p.URL.String(), "904513") || strings.Contains(p.URL.String(), "112") {
		t.Errorf("the address %s holds personal data", p.URL)
	}
	if got := p.Texts("[data-compare] .govuk-tag--green"); len(got) != 2 {
		t.Errorf("document and SNILS: %v", got)
	}
	p.Want("[data-compare]", "17 апреля 1991").Want("[data-compare]", "71 11 № 904513")
	if strings.Contains(p.Body, "+7 912 000-00-01") {
		t.Error("the operator sees the whole phone")
	}
	if p.Has("form[action$='/confirm']") {
		t.Error("confirming is offered before the code")
	}
	p = p.Submit("form[action$='/code']").Want("main", "Код отправлен")
	p.Submit("form[action$='/code']").WantStatus(429)
	code := d.post.code(t, "+79120000001")
	p = b.Get(p.URL.Path).Submit("form[action$='/confirm']", "code", code, "face", "1").WantStatus(422).Want("#compared-error", "")
	p = p.Submit("form[action$='/confirm']", "code", "000000", "face", "1", "paper", "1", "free", "1").WantStatus(422).Want("#code-error", "")
	if d.level(oid) != person.Standard {
		t.Fatal("raised without the code")
	}
	p.Submit("form[action$='/confirm']", "code", code, "face", "1", "paper", "1", "free", "1").WantPath("/").Want("main", "Личность подтверждена")
	if d.level(oid) != person.Confirmed {
		t.Errorf("level %v", d.level(oid))
	}
	b.Get(p.URL.Path).WantStatus(404)
	b.Get("/journal").Want("table", "Личность подтверждена").Want("table", "Просмотр профиля").Want("table", "паспорт")
	page, err := d.Journal.List(t.Context(), oid, journal.Filter{})
	d.check(err)
	kinds := map[journal.Kind]bool{}
	for _, e := range page.Entries {
		kinds[e.Kind] = true
	}
	for _, k := range []journal.Kind{journal.OperatorLooked, journal.OperatorActed, journal.IdentityProven} {
		if !kinds[k] {
			t.Errorf("the person's journal lacks %s", k)
		}
	}
	if !strings.Contains(d.post.texts("anna@example.org"), "МФЦ") {
		t.Error("the person was not told")
	}
}

// ID-CNF-04
func TestOtherDocumentBlocks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.citizen(person.Standard)
	_, b := d.operator("olga@example.org", operator.MayConfirm)
	p := b.Get("/").Submit("form[action='/find']", "document", "71 11 904514", "snils", "112-233-445 95")
	p.Want("[data-compare] .govuk-tag--red", "Не совпало").Want("[data-blocked]", "Документ не тот").Lacks("main", "Отправить код")
	if res := p.Status; res != 200 {
		t.Errorf("status %d", res)
	}
	b.Get("/").Submit("form[action='/find']", "document", "12 34 567890", "snils", "087-654-303 00").Want("main", "Записи с такими документами нет")
	b.Get("/").Submit("form[action='/find']", "document", "71", "snils", "112-233-445 96").WantStatus(422).Want("#document-error", "").Want("#snils-error", "")
}

// ID-MFC-01
func TestRights(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.citizen(person.Standard)
	_, nobody := d.operator("nobody@example.org")
	nobody.Get("/").WantStatus(403).Lacks("main", "Серия и номер")
	_, recoverer := d.operator("recover@example.org", operator.MayRecover)
	p := find(recoverer).Want("h1", "Тестова").Want("#confirm", "Подтвердить личность")
	if p.Has("form[action$='/confirm']") || p.Has("form[action$='/code']") {
		t.Error("confirming is offered without the right")
	}
	recoverer.Post(p.URL.Path+"/confirm", url.Values{"code": {"1"}, "face": {"1"}, "paper": {"1"}, "free": {"1"}}).WantStatus(403)
	recoverer.Get("/register").WantStatus(403)
	recoverer.Get("/assist").WantStatus(403)
	recoverer.Get(p.URL.Path + "/correct").WantStatus(403)
	_, other := d.operator("other@example.org", operator.Acts()...)
	other.Get(p.URL.Path).WantStatus(404) // a foreign visit
	other.PostFrom("https://evil.test", "/find", url.Values{}).WantStatus(403)
	anonymous := kittest.New(t, host, d.site)
	if res := anonymous.Raw(http.MethodGet, p.URL.Path, nil, ""); res.StatusCode != http.StatusSeeOther {
		t.Errorf("anonymous: %d", res.StatusCode)
	}
	if res := anonymous.Raw(http.MethodPost, "/find", nil, "application/x-www-form-urlencoded"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("anonymous search: %d", res.StatusCode)
	}
	oid, own := d.operator("own@example.org", operator.Acts()...)
	d.check(d.operators.Grant(t.Context(), oid, "mfc-1", nil, "setup"))
	own.Get("/").WantStatus(403) // the right is looked up at the act
}

// Registered on the spot, confirmed at once; the temporary password goes by SMS
// and is nowhere on the page.
//
// ID-MFC-02 ID-REG-26
func TestRegisterOnTheSpot(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, b := d.operator("olga@example.org", operator.Acts()...)
	b.Get("/register").Submit("form[action='/register']").WantStatus(422).Want("#surname-error", "").Want("#phone-error", "").Want("#consent-error", "")
	p := b.Get("/register").Submit("form[action='/register']", fields("phone", "8 912 000-00-07", "consent", "1")...)
	p.Want("h1", "Тестова Анна Викторовна").Want("[data-compare]", "71").Want("main", "+7 912 000-00-07")
	p.Submit("form[action$='/register']", "code", d.post.code(t, "+79120000007"), "face", "1", "paper", "1", "free", "1").
		WantPath("/").Want("main", "личность подтверждена")
	who, err := d.Persons.FindByLogin(t.Context(), person.LoginPhone, "+79120000007")
	d.check(err)
	if who == nil || who.Level != person.Confirmed {
		t.Fatalf("account %+v", who)
	}
	b.Get("/register").Submit("form[action='/register']", fields("phone", "8 912 000-00-08", "consent", "1")...).WantStatus(409).Want(".govuk-error-summary", "уже есть")
}

func fields(more ...string) []string {
	return append([]string{
		"surname", papers.Surname, "name", papers.Given, "patronymic", papers.Patronymic, "sex", papers.Sex, "birth_date", papers.BirthDate,
		"birth_place", papers.BirthPlace, "snils", papers.SNILS, "document", papers.Document, "issue_date", papers.IssueDate,
		"issuer_code", papers.IssuerCode, "issued_by", papers.IssuedBy,
	}, more...)
}

// ID-MFC-05
func TestAssist(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	oid := d.citizen(person.Simplified)
	d.check(d.enrol.SaveForm(t.Context(), oid, enrol.Form{Surname: "Тестова", Given: "Анна", BirthPlace: "гор. Тюмень", Citizenship: "RUS"}))
	_, b := d.operator("olga@example.org", operator.Acts()...)
	p := b.Get("/assist").Submit("form[action='/assist']", "phone", "+7 912 000-00-01").Lacks("main", "Тестова")
	unknown := b.Get("/assist").Submit("form[action='/assist']", "phone", "+7 912 000-00-99")
	if a, c := p.Text("main h1"), unknown.Text("main h1"); a != c {
		t.Errorf("a known phone shows %q, an unknown one %q", a, c)
	}
	p = p.Submit("form[action$='/assist-code']", "code", d.post.code(t, "+79120000001")).Want("main", "Данные из документов")
	if p.Attr("input[name=birth_place]", "value") != "гор. Тюмень" {
		t.Error("what the person had typed is lost")
	}
	p.Submit("form[action$='/assist']", "face", "1", "paper", "1", "free", "1").WantStatus(422).Want("#snils-error", "")
	b.Get(p.URL.Path).Submit("form[action$='/assist']", fields("face", "1", "paper", "1", "free", "1")...).WantPath("/").Want("main", "подтверждены")
	if d.level(oid) != person.Confirmed {
		t.Errorf("level %v", d.level(oid))
	}
}

// ID-MFC-04 ID-REC-07
func TestRecover(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.citizen(person.Standard)
	_, b := d.operator("olga@example.org", operator.Acts()...)
	p := find(b)
	p.Submit("form[action$='/recover']", "reason", "Забыл пароль и потерял доступ к почте").WantStatus(422).Want("#r-compared-error", "")
	p.Submit("form[action$='/recover']", "reason", "мало", "face", "1", "paper", "1", "free", "1").WantStatus(422).Want("#r-reason-error", "")
	done := p.Submit("form[action$='/recover']", "reason", "Забыл пароль и потерял доступ к почте", "face", "1", "paper", "1", "free", "1").WantPath("/")
	temporary := regexp.MustCompile(`[a-z]{3}[2-9]-[a-z]{3}[2-9]-[a-z]{3}[2-9]`).FindString(d.post.texts("+79120000001"))
	if temporary == "" {
		t.Fatalf("no temporary password: %s", d.post.texts("+79120000001"))
	}
	if strings.Contains(done.Body, temporary) {
		t.Error("the operator sees the temporary password")
	}
	lost := find(b).Submit("form[action$='/phone']", "phone", "+7 912 000-00-55").Want("main", "новый номер")
	lost.Submit("form[action$='/recover']", "reason", "Телефон потерян, номер новый", "code", d.post.code(t, "+79120000055"), "face", "1", "paper", "1", "free", "1").WantPath("/")
	who, err := d.Persons.FindByLogin(t.Context(), person.LoginPhone, "+79120000055")
	d.check(err)
	if who == nil {
		t.Error("the new phone is not the account's")
	}
}

// A correction has a reason, which the person reads.
func TestCorrect(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	oid := d.citizen(person.Standard)
	_, b := d.operator("olga@example.org", operator.Acts()...)
	p := find(b).Click("a[href$='/correct']")
	p.Submit("form[action$='/correct']", fields("surname", "Тестовая")...).WantStatus(422).Want("#reason-error", "")
	p.Submit("form[action$='/correct']", fields("surname", "Тестовая", "reason", "Опечатка в фамилии при регистрации")...).WantPath("/").Want("main", "исправлены")
	who, err := d.Persons.Get(t.Context(), oid)
	d.check(err)
	if who.Surname != "Тестовая" || !strings.Contains(d.post.texts("anna@example.org"), "Опечатка") {
		t.Errorf("surname %q, told %q", who.Surname, d.post.texts("anna@example.org"))
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, b := d.operator("olga@example.org", operator.MayConfirm)
	b.Get("/").Want(".okno-menu", "Ильина")
	b.Post("/auth/logout", url.Values{})
	if p := b.Get("/"); !strings.HasPrefix(p.URL.String(), d.URL) {
		t.Errorf("still at %s", p.URL)
	}
}
