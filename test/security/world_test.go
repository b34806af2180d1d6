package security

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// sites of the demo and the packages that serve them.
var sites = map[string]string{"esia": "idsite", "desk": "desksite", "uslugi": "portalsite", "office": "officesite", "ops": "opssite"}

// visitor is a browser that keeps to what it is told: no redirects.
type visitor struct {
	name string
	*drive.Person
	plain *http.Client // the same cookies, without following redirects
}

// world is the running demo with its visitors.
type world struct {
	p                                                          *drive.Process
	secureURL                                                  string // Sevastopol's portal, which believes that people come by https
	nobody, owner, stranger, clerk, otherClerk, operator, boss *visitor
	seen                                                       *recorder
}

var w *world

func TestMain(m *testing.M) {
	state, err := drive.StateDir()
	if err != nil {
		panic(err)
	}
	code := 1
	if w, err = open(state); err != nil {
		fmt.Fprintln(os.Stderr, "security:", err)
	} else {
		code = m.Run()
	}
	if w != nil && w.p != nil {
		_ = w.p.Stop()
	}
	_ = os.RemoveAll(state)
	os.Exit(code)
}

func open(state string) (*world, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	port, err := drive.FreePort()
	if err != nil {
		return nil, err
	}
	secure, err := drive.FreePort()
	if err != nil {
		return nil, err
	}
	w := &world{seen: &recorder{inner: drive.Transport()}, secureURL: "http://127.0.0.1:" + secure}
	if w.p, err = drive.StartDemo(ctx, state, port, "--public", "sevastopol=https://127.0.0.1:"+secure); err != nil {
		return nil, err
	}
	w.nobody = w.visitor("nobody")
	for _, v := range []struct {
		to      **visitor
		surname string
		home    []string
	}{
		{&w.owner, "Соколова", []string{"uslugi"}},
		{&w.stranger, "Соколов", []string{"uslugi"}},
		{&w.clerk, "Фёдорова", []string{"office"}},
		{&w.otherClerk, "Гареева", []string{"office"}},
		{&w.operator, "Ильина", []string{"desk"}},
		{&w.boss, "Никитин", []string{"desk", "ops"}},
	} {
		*v.to = w.visitor(v.surname)
		for _, home := range v.home {
			if err := w.signIn(ctx, *v.to, home); err != nil {
				return w, err
			}
		}
	}
	// The strangers of the staff sites hold sessions there: they are known, and
	// still may not see anything. Citizens have no second factor, so they stop at it.
	return w, w.work(ctx)
}

func (w *world) visitor(name string) *visitor {
	p := drive.NewPerson()
	p.HTTP.Transport = w.seen
	plain := *p.HTTP
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{name, p, &plain}
}

// signIn goes through whatever a site asks at the first entry.
func (w *world) signIn(ctx context.Context, v *visitor, site string) error {
	who, err := w.p.Desk().Account(ctx, v.name)
	if err != nil {
		return err
	}
	start := map[string]string{"uslugi": "/lk/"}[site]
	if start == "" {
		start = "/"
	}
	pg, err := v.Get(ctx, w.p.URL(site, start))
	if err != nil {
		return err
	}
	for range 8 {
		switch {
		case pg.Has("input[name=password]"):
			pg, err = pg.Submit(ctx, "form:has(input[name=password])", "login", who.Phone, "password", who.Password)
		case pg.Has("input[name=code]"):
			pg, err = pg.Submit(ctx, "form:has(input[name=code])", "code", who.Code)
		case pg.Has("form[action='/agreement']"):
			pg, err = pg.Submit(ctx, "form[action='/agreement']", "agree", "1")
		case pg.Has("form[action$='/consent'] button"):
			pg, err = pg.Submit(ctx, "form[action$='/consent'] button")
		case strings.HasPrefix(pg.URL.Host, site+".") && pg.Status == http.StatusOK:
			return nil
		default:
			return fmt.Errorf("%s signs in at %s: stopped at %s (%d): %.300s", v.name, site, pg.URL, pg.Status, pg.Text())
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s signs in at %s: too many steps", v.name, site)
}

// work leaves things that strangers must not see: an application that the clerk
// has taken, a draft, a request to the support.
func (w *world) work(ctx context.Context) error {
	base := w.p.URL("uslugi", "")
	f, err := drive.Ready(ctx, w.owner.Person, base)
	if err != nil {
		return err
	}
	if _, err := drive.Send(ctx, f); err != nil {
		return err
	}
	if _, err := drive.Ready(ctx, w.owner.Person, base); err != nil { // left as a draft
		return err
	}
	pg, err := w.clerk.Get(ctx, w.p.URL("office", "/"))
	if err != nil {
		return err
	}
	if pg.Has("form[action='/next']") {
		_, err = pg.Submit(ctx, "form[action='/next']")
	}
	return err
}

// ask sends one request without following redirects.
func (v *visitor) ask(t testing.TB, method, address string, form url.Values, header ...string) *http.Response {
	t.Helper()
	body := strings.NewReader(form.Encode())
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := v.plain.Do(req)
	if err != nil {
		t.Fatalf("%s: %s %s: %v", v.name, method, address, err)
	}
	res.Body.Close()
	return res
}
