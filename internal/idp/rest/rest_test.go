package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/rest"
)

const rp = "https://rp.example"

// api is the profile API over a person with everything in the profile.
type api struct {
	t   *testing.T
	w   *oidctest.World
	oid person.OID
	h   http.Handler
}

func open(t *testing.T) *api {
	t.Helper()
	w := oidctest.New(t)
	a := &api{t, w, w.Person("Соколова", "Анна", "anna@example.org"), &rest.Profiles{Issuer: w.Issuer, Persons: w.Persons, Consents: w.Consents, Settings: w.Settings}}
	w.Client("PORTAL", rp, func(c *client.Client) { c.Scopes = client.Scopes() })
	ctx := context.Background()
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := w.Persons.Enter(ctx, tx, a.oid, person.Data{
			Surname: "Соколова", Given: "Анна", Patronymic: "Викторовна", Sex: "F", BirthDate: time.Date(1990, 5, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "г. Тюмень", SNILS: "11223344595", Citizenship: "RUS", DocumentType: person.RFPassport,
			Document: person.DocumentData{Series: "7114", Number: "482106", IssueDate: "2014-06-03", IssuedBy: "УФМС", IssueID: "720-001"},
		}, "self")
		if err != nil {
			return err
		}
		if err := w.Persons.Verify(ctx, tx, a.oid, n, "registers", "mvd"); err != nil {
			return err
		}
		if err := w.Persons.PutAddress(ctx, tx, a.oid, person.Residence, person.AddressData{Text: "г. Тюмень, ул. Ленина, д. 1", City: "Тюмень"}); err != nil {
			return err
		}
		c, err := w.Persons.AddContact(ctx, tx, a.oid, person.Phone, "+79120000001")
		if err != nil {
			return err
		}
		if _, err := w.Persons.ConfirmContact(ctx, tx, a.oid, c.ID); err != nil {
			return err
		}
		if _, err := w.Persons.AddContact(ctx, tx, a.oid, person.Phone, "+79120000002"); err != nil {
			return err
		}
		_, err = w.Persons.PutChild(ctx, tx, a.oid, "", time.Date(2019, 2, 1, 0, 0, 0, 0, time.UTC), person.ChildData{
			Surname: "Соколов", Given: "Пётр", Sex: "M", CertificateSeries: "I-АБ", CertificateNumber: "123456", CertificateDate: "2019-02-10",
		})
		return err
	}))
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a *api) get(token, path string) (int, map[string]any) {
	a.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	a.h.ServeHTTP(rec, r)
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		a.t.Fatalf("%s: %v: %s", path, err, rec.Body)
	}
	return rec.Code, out
}

func (a *api) base() string { return "/rs/prns/" + person.FormatOID(a.oid) }

func (a *api) elements(token, path string) []map[string]any {
	a.t.Helper()
	status, got := a.get(token, path)
	if status != http.StatusOK {
		a.t.Fatalf("%s: %d %v", path, status, got)
	}
	var out []map[string]any
	for _, e := range got["elements"].([]any) {
		out = append(out, e.(map[string]any))
	}
	return out
}

// expect compares the wanted fields.
func expect(t *testing.T, what string, got map[string]any, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if !reflect.DeepEqual(got[k], v) {
			t.Errorf("%s: %s is %v, want %v", what, k, got[k], v)
		}
	}
}

func TestPersonWithAllScopes(t *testing.T) {
	t.Parallel()
	a := open(t)
	tok := a.w.Access("PORTAL", rp, "anna@example.org", "fullname", "birthdate", "birthplace", "gender", "snils", "id_doc", "contacts", "addresses", "kid_fullname", "kid_birthdate")
	status, got := a.get(tok, "//rs/prns//"+person.FormatOID(a.oid)+"/?embed=(contacts.elements,addresses.elements,documents.elements,organizations.elements,kids.elements)")
	if status != http.StatusOK {
		t.Fatal(status, got)
	}
	expect(t, "person", got, map[string]any{
		"firstName": "Анна", "lastName": "Соколова", "middleName": "Викторовна", "birthDate": "12.05.1990", "birthPlace": "г. Тюмень", "gender": "F",
		"trusted": false, "citizenship": "RUS", "snils": "112-233-445 95", "status": "REGISTERED", "verifying": false, "regCtxCfmSte": "PV",
		"oknoLevel": 2.0, "vrfBy": "mvd", "vrfByName": "МВД России", "stateFacts": []any{"EntityRoot"},
	})
	if tag, _ := got["eTag"].(string); len(tag) != 40 || strings.ToUpper(tag) != tag {
		t.Errorf("eTag %q", tag)
	}
	docs := got["documents"].(map[string]any)["elements"].([]any)[0].(map[string]any)
	expect(t, "passport", docs, map[string]any{
		"type": "RF_PASSPORT", "vrfStu": "VERIFIED", "series": "7114", "number": "482106", "issueDate": "03.06.2014", "issueId": "720001", "id": got["rIdDoc"],
		"vrfBy": "mvd", "stateFacts": []any{"Identifiable"},
	})
	if on, _ := docs["vrfOn"].(float64); time.Since(time.Unix(int64(on), 0)).Abs() > time.Minute {
		t.Errorf("verified on %v", docs["vrfOn"])
	}
	if n := got["kids"].(map[string]any)["size"]; n != 1.0 {
		t.Errorf("%v kids", n)
	}
}

