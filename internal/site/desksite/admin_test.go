package desksite_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

func (d *desk) administrator(email string) (person.OID, *kittest.Browser) {
	d.t.Helper()
	oid := d.Person("Орлова", "Вера", email)
	d.check(d.operators.Grant(d.t.Context(), oid, "", []operator.Right{operator.Admin}, "setup"))
	return oid, d.signIn(email, "/admin/staff")
}

// ID-MFC-01: only administrators open the pages; operators and strangers do not.
func TestAdminPagesAreClosed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, op := d.operator("op@example.org", operator.Acts()...)
	_, nobody := d.operator("nobody@example.org")
	for _, b := range []*kittest.Browser{op, nobody} {
		for _, path := range []string{"/admin/staff", "/admin/staff/invite", "/admin/centres", "/admin/centres/mfc-1", "/admin/clients", "/admin/settings", "/admin/keys", "/admin/journal"} {
			b.Get(path).WantStatus(http.StatusForbidden)
		}
		for _, path := range []string{"/admin/staff/invite", "/admin/centres/new", "/admin/clients/new", "/admin/settings", "/admin/keys/rotate", "/admin/factor"} {
			b.Post(path, url.Values{"_key": {"01890000-0000-7000-8000-000000000001"}}).WantStatus(http.StatusForbidden)
		}
	}
}

// An administrator makes a centre and invites an operator, who signs in, accepts
// and works; a link that went astray is of no use.
func TestInviteByPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, admin := d.administrator("vera@example.org")
	p := admin.Get("/")
	p.WantPath("/admin/staff").Want("main", "Орлова Вера")

	p = admin.Get("/admin/centres/new").Submit("form[action='/admin/centres/new']", "id", "Мфц", "name", "МФЦ «Мыс»", "address", "ул. Беляева, 1", "latitude", "57,19")
	p.WantStatus(http.StatusUnprocessableEntity).Want(".govuk-error-summary", "Введите код")
	p = p.Submit("form[action='/admin/centres/new']", "id", "mfc-2", "latitude", "57,19", "longitude", "65.44")
	p.WantPath("/admin/centres").Want("main", "МФЦ «Мыс»")
	admin.Get("/admin/centres/new").Submit("form[action='/admin/centres/new']", "id", "mfc-2", "name", "Другой", "address", "там").
		WantStatus(http.StatusConflict).Want(".govuk-error-summary", "уже есть")
	p = admin.Get("/admin/centres/mfc-2")
	if got := p.Attr("input[name=latitude]", "value"); got != "57.19" {
		t.Errorf("latitude %q", got)
	}
	p.Submit("form[action='/admin/centres/mfc-2']", "hours", "пн–пт 09:00–18:00").Want("main", "Сохранено")

	p = admin.Get("/admin/staff/invite")
	p.Submit("form[action='/admin/staff/invite']", "surname", "Ильина", "name", "Ольга").
		WantStatus(http.StatusUnprocessableEntity).Want(".govuk-error-summary", "Выберите центр")
	p = p.Submit("form[action='/admin/staff/invite']", "surname", "Ильина", "name", "Ольга", "centre", "mfc-2")
	link := p.Text("[data-link]")
	if !strings.HasPrefix(link, base+"/join/") {
		t.Fatalf("link %q", link)
	}
	path := strings.TrimPrefix(link, base)
	admin.Get("/admin/staff").Want("main", "Ильина Ольга")

	d.prove(d.Person("Чужакова", "Олеся", "thief@example.org"), 1)
	thief := d.signIn("thief@example.org", path)
	thief.Get(path).Lacks("main", "Ильина")
	thief.Get(path).Submit("form[action^='/join/']").WantStatus(http.StatusForbidden).Want("main", "на другое имя")

	// Whoever is not confirmed learns nothing of the invitation and does not use it up.
	oid := d.Person("Ильина", "Ольга", "olga@example.org")
	olga := d.signIn("olga@example.org", path)
	p = olga.Get(path).WantStatus(http.StatusOK).Want("h1", "Сначала подтвердите личность").Lacks("main", "Мыс").Lacks("main", "Подтверждать")
	if p.Has("main form") || p.Attr("[data-unproven] a", "href") != d.URL+"/profile/confirm" {
		t.Errorf("the page of somebody unconfirmed: %s", p.Text("main"))
	}
	olga.Post(path, url.Values{}).WantStatus(http.StatusForbidden).Want("h1", "Сначала подтвердите личность")
	d.prove(oid, 2)
	p = p.Click("[data-unproven] a:nth-child(2)").WantPath(path)
	p.Want("main", "МФЦ «Мыс»").Want("main", "Подтверждать личность")
	p.Submit("form[action^='/join/']").WantPath("/").Want("main", "МФЦ «Мыс»")
	olga.Get(path).WantStatus(http.StatusNotFound)
	olga.Get("/admin/staff").WantStatus(http.StatusForbidden)

	// Other rights, then none: they end at the act.
	member := d.member(t, admin, "Ильина Ольга Викторовна")
	member.Submit("button[name=end]").WantPath("/admin/staff").Want("main", "Доступ закрыт")
	olga.Get("/").WantStatus(http.StatusForbidden)
	admin.Get("/admin/journal").Want("main", "Приглашён сотрудник").Want("main", "Сотрудник приступил").Want("main", "Изменены права").Want("main", "Изменён центр")
}

