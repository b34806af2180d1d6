package exchange_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/exchange"
	"github.com/okno-gov/okno/internal/idp/person"
)

var (
	born     = time.Date(1991, 4, 17, 0, 0, 0, 0, time.UTC)
	passport = enrol.DocumentQuery{
		ID: "q-1", Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", BirthDate: born, Type: person.RFPassport,
		Document: person.DocumentData{Series: "7111", Number: "904513", IssueDate: "2011-05-06", IssueID: "720002"},
	}
	snils = enrol.SNILSQuery{ID: "q-2", Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", BirthDate: born, Sex: "F", SNILS: "14390561762"}
)

// serve answers every request with status and body, and keeps what it got.
func serve(t *testing.T, status int, body string, got *string) exchange.Endpoint {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if got != nil {
			*got = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization") + " " + r.Header.Get("Content-Type") + "\n" + string(raw)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return exchange.Endpoint{URL: s.URL, Token: "secret", HTTP: &http.Client{Timeout: 2 * time.Second}}
}

const mvdAnswer = `<?xml version="1.0"?><identityDocumentResponse xmlns="urn:okno:register:mvd:1" id="%s"><result>%s</result>%s</identityDocumentResponse>`

// ID-VER-05: name, birth date and document go to МВД; match, mismatch with reason, pending come back.
func TestMVD(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		status     int
		want       enrol.Answer
		fails      bool
	}{
		{"match", fmt.Sprintf(mvdAnswer, "q-1", "match", ""), 200, enrol.Answer{Result: enrol.Match}, false},
		{"pending", fmt.Sprintf(mvdAnswer, "q-1", "pending", ""), 200, enrol.Answer{Result: enrol.Pending}, false},
		{"mismatch", fmt.Sprintf(mvdAnswer, "q-1", "mismatch", `<reason code="NAME_DIFFERS">Имя не совпало</reason>`), 200, enrol.Answer{Result: enrol.Mismatch, Reason: "NAME_DIFFERS"}, false},
		{"another question's answer", fmt.Sprintf(mvdAnswer, "q-9", "match", ""), 200, enrol.Answer{}, true},
		{"another result", fmt.Sprintf(mvdAnswer, "q-1", "maybe", ""), 200, enrol.Answer{}, true},
		{"another namespace", `<identityDocumentResponse id="q-1"><result>match</result></identityDocumentResponse>`, 200, enrol.Answer{}, true},
		{"no XML", "match", 200, enrol.Answer{}, true},
		{"empty", "", 200, enrol.Answer{}, true},
		{"error", fmt.Sprintf(mvdAnswer, "q-1", "match", ""), 500, enrol.Answer{}, true},
		{"accepted for later", fmt.Sprintf(mvdAnswer, "q-1", "match", ""), 202, enrol.Answer{}, true},
		{"endless", fmt.Sprintf(mvdAnswer, "q-1", "match", strings.Repeat(" ", 70<<10)), 200, enrol.Answer{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got string
			m := &exchange.MVD{Endpoint: serve(t, c.status, c.body, &got)}
			a, err := m.CheckDocument(context.Background(), passport)
			if a != c.want || (err != nil) != c.fails {
				t.Errorf("%+v, %v", a, err)
			}
			for _, part := range []string{
				"POST /identity-document/check Bearer secret application/xml", `id="q-1"`, "<surname>Тестова</surname>", "<birthDate>1991-04-17</birthDate>",
				"<series>7111</series>", "<number>904513</number>", "<issueDate>2011-05-06</issueDate>", "<issuerCode>720-002</issuerCode>",
			} {
				if !strings.Contains(got, part) {
					t.Errorf("%q is not in %s", part, got)
				}
			}
			if err != nil && strings.Contains(err.Error(), "Тестова") {
				t.Errorf("personal data in the error: %v", err)
			}
		})
	}
}

// ID-VER-06: likewise SNILS.
func TestSFR(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		status     int
		want       enrol.Answer
		fails      bool
	}{
		{"match", `{"request_id":"q-2","result":"match"}`, 200, enrol.Answer{Result: enrol.Match}, false},
		{"pending", `{"request_id":"q-2","result":"pending","later":"field"}`, 200, enrol.Answer{Result: enrol.Pending}, false},
		{"mismatch", `{"request_id":"q-2","result":"mismatch","reason":{"code":"SNILS_NOT_FOUND","text":"СНИЛС не найден"}}`, 200, enrol.Answer{Result: enrol.Mismatch, Reason: "SNILS_NOT_FOUND"}, false},
		{"another question's answer", `{"request_id":"q-1","result":"match"}`, 200, enrol.Answer{}, true},
		{"no JSON", `<html>`, 200, enrol.Answer{}, true},
		{"refused", `{}`, 401, enrol.Answer{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got string
			s := &exchange.SFR{Endpoint: serve(t, c.status, c.body, &got)}
			a, err := s.CheckSNILS(context.Background(), snils)
			if a != c.want || (err != nil) != c.fails {
				t.Errorf("%+v, %v", a, err)
			}
			if !strings.HasPrefix(got, "POST /snils/check Bearer secret application/json\n") || !strings.Contains(got, `"snils":"14390561762"`) || !strings.Contains(got, `"sex":"F"`) {
				t.Errorf("sent %s", got)
			}
		})
	}
}

