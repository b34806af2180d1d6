package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/app"
)

// World is a running demo with its desk, driven as a test drives it.
type World struct {
	t    testing.TB
	Demo *app.Demo
	http *http.Client

	mu   sync.Mutex
	used map[string]string // phone → the code that was entered last
}

// FreshCode is a code of the app that has not been entered yet: each counts once,
// and the next comes with the next half minute.
func (w *World) FreshCode(surname string) string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if a := w.Account(surname); a.Code != w.used[a.Phone] {
			if w.used == nil {
				w.used = map[string]string{}
			}
			w.used[a.Phone] = a.Code
			return a.Code
		}
		<-tick.C
	}
	w.t.Fatalf("no new code for %s", surname)
	return ""
}

// StartWorld runs a demo of its own on a free port with a fresh state.
func StartWorld(t testing.TB) *World {
	t.Helper()
	// PostgreSQL runs unprivileged, so the folder must be reachable for all.
	dir, err := os.MkdirTemp("", "okno-walk-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d, err := app.StartDemo(context.Background(), app.DemoOptions{Listen: "127.0.0.1:0", State: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &World{t: t, Demo: d, http: Client()}
}

// Client reaches *.localhost, which Go's resolver does not know.
func Client() *http.Client {
	dial := (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	return &http.Client{
		Timeout: 5 * time.Minute,
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
				addr = net.JoinHostPort("127.0.0.1", port)
			}
			return dial(ctx, network, addr)
		}},
	}
}

// URL is a page of one of the sites.
func (w *World) URL(site, path string) string { return w.Demo.URL(site) + path }

// API calls the demo desk and reads its JSON answer.
func (w *World) API(method, path string, in, out any) {
	w.t.Helper()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			w.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, w.URL("demo", path), &body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s", method, path, res.Status)
	}
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Advance moves domain time and does what has become due.
func (w *World) Advance(by string) {
	w.t.Helper()
	w.API("POST", "/api/clock/advance", map[string]string{"by": by}, nil)
}

// Message is one SMS or e-mail of the outbox.
type Message struct {
	Channel string `json:"channel"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Messages are those to one address, the newest first.
func (w *World) Messages(to string) []Message {
	w.t.Helper()
	var out []Message
	w.API("GET", "/api/outbox?to="+url.QueryEscape(to), nil, &out)
	return out
}

// Await waits until a message to the address matches, and returns the first
// group of the pattern. Delivery is by job; the bound is generous, not a sleep.
func (w *World) Await(to, pattern string) string {
	w.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.Now().Add(wait)
	for time.Now().Before(deadline) {
		for _, m := range w.Messages(to) {
			if g := re.FindStringSubmatch(m.Subject + "\n" + m.Text); g != nil {
				return g[len(g)-1]
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	w.t.Fatalf("no message to %s matches %s", to, pattern)
	return ""
}

// Account is a demo account as the desk tells it.
type Account struct {
	Surname  string `json:"surname"`
	Phone    string `json:"phone"`
	Email    string `json:"email"`
	SNILS    string `json:"snils"`
	Series   string `json:"series"`
	Number   string `json:"number"`
	OID      string `json:"oid"`
	Level    int    `json:"level"`
	Code     string `json:"code"`
	Password string `json:"-"`
}

// Account finds a demo account by surname.
func (w *World) Account(surname string) Account {
	w.t.Helper()
	var out struct {
		Password string    `json:"password"`
		Accounts []Account `json:"accounts"`
	}
	w.API("GET", "/api/accounts", nil, &out)
	for _, a := range out.Accounts {
		if a.Surname == surname {
			a.Password = out.Password
			return a
		}
	}
	w.t.Fatalf("no demo account %s", surname)
	return Account{}
}

// Stranger is a person whom the registers know and who has no account yet.
type Stranger struct {
	Surname, Name, Patronymic, Sex                  string
	BirthDate, BirthPlace, SNILS, Citizenship       string
	Series, Number, IssueDate, IssuerCode, IssuedBy string
	Phone, Email                                    string
}

// Stranger finds one by surname.
func (w *World) Stranger(surname string) Stranger {
	w.t.Helper()
	var list []map[string]any
	w.API("GET", "/api/register-persons", nil, &list)
	for _, m := range list {
		if m["surname"] == surname {
			get := func(k string) string { return fmt.Sprint(m[k]) }
			return Stranger{
				get("surname"), get("name"), get("patronymic"), get("sex"), get("birth_date"), get("birth_place"), get("snils"), get("citizenship"),
				get("series"), get("number"), get("issue_date"), get("issuer_code"), get("issued_by"), get("phone"), get("email"),
			}
		}
	}
	w.t.Fatalf("the registers know no %s", surname)
	return Stranger{}
}

// RuDate writes 2011-05-06 as people type it.
func RuDate(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return t.Format("02.01.2006")
}