// prove makes a confirmed account; n tells papers apart.
func (d *desk) prove(oid person.OID, n int) {
	d.t.Helper()
	ctx := d.t.Context()
	d.check(d.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := d.Persons.GetTx(ctx, tx, oid)
		if err != nil {
			return err
		}
		f := papers
		f.Surname, f.Given, f.SNILS, f.Document = who.Surname, who.Given, ruid.SampleSNILS(uint64(n)).String(), fmt.Sprintf("7111 %06d", 100000+n)
		data, err := f.Read(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			return err
		}
		v, err := d.Persons.Enter(ctx, tx, oid, data, "self")
		if err != nil {
			return err
		}
		if err := d.Persons.Verify(ctx, tx, oid, v, "registers", "mvd"); err != nil {
			return err
		}
		return d.Persons.Confirm(ctx, tx, oid, person.Proofing{Method: "centre", Provider: "mfc-1", Place: "МФЦ", Actor: "1"})
	}))
}

// member opens the page of one of the staff.
func (d *desk) member(t *testing.T, b *kittest.Browser, name string) *kittest.Page {
	t.Helper()
	p := b.Get("/admin/staff")
	for i, text := range p.Texts("td a[href^='/admin/staff/']") {
		if text == name {
			nodes := p.All("td a[href^='/admin/staff/']")
			for _, a := range nodes[i].Attr {
				if a.Key == "href" {
					return b.Get(a.Val)
				}
			}
		}
	}
	t.Fatalf("%s is not in the list", name)
	return nil
}

// BO-09: registration, approval, secret shown once, suspension of a client.
func TestClientsByPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, admin := d.administrator("vera@example.org")
	p := admin.Get("/admin/clients/new").Submit("form[action='/admin/clients/new']", "id", "CLINIC_1", "name", "Клиника", "kind", "commercial", "redirect_uris", "ftp://x")
	p.WantStatus(http.StatusUnprocessableEntity)
	p = p.Submit("form[action='/admin/clients/new']", "redirect_uris", "https://clinic.example.org/cb")
	p.WantPath("/admin/clients/CLINIC_1").Want("main", "Ждёт допуска")
	p = p.Submit("form[action$='/secret']")
	secret := p.Text("[data-secret]")
	if _, err := d.Clients.Authenticate(t.Context(), "CLINIC_1", secret); err == nil {
		t.Error("a client gets in before its approval")
	}
	admin.Get("/admin/clients/CLINIC_1").Lacks("main", secret)
	p = admin.Get("/admin/clients/CLINIC_1").Submit("form[action$='/state']")
	p.Want("main", "Система входит и получает данные")
	c, err := d.Clients.Authenticate(t.Context(), "CLINIC_1", secret)
	d.check(err)
	if c.FirstParty || c.Kind != client.Commercial {
		t.Errorf("registered as %+v", c)
	}
	admin.Get("/admin/clients/CLINIC_1").Submit("form[action$='/state']").Want("main", "не отвечают")
	if _, err := d.Clients.Authenticate(t.Context(), "CLINIC_1", secret); err == nil {
		t.Error("a suspended client gets in")
	}
	// Nobody takes another's name, nor changes this deployment's own sites.
	admin.Get("/admin/clients/new").Submit("form[action='/admin/clients/new']", "id", "CLINIC_1", "name", "Чужая", "redirect_uris", "https://other.example.org/cb").
		WantStatus(http.StatusUnprocessableEntity)
	admin.Post("/admin/clients/okno-desk", url.Values{"name": {"X"}, "redirect_uris": {"https://evil.example.org/cb"}}).WantStatus(http.StatusForbidden)
	admin.Post("/admin/clients/okno-desk/state", url.Values{"to": {"suspend"}}).WantStatus(http.StatusForbidden)
	admin.Get("/admin/journal").Want("main", "Система допущена").Want("main", "Выдан секрет")
}

// C-01, C-03, G-20: settings are changed with a reason and stay in the journal;
// what is out of range is refused and kept on the page.
func TestSettingsByPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, admin := d.administrator("vera@example.org")
	p := admin.Get("/admin/settings").Submit("form[action='/admin/settings']", "code_life", "500", "reason", "проба")
	p.WantStatus(http.StatusUnprocessableEntity)
	if got := p.Attr("input[name=code_life]", "value"); got != "500" {
		t.Errorf("what was typed is gone: %q", got)
	}
	admin.Get("/admin/settings").Submit("form[action='/admin/settings']", "code_life", "7").WantStatus(http.StatusUnprocessableEntity) // no reason
	admin.Get("/admin/settings").Submit("form[action='/admin/settings']", "code_life", "7", "contacts", "phone", "reason", "Решение комиссии").
		WantPath("/admin/settings").Want("main", "Решение комиссии")
	v, err := d.Settings.Get(t.Context())
	d.check(err)
	if v.CodeLife.D().Minutes() != 7 || v.Contacts != "phone" || v.CodeTries != 5 || v.Verifiers["centre"] == "" {
		t.Errorf("settings %+v", v)
	}
}

// Keys rotate ahead of time and are replaced at once when they leaked.
func TestKeysByPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, admin := d.administrator("vera@example.org")
	p := admin.Get("/admin/keys")
	first := p.Texts("[data-key] b")
	p = p.Submit("form[action='/admin/keys/rotate']")
	if got := p.Texts("[data-key] b"); len(got) != len(first)+1 || got[0] != first[0] {
		t.Fatalf("keys %v after %v", got, first)
	}
	p = admin.Get("/admin/keys").Submit("form[action='/admin/keys/replace']")
	p.Want("main", "Ключ заменён").Lacks("[data-key] b", first[0])
}
