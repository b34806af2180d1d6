package outbound_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/outbound"
)

func TestSMSGatewayConforms(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []arrived
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID, From, To, Text string }
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s, %v", r.Method, err)
		}
		if m.ID == "" || r.Header.Get("Idempotency-Key") != m.ID || r.Header.Get("Authorization") != "Bearer secret" || m.From != "Okno" {
			t.Errorf("request %+v, headers %v", m, r.Header)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, arrived{to: m.To, text: m.Text})
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	g := &outbound.SMSGateway{URL: server.URL, Token: "secret", Sender: "Okno", Client: server.Client()}
	testSender(t, g, phoneTo, false, func() []arrived {
		mu.Lock()
		defer mu.Unlock()
		return append([]arrived(nil), got...)
	})
}

func TestSMSGatewayFates(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]outbound.Fate{
		400: outbound.Refused, 404: outbound.Refused, 422: outbound.Refused, 401: outbound.Deferred, 403: outbound.Deferred,
		408: outbound.Deferred, 429: outbound.Deferred, 503: outbound.Deferred, 500: outbound.Unknown, 502: outbound.Unknown, 304: outbound.Unknown,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(status)
			_, _ = w.Write(b) // gateways repeat what they got
		}))
		checkFate(t, &outbound.SMSGateway{URL: server.URL, Client: server.Client()}, "+79120000001", want)
		server.Close()
	}
	checkFate(t, &outbound.SMSGateway{URL: "http://127.0.0.1:1/", Client: http.DefaultClient}, "+79120000001", outbound.Deferred)
	checkFate(t, &outbound.SMSGateway{URL: "::", Client: http.DefaultClient}, "+79120000001", outbound.Deferred)
	broken := "http://" + listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
	checkFate(t, &outbound.SMSGateway{URL: broken, Client: &http.Client{}}, "+79120000001", outbound.Unknown)
	silent := "http://" + listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	checkFate(t, &outbound.SMSGateway{URL: silent, Client: &http.Client{Timeout: 200 * time.Millisecond}}, "+79120000001", outbound.Unknown)
}