// ID-REC-03: likewise ИНН, which recovers access once it is verified.
func TestFNS(t *testing.T) {
	t.Parallel()
	q := enrol.INNQuery{ID: "q-3", Surname: "Тестова", Given: "Анна", BirthDate: time.Date(1991, 4, 17, 0, 0, 0, 0, time.UTC), INN: "500100732259"}
	for body, want := range map[string]enrol.Answer{
		`{"request_id":"q-3","result":"match"}`:                                      {Result: enrol.Match},
		`{"request_id":"q-3","result":"mismatch","reason":{"code":"INN_NOT_FOUND"}}`: {Result: enrol.Mismatch, Reason: "INN_NOT_FOUND"},
		`{"request_id":"q-1","result":"match"}`:                                      {},
		`<html>`:                                                                     {},
	} {
		var got string
		f := &exchange.FNS{Endpoint: serve(t, 200, body, &got)}
		a, err := f.CheckINN(context.Background(), q)
		if a != want || (err == nil) != (want != enrol.Answer{}) {
			t.Errorf("%s: %+v, %v", body, a, err)
		}
		if !strings.HasPrefix(got, "POST /inn/check Bearer secret application/json\n") || !strings.Contains(got, `"inn":"500100732259"`) || strings.Contains(got, "patronymic") {
			t.Errorf("sent %s", got)
		}
	}
}

// A register that never answers costs no more than the client's time.
func TestRegisterThatHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	t.Cleanup(func() { close(release); s.Close() })
	m := &exchange.MVD{Endpoint: exchange.Endpoint{URL: s.URL, HTTP: &http.Client{Timeout: 100 * time.Millisecond}}}
	if _, err := m.CheckDocument(context.Background(), passport); err == nil || strings.Contains(err.Error(), s.URL) {
		t.Errorf("error %v", err)
	}
	gone := &exchange.SFR{Endpoint: exchange.Endpoint{URL: "http://127.0.0.1:1", HTTP: http.DefaultClient}}
	if _, err := gone.CheckSNILS(context.Background(), snils); err == nil {
		t.Error("nobody listens, and there is an answer")
	}
}

// RFC 8935: the token itself is the body; 2xx means that the receiver has it.
func TestPush(t *testing.T) {
	t.Parallel()
	var got string
	ok := serve(t, 202, "", &got)
	p := &exchange.Push{HTTP: ok.HTTP}
	ctx := context.Background()
	if err := p.SendEvent(ctx, event.Receiver{ID: "portal", Endpoint: ok.URL + "/events"}, "a.b.c"); err != nil {
		t.Error(err)
	}
	if got != "POST /events  application/secevent+jwt\na.b.c" {
		t.Errorf("sent %q", got)
	}
	refuses := serve(t, 400, `{"err":"invalid_request"}`, nil)
	if err := p.SendEvent(ctx, event.Receiver{ID: "portal", Endpoint: refuses.URL}, "a.b.c"); err == nil {
		t.Error("a refused event counts as delivered")
	}
	status, err := p.PostForm(ctx, ok.URL+"/logout", map[string]string{"logout_token": "x y"})
	if err != nil || status != 202 || got != "POST /logout  application/x-www-form-urlencoded\nlogout_token=x+y" {
		t.Errorf("%d, %v, %q", status, err, got)
	}
}
