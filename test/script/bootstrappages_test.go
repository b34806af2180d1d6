package script

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// newCode waits for a code other than the last one.
func (g *gateway) newCode(t *testing.T, to, last string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c := g.code(t, to); c != last {
			return c
		}
	}
	t.Fatal("no new code has come")
	return ""
}

// resident registers by phone, as anybody does.
func (g *gateway) resident(t *testing.T, b *kittest.Browser, surname, name, phone string) (code string) {
	t.Helper()
	p := b.Get("/registration").Submit("form[action='/registration']", "surname", surname, "name", name, "consent", "1", "phone", phone)
	code = g.code(t, phone)
	p = p.Submit("form[action='/registration/code']", "code", code)
	p.Submit("form[action='/registration/password']", "password", staffPassword, "password2", staffPassword).WantPath("/registration/done")
	return code
}

// employ makes staff of a resident: proofed at a desk, since nobody else can accept an
// invitation; the app for codes is connected on the own settings page.
func (g *gateway) employ(t *testing.T, d *demoProcess, counter *kittest.Browser, surname, name, phone string, papers ...string) *staff {
	t.Helper()
	b := d.browser("esia")
	code := g.resident(t, b, surname, name, phone)
	s := &staff{phone: phone}
	p := b.Get("/profile/settings/factor").Submit("form[action='/profile/settings/factor']")
	s.secret = strings.ReplaceAll(p.Text("[data-secret]"), " ", "")
	p.Submit("form[action='/profile/settings/factor/code']", "code", s.code(t, 0)).WantPath("/profile/settings")
	g.proof(t, d, counter, phone, code, surname, name, papers...)
	return s
}

// proof confirms somebody at a desk who registered by phone: the operator types the
// papers in, and the person tells the code.
func (g *gateway) proof(t *testing.T, d *demoProcess, counter *kittest.Browser, phone, last, surname, name string, papers ...string) {
	t.Helper()
	p := counter.Get(d.url("desk", "/assist")).Submit("form[action='/assist']", "phone", phone)
	p = p.Submit("form[action$='/assist-code']", "code", g.newCode(t, phone, last)).Want("main", "Данные из документов")
	p.Submit("form[action$='/assist']", append([]string{
		"surname", surname, "name", name, "sex", "F", "birth_date", "17.04.1991", "birth_place", "гор. Пермь",
		"issue_date", "20.05.2011", "issuer_code", "590-001", "issued_by", "УМВД по Пермскому краю", "face", "1", "paper", "1", "free", "1",
	}, papers...)...).
		WantPath("/").Want("main", "подтверждены")
}

// join opens the link of an invitation and begins to work.
func (s *staff) join(t *testing.T, b *kittest.Browser, link string) *kittest.Page {
	t.Helper()
	u, err := url.Parse(link)
	must(t, err)
	p := b.Get(u.Path).Submit("form:has(input[name=password])", "login", s.phone, "password", staffPassword)
	p = p.Submit("form:has(input[name=code])", "code", s.code(t, 30*time.Second)).WantPath(u.Path)
	return p.Submit("form[action^='/join/']").WantStatus(http.StatusOK)
}

// archive is a catalogue with one service of the region's own, for people whose
// identity is confirmed.
func archive(t *testing.T, region string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name string, body []byte) {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write(body)
		must(t, err)
	}
	raw, err := os.ReadFile("../../services/catalogue.yaml")
	must(t, err)
	put("catalogue.yaml", raw)
	const from = "../../services/region/72/kindergarten-info"
	files, err := os.ReadDir(from)
	must(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		must(t, err)
		put(path.Join("region", region, "kindergarten-info", f.Name()), bytes.Replace(raw, []byte("min_level: simplified"), []byte("min_level: confirmed"), 1))
	}
	must(t, z.Close())
	return b.Bytes()
}