func TestCollectionsLinkOrEmbed(t *testing.T) {
	t.Parallel()
	a := open(t)
	tok := a.w.Access("PORTAL", rp, "anna@example.org", "contacts", "addresses", "id_doc", "kid_fullname", "kid_birth_cert_doc")
	status, got := a.get(tok, a.base()+"/ctts")
	if status != http.StatusOK || got["size"] != 2.0 || !reflect.DeepEqual(got["stateFacts"], []any{"hasSize"}) {
		t.Fatalf("%d %v", status, got)
	}
	link := got["elements"].([]any)[0].(string)
	if !strings.HasPrefix(link, a.w.URL+a.base()+"/ctts/") {
		t.Fatalf("link %s", link)
	}
	// A client follows the link and finds what the embedded form shows.
	_, one := a.get(tok, strings.TrimPrefix(link, a.w.URL))
	embedded := a.elements(tok, a.base()+"/ctts/?embed=(elements)")
	if !reflect.DeepEqual(one, embedded[0]) {
		t.Errorf("%v differs from %v", one, embedded[0])
	}
	i := slices.IndexFunc(embedded, func(e map[string]any) bool { return e["type"] == "MBT" })
	expect(t, "phone", embedded[i], map[string]any{
		"vrfStu": "VERIFIED", "value": "+7(912)0000001", "verifyingValue": "+7(912)0000002", "vrfValStu": "VERIFYING",
	})
	expect(t, "address", a.elements(tok, a.base()+"/addrs?embed=(elements)")[0], map[string]any{"type": "PLV", "city": "Тюмень", "addressStr": "г. Тюмень, ул. Ленина, д. 1"})
	kid := a.elements(tok, a.base()+"/kids?embed=(elements)")[0]
	expect(t, "kid", kid, map[string]any{"firstName": "Пётр", "lastName": "Соколов", "birthDate": nil, "trusted": false})
	id, _ := json.Marshal(kid["id"])
	cert := a.elements(tok, a.base()+"/kids/"+strings.TrimSuffix(string(id), ".0")+"/docs?embed=(elements)")
	if len(cert) == 1 {
		expect(t, "certificate", cert[0], map[string]any{"type": "BRTH_CERT", "series": "I-АБ", "number": "123456", "issueDate": "10.02.2019"})
	} else {
		t.Errorf("certificates %v", cert)
	}
}

// ID-CNS-01: what was not permitted is not there.
func TestScopesGuardFieldsAndResources(t *testing.T) {
	t.Parallel()
	a := open(t)
	tok := a.w.Access("PORTAL", rp, "anna@example.org", "email")
	_, got := a.get(tok, a.base()+"?embed=(documents.elements,contacts.elements)")
	for _, field := range []string{"firstName", "lastName", "birthDate", "snils", "gender", "citizenship", "rIdDoc", "documents", "vrfBy"} {
		if got[field] != nil {
			t.Errorf("%s is there without its scope: %v", field, got[field])
		}
	}
	if list := a.elements(tok, a.base()+"/ctts?embed=(elements)"); len(list) != 1 || list[0]["type"] != "EML" {
		t.Errorf("contacts %v", list)
	}
	other := a.w.Person("Иванов", "Пётр", "petr@example.org")
	for path, want := range map[string]int{
		a.base() + "/docs": 403, a.base() + "/addrs": 403, a.base() + "/kids": 403, a.base() + "/vhls": 403, a.base() + "/roles": 404,
		a.base() + "/ctts/1": 404, "/rs/prns/" + person.FormatOID(other): 403, "/rs/prns/1999999999": 403, "/rs/orgs/1": 404, "/rs/prns": 404,
	} {
		if status, got := a.get(tok, path); status != want || got["code"] == "" {
			t.Errorf("%s: %d %v, want %d", path, status, got, want)
		}
	}
	for _, bad := range []string{"", "x", tok + "x", tok[:len(tok)-2]} {
		if status, _ := a.get(bad, a.base()); status != http.StatusUnauthorized {
			t.Errorf("token %q: %d", bad, status)
		}
	}
}

// Every read is in the person's journal, once per client, section and hour.
func TestReadsAreJournalled(t *testing.T) {
	t.Parallel()
	a := open(t)
	tok := a.w.Access("PORTAL", rp, "anna@example.org", "contacts", "id_doc")
	for range 3 {
		a.get(tok, a.base()+"/ctts")
	}
	a.get(tok, a.base()+"/docs")
	page, err := a.w.Journal.List(context.Background(), a.oid, journal.Filter{Kinds: []journal.Kind{journal.ProfileRead}})
	must(t, err)
	if len(page.Entries) != 2 || page.Entries[0].Details["scopes"] != "documents" || page.Entries[1].Details["client"] != "PORTAL" || page.Entries[1].Details["scopes"] != "contacts" {
		t.Errorf("journal %+v", page.Entries)
	}
}
