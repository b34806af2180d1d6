package idsite_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
)

// The copy of one's own data is complete, names no staff and holds no secret; it asks
// for a fresh proof and stands in the journal.
//
// ID-CNS-10 ID-SEC-13
func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oid, b := w.anna("anna@example.org")
	w.raise(oid, person.Confirmed, "14390561762")
	b.Get("/login?again=1").Submit("form[action='/login']", "login", "anna@example.org", "password", oidctest.Password)
	b.Get("/profile/children/new").Submit("main form", "surname", "Тестов", "name", "Илья", "sex", "M", "birth_date", "25.03.2017", "certificate", "II-ФР 803317")
	b.Get("/profile/vehicles").Submit("form[action='/profile/vehicles']", "vehicle", "Лада", "plate", "А123ВС72")
	b.Get("/profile/addresses/residence").Submit("main form", "region", "Тюменская область", "city", "г. Тюмень", "house", "5")
	b.Get("/profile/documents/INN").Submit("form[action='/profile/documents/INN']", "number", "500100732259")
	c := w.Client("PORTAL_72", "https://uslugi.test")
	b.Get(authorize(c, "openid fullname")).Submit("form[action='/login/consent']")
	_, boris := w.anna("boris@example.org")

	p := b.Get("/profile/settings").Click("a[href='/profile/export']").Want("h1", "Всё, что мы о вас храним")
	for _, want := range []string{"Тестова Анна Викторовна", "143-905-617 62", "71 11 № 904513", "anna@example.org", "г. Тюмень", "Тестов Илья", "II-ФР 803317", "А 123 ВС 72", "500100732259", "Портал PORTAL_72", "Firefox"} {
		p.Want("main", want)
	}
	file := b.Get("/profile/export.json")
	var got struct {
		Format                                                                          string
		Account                                                                         struct{ Number, Level string }
		Data                                                                            []struct{ SNILS, Series, Number, State string } `json:"personal_data"`
		Contacts, Addresses, Documents, Children, Vehicles, Consents, Portals, Sessions []map[string]any
		Journal                                                                         []struct{ Kind, Actor string }
	}
	if err := json.Unmarshal([]byte(file.Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "okno-person-export/1" || got.Account.Number != person.FormatOID(oid) || got.Account.Level != "confirmed" ||
		len(got.Data) != 1 || got.Data[0].SNILS != "14390561762" || got.Data[0].Number != "904513" || got.Data[0].State != "verified" {
		t.Errorf("%+v", got)
	}
	for name, list := range map[string][]map[string]any{
		"contacts": got.Contacts, "addresses": got.Addresses, "children": got.Children, "vehicles": got.Vehicles, "consents": got.Consents, "portals": got.Portals,
	} {
		if len(list) != 1 {
			t.Errorf("%s: %v", name, list)
		}
	}
	if len(got.Documents) != 2 || len(got.Sessions) == 0 || got.Consents[0]["given_at"] == nil || got.Consents[0]["purpose"] == "" {
		t.Errorf("documents %v, sessions %v, consents %v", got.Documents, got.Sessions, got.Consents)
	}
	if len(got.Journal) == 0 || got.Journal[0].Kind != "data_exported" {
		t.Errorf("journal %v", got.Journal)
	}
	for _, secret := range []string{"argon2", "token", "operator:", b.Cookie("okno_id_session"), "boris"} {
		if strings.Contains(file.Body, secret) {
			t.Errorf("the file holds %q", secret)
		}
	}
	if !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") || file.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", file.Header)
	}
	b.Get("/profile/actions").Want("[data-journal]", "скачали копию")
	if other := boris.Get("/profile/export.json"); strings.Contains(other.Body, "14390561762") || !strings.Contains(other.Body, "boris@example.org") {
		t.Error("somebody else's file")
	}
	w.Clock.Advance(11 * time.Minute)
	b.Get("/profile/export").WantPath("/login").Want("main", "Введите пароль ещё раз")
	b.Get("/profile/export.json").WantPath("/login")
}
