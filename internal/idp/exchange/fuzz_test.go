package exchange_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/exchange"
)

// says answers every request with one body.
type says string

func (s says) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(s)))}, nil
}

// A register's answer is one of three words about our own question, or an error:
// it never passes for a match by accident.
func FuzzRegisterAnswers(f *testing.F) {
	f.Add(`<?xml version="1.0"?><identityDocumentResponse xmlns="urn:okno:register:mvd:1" id="q-1"><result>mismatch</result><reason code="NAME_DIFFERS"/></identityDocumentResponse>`)
	f.Add(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><identityDocumentResponse xmlns="urn:okno:register:mvd:1" id="q-1"><result>&e;</result></identityDocumentResponse>`)
	f.Add(`{"request_id":"q-2","result":"match"}`)
	f.Add(`{"request_id":"q-2","result":"mismatch","reason":{"code":"SNILS_NOT_FOUND"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		e := exchange.Endpoint{URL: "http://register.test", HTTP: &http.Client{Transport: says(body)}}
		first, err1 := (&exchange.MVD{Endpoint: e}).CheckDocument(context.Background(), passport)
		second, err2 := (&exchange.SFR{Endpoint: e}).CheckSNILS(context.Background(), snils)
		for _, got := range []struct {
			enrol.Answer
			err error
			id  string
		}{{first, err1, passport.ID}, {second, err2, snils.ID}} {
			switch {
			case got.err != nil && got.Answer != (enrol.Answer{}):
				t.Errorf("an error, and yet %+v", got.Answer)
			case got.err == nil && got.Result != enrol.Match && got.Result != enrol.Mismatch && got.Result != enrol.Pending:
				t.Errorf("result %q", got.Result)
			case got.Result == enrol.Match && !strings.Contains(body, "match"):
				t.Errorf("%q counts as a match", body)
			}
		}
	})
}
