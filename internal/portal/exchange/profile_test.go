package exchange_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/exchange"
	"github.com/okno-gov/okno/internal/portal/form"
)

// person is an answer of ESIA's profile API (esia-protocol, section 7) with what
// Okno's provider adds.
const person = `{
 "stateFacts":["EntityRoot"], "firstName":"Анна", "lastName":"Тестова", "middleName":"Викторовна", "birthDate":"14.05.1988",
 "birthPlace":"г. Тюмень", "gender":"F", "trusted":true, "citizenship":"RUS", "snils":"112-233-445 95", "status":"REGISTERED",
 "vrfOn":1788393600, "vrfByName":"МВД",
 "contacts":{"elements":[
  {"type":"MBT","vrfStu":"VERIFIED","value":"+7(912)0000001"},
  {"type":"EML","vrfStu":"NOT_VERIFIED","value":"Anna@Example.org"},
  {"type":"PHN","vrfStu":"VERIFIED","value":"+7(345)2000000"}]},
 "addresses":{"elements":[
  {"type":"PRG","addressStr":"г. Тюмень, ул. Республики, д. 142","zipCode":"625000","city":"Тюмень","street":"Республики","house":"142"},
  {"type":"PLV","addressStr":"г. Тобольск","zipCode":"626150"}]},
 "documents":{"elements":[
  {"type":"RF_PASSPORT","vrfStu":"NOT_VERIFIED","series":"7120","number":"999999","issueDate":"01.11.2026"},
  {"type":"RF_PASSPORT","vrfStu":"VERIFIED","series":"7114","number":"482106","issueDate":"21.06.2014","issueId":"720001","issuedBy":"УМВД","vrfOn":1788393600,"vrfByName":"МВД"},
  {"type":"MDCL_PLCY","vrfStu":"NOT_VERIFIED","number":"7200000000000000"},
  {"type":"SOMETHING_NEW","number":"1"}]},
 "kids":{"elements":[{"id":7,"firstName":"Пётр","lastName":"Тестов","middleName":"Ильич","birthDate":"08.03.2023","gender":"M","trusted":true}]}
}`

// esia serves one person to whoever has the token.
func esia(t *testing.T, kidDocs int) *exchange.ProfileReader {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rs/prns/1000000001", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, person)
	})
	mux.HandleFunc("GET /rs/prns/1000000001/kids/7/docs", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(kidDocs)
		_, _ = io.WriteString(w, `{"elements":[{"type":"BRTH_CERT","series":"I-ФР","number":"512044"}]}`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &exchange.ProfileReader{Base: srv.URL, HTTP: srv.Client(), Clock: clock.At(start)}
}

// What a form is filled in with is what the provider says, and only what was
// verified counts as verified.
func TestProfileOfESIA(t *testing.T) {
	t.Parallel()
	r := esia(t, http.StatusOK)
	var kept form.Profile
	r.OnRead = func(_ context.Context, p form.Profile) error { kept = p; return nil }
	p, err := r.Profile(t.Context(), "good", "1000000001")
	must(t, err)
	on := time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC)
	for name, ok := range map[string]bool{
		"name":              p.Person.Surname == "Тестова" && p.Person.Name == "Анна" && p.Person.Patronymic == "Викторовна",
		"birth date":        p.Person.BirthDate == "1988-05-14",
		"verified by":       p.Person.Verified && p.Person.Source == "МВД" && p.Person.On.Equal(on),
		"level":             p.Level == "confirmed" && p.Subject == "1000000001" && p.TakenAt.Equal(start),
		"snils":             p.SNILS.Value == "11223344595" && p.SNILS.Verified,
		"mobile":            p.Phone.Value == "+79120000001" && p.Phone.Verified,
		"unconfirmed mail":  p.Email.Value != "" && !p.Email.Verified,
		"passport in force": p.IDDocument.Number == "7114482106" && p.IDDocument.Verified && p.IDDocument.IssueDate == "2014-06-21",
		"other papers":      len(p.Documents) == 1 && p.Documents[0].Type == "oms_policy",
		"registered at":     p.Registration.Postcode == "625000" && p.Residence.Postcode == "626150",
		"child":             len(p.Children) == 1 && p.Children[0].BirthDate == "2023-03-08" && p.Children[0].BirthCertificate == "I-ФР 512044",
		"told":              kept.Subject == "1000000001",
	} {
		if !ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p, err = esia(t, http.StatusForbidden).Profile(t.Context(), "good", "1000000001"); err != nil || len(p.Children) != 1 || p.Children[0].BirthCertificate != "" {
		t.Errorf("a certificate that is not given costs the form: %+v, %v", p.Children, err)
	}
}

// A provider that is away or talks nonsense is «away», in words that a page can
// show; the address, which names the person, is not in the error.
func TestProfileFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	if _, err := esia(t, 200).Profile(t.Context(), "stale", "1000000001"); !fault.Is(err, fault.KindUnauthenticated) {
		t.Errorf("stale token: %v", err)
	}
	if _, err := esia(t, 500).Profile(t.Context(), "good", "1000000001"); !fault.Is(err, fault.KindUnavailable) {
		t.Errorf("half an answer: %v", err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"nonsense":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"cut off":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, person[:100]) },
		"not found": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
	} {
		srv := httptest.NewServer(answer)
		r := &exchange.ProfileReader{Base: srv.URL, HTTP: srv.Client(), Clock: clock.At(start)}
		if _, err := r.Profile(t.Context(), "good", "1000000001"); !fault.Is(err, fault.KindUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		srv.Close()
		if _, err := r.Profile(t.Context(), "good", "1000000001"); !fault.Is(err, fault.KindUnavailable) {
			t.Errorf("dead after %s: %v", name, err)
		}
	}
}