// From an empty machine to the first answered application of a region that no
// release knows, through the pages alone: the command line makes one administrator
// and nothing else.
//
// CAT-13 ID-MFC-05
func TestFromAnEmptyMachineThroughPages(t *testing.T) {
	g := newGateway(t)
	file, _, port := configured(t, "#sms:", "sms:", "#  url: https://sms.example.org/messages", "  url: "+g.URL,
		"#  token: {env: OKNO_SMS_TOKEN}", "  token: sms-token", "#scanner:", "scanner:", "#  off: false", "  off: true",
		`code: "72"`, `code: "59"`, "okno-portal-72", "okno-portal-59", "okno-office-72", "okno-office-59", "Тюменской области", "Пермского края", "Тюменская область", "Пермский край")
	admin := createStaff(t, file, "+79120000901", "--surname", "Первов", "--given", "Пётр", "--provider", "--portal", "59", "--role", "admin")
	d := &demoProcess{process: start(t, "serve", "-c", file).ready(port), port: port}
	admin.setUp(t, d.browser("esia"))

	// The region's settings, its agency with an office, its service centre.
	office := d.browser("office")
	admin.signIn(t, office).WantPath("/manage/staff").WantStatus(http.StatusOK)
	office.Get("/settings/support.portal_hours").Submit("main form", "value", "12", "reason", "Регламент края").WantPath("/settings")
	office.Get("/manage/portal").Submit("main form", "sub", "Услуги Пермского края", "region", "Пермский край", "place", "Пермь", "phone", "8 (342) 211-70-10", "phone_short", "", "reason", "Открытие портала").
		Want("h1", "Так будет выглядеть портал").Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal").Want("main", "Опубликовано")
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		home := d.browser("uslugi").Get("/")
		if strings.Contains(home.Text("footer"), "8 (342) 211-70-10") {
			home.Want("header", "Услуги Пермского края")
			break
		}
		if time.Now().After(end) {
			t.Fatal("the portal does not show its phone")
		}
	}
	office.Get("/manage/catalogue").Want("main", "Услуг нет")
	office.Get("/manage/directory/agency/new").Submit("main form", "code", "edu", "name", "Министерство образования Пермского края", "short", "Минобр", "head_name", "Краева Анна",
		"head_post", "министр", "office_name", "Приёмная", "office_address", "г. Пермь, ул. Куйбышева, д. 14").WantPath("/manage/directory/agency/entries/edu")
	office.Get("/manage/directory/agency/entries/edu/offices/main").Submit("#office ~ form", "day1", "9:00-18:00, 13:00-14:00", "lat", "58,00", "lon", "56,24").WantStatus(http.StatusOK)
	office.Get("/manage/directory/centre/new").Submit("main form", "code", "mfc-1", "name", "МФЦ «Центральный»", "operator", "МФЦ", "city", "Пермь", "address", "ул. Петропавловская, д. 185",
		"day1", "8:00-20:00", "lat", "58,0", "lon", "56,2").WantPath("/manage/directory/centre/entries/mfc-1")

	// The catalogue: a broken archive is reported, the right one compared and published.
	upload := func(raw []byte) *kittest.Page {
		return office.Get("/manage/catalogue/upload").SubmitFiles("#upload ~ form", []kittest.File{{Field: "archive", Name: "каталог.zip", Content: raw}})
	}
	upload([]byte("PK")).WantStatus(http.StatusUnprocessableEntity)
	upload(archive(t, "59")).WantStatus(http.StatusOK).Want("main", "Новая услуга").Submit("form[action$='/publish']", "reason", "Открытие портала").WantPath("/manage/catalogue").Want("table", "kindergarten-info")
	citizen := d.browser("uslugi")
	citizen.Get("/services/kindergarten-info").WantStatus(http.StatusOK).Want("main", "Минобр")

	// The desk: a centre, an operator, a client.
	desk := "http://" + d.host("desk")
	office.Get(desk + "/admin/staff").WantPath("/admin/staff")
	office.Get(desk+"/admin/centres/new").Submit("form[action='/admin/centres/new']", "id", "mfc-1", "name", "МФЦ «Центральный»", "address", "ул. Петропавловская, д. 185").WantStatus(http.StatusOK)
	// Nobody can be proofed before somebody sits at a desk, and nobody can be invited
	// before he is proofed: the administrator, whom the command line vouches for, sits
	// down for the first operator, then leaves the desk.
	myself := office.Get(desk + "/admin/staff").Click("td a[href^='/admin/staff/']").URL.String()
	sit := func(rights ...string) {
		office.Post(myself, url.Values{"centre": {"mfc-1"}, "rights": rights}).WantPath("/admin/staff").Want("main", "Сохранено")
	}
	sit("admin", "confirm", "register")
	operator := g.employ(t, d, office, "Ильина", "Ольга", "+79120000902", "snils", "002-015-838 77", "document", "5711 904502")
	sit("admin")
	counter := d.browser("desk")
	p := office.Get(desk+"/admin/staff/invite").Submit("form[action='/admin/staff/invite']", "surname", "Ильина", "name", "Ольга", "centre", "mfc-1")
	operator.join(t, counter, p.Text("[data-link]")).Want("main", "МФЦ «Центральный»")
	office.Get(desk+"/admin/clients/new").Submit("form[action='/admin/clients/new']", "id", "SCHOOL_1", "name", "Электронная школа", "redirect_uris", "https://school.example.org/cb").
		WantPath("/admin/clients/SCHOOL_1").Submit("form[action$='/secret']").WantStatus(http.StatusOK)

	// A clerk of the agency.
	clerk := g.employ(t, d, counter, "Дежурнова", "Дарья", "+79120000903", "snils", "002-023-757 74", "document", "5711 904503")
	p = office.Get("/manage/staff/invite").Submit("main form", "surname", "Дежурнова", "name", "Дарья", "agency", "edu", "post", "инспектор").WantStatus(http.StatusOK)
	queue := d.browser("office")
	clerk.join(t, queue, p.Text("[data-link]")).WantPath("/").Want("main", "Министерство образования")
	queue.Get("/manage/staff").WantStatus(http.StatusForbidden)

	// The first citizen: registered by phone, proofed at the desk, heard by the clerk.
	const phone = "+79120000904"
	code := g.resident(t, d.browser("esia"), "Новикова", "Елена", phone)
	g.proof(t, d, counter, phone, code, "Новикова", "Елена", "patronymic", "Игоревна", "snils", "112-233-445 95", "document", "5711 904513")
	p = citizen.Get("/auth/begin?back=/lk/").Submit("form:has(input[name=password])", "login", phone, "password", staffPassword)
	for _, form := range []string{"form[action='/login/consent']", "form[action='/agreement']"} {
		switch {
		case p.Has(form) && strings.Contains(form, "agreement"):
			p = p.Submit(form, "agree", "1")
		case p.Has(form):
			p = p.Submit(form)
		}
	}
	p.WantPath("/lk/")
	one := prepare(citizen)
	if one.send(); one.number == "" {
		t.Fatal("nothing was sent")
	}
	queue.Get("/?show=all").Want("main", one.number)
	// The portal registers it first: a job, soon after.
	answer := queue.Get("/?show=all").Submit("form[action='/next']")
	for end := time.Now().Add(patience); !strings.HasPrefix(answer.URL.Path, "/cases/") && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		answer = queue.Get("/?show=all").Submit("form[action='/next']")
	}
	answer.Want("h1", "Новикова Елена Игоревна")
	done := queue.Get(answer.URL.Path+"/answer").Submit("main form", "text", "Места есть в трёх садах, приходите с документами.")
	done.WantStatus(http.StatusOK)
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		if p = citizen.Get("/lk/notifications"); strings.Contains(p.Text("main"), one.number) || strings.Contains(p.Text("main"), "садах") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the citizen was not told: %s", p.Text("main"))
		}
	}
	office.Get("/manage/journal").Want("table", "Сотрудник приступил").Want("table", "Изменён каталог").Want("table", "Изменён справочник")
}
