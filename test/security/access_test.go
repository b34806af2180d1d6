package security

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/okno-gov/okno/test/drive"
)

// public are the routes that answer somebody without an account. Everything else
// refuses him: whoever adds a public route writes it down here, and why is seen
// in the review.
var public = map[string][]string{
	"kit": {"POST /preferences/", "GET /preferences/"},
	"idsite": {
		"GET /assets/", "/oauth2/", "GET /.well-known/", "GET /{$}", "GET /agreement", "GET /processing", "GET /about",
		"GET /login", "POST /login", "POST /login/code", "POST /login/password", "POST /login/consent", "POST /login/refuse", "POST /login/restart",
		"GET /logout", "POST /logout", "GET /registration", "POST /registration", "POST /registration/code", "POST /registration/resend",
		"POST /registration/restart", "POST /registration/password", "GET /recovery", "POST /recovery", "POST /recovery/code", "POST /recovery/resend",
		"POST /recovery/restart", "POST /recovery/password", "GET /link/{token}", "POST /link/{token}", "GET /setup/{token}", "POST /setup/{token}",
	},
	"portalsite": {
		"GET /assets/", "GET /{$}", "GET /search", "GET /search/suggest", "GET /services", "GET /services/{code}", "GET /categories",
		"GET /categories/{code}", "GET /agencies", "GET /agencies/{code}", "GET /situations", "GET /situations/{code}", "GET /centres", "POST /centres", "GET /help/{$}",
		"GET /help/{code}", "POST /help/{code}/rate", "GET /news", "GET /news/{code}", "GET /acts", "GET /privacy", "GET /check/{token}",
		"GET /support", "POST /support", "GET /support/{$}", "GET /place", "POST /place", "GET /place/search", "GET /agreement", "GET /offline", "GET /worker.js",
		"GET /auth/entered", "GET /place/suggest", "GET /report", "POST /report", "GET /report/sent", "GET /support/sent",
	},
	"desksite":   {"GET /assets/"},
	"officesite": {"GET /assets/"},
	"opssite":    {"GET /assets/"},
}

// protocol are routes of sign-in and sign-out, which lead on by themselves.
var protocol = []string{
	"GET /auth/begin", "GET /auth/again", "GET /auth/register", "GET /auth/callback", "POST /auth/logout", "POST /auth/extend", "POST /auth/backchannel",
	"POST /session/extend",
}

func routesOf(t testing.TB, site string) []Route {
	t.Helper()
	all, err := Routes(drive.Root(), sites[site])
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("%s: only %d routes were read", site, len(all))
	}
	return all
}

func (r Route) public() bool { return slices.Contains(public[r.Site], r.String()) }

// refusal tells whether an answer keeps a stranger out: an error, or the way to
// the sign-in.
func refusal(res *http.Response) bool {
	if res.StatusCode >= 400 && res.StatusCode < 500 {
		return true
	}
	if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusFound {
		return false
	}
	to, err := url.Parse(res.Header.Get("Location"))
	return err == nil && (to.Path == "/oauth2/authorize" || to.Path == "/login" || strings.HasPrefix(to.Path, "/auth/") || to.Path == "/agreement")
}

const nowhere = "01900000-0000-7000-8000-000000000000"

func (r Route) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// Every route of every site: somebody without an account gets what is public and
// nothing else; a citizen gets nothing at the sites of the staff; a clerk nothing
// of the administrators; methods that are not in the table do not work.
func TestAccess(t *testing.T) {
	for site := range sites {
		for _, r := range routesOf(t, site) {
			if slices.Contains(protocol, r.String()) {
				continue
			}
			at := w.p.URL(site, r.Path(nowhere))
			res := w.nobody.ask(t, r.method(), at, url.Values{"x": {"y"}})
			switch {
			case res.StatusCode >= 500:
				t.Errorf("%s %s: nobody gets %d", site, r, res.StatusCode)
			case !r.public() && !refusal(res):
				t.Errorf("%s %s: nobody gets %d %s", site, r, res.StatusCode, res.Header.Get("Location"))
			}
			for _, m := range []string{http.MethodTrace, http.MethodDelete, http.MethodPut} {
				if res := w.nobody.ask(t, m, at, nil, "Sec-Fetch-Site", "same-origin"); res.StatusCode < 400 || res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented {
					t.Errorf("%s %s: %s gets %d", site, r, m, res.StatusCode)
				}
			}
			if r.public() {
				continue
			}
			for _, v := range w.withoutRights(site, r) {
				if res := v.ask(t, r.method(), at, url.Values{"x": {"y"}}); !refusal(res) {
					t.Errorf("%s %s: %s, who has no right there, gets %d %s", site, r, v.name, res.StatusCode, res.Header.Get("Location"))
				}
			}
		}
	}
}

// withoutRights are the people who are signed in somewhere and have no business
// at a route.
func (w *world) withoutRights(site string, r Route) []*visitor {
	citizens := []*visitor{w.owner, w.stranger}
	switch {
	case site == "office" && administrative(r):
		return append(citizens, w.clerk, w.operator)
	case site == "office":
		return append(citizens, w.operator)
	case site == "desk" && strings.HasPrefix(r.Pattern, "/admin/"):
		return append(citizens, w.clerk, w.operator)
	case site == "desk" && !strings.HasPrefix(r.Pattern, "/join/"):
		return append(citizens, w.clerk)
	case site == "ops":
		return append(citizens, w.clerk, w.operator)
	}
	return nil
}

// administrative are the office's pages that a clerk has no right to.
func administrative(r Route) bool {
	for _, p := range []string{"/{$}", "/next", "/cases/", "/auth/", "/join/", "/assets/"} {
		if strings.HasPrefix(r.Pattern, p) {
			return false
		}
	}
	return true
}

// What a person's own pages link to is nobody else's: each address that names an
// object is asked for by a stranger of the same kind, and is not there for him.
func TestForeignObjects(t *testing.T) {
	for _, c := range []struct {
		site, start string
		owner       *visitor
		others      []*visitor
		least       int
	}{
		{"uslugi", "/lk/", w.owner, []*visitor{w.stranger, w.nobody, w.clerk}, 4},
		{"esia", "/", w.owner, []*visitor{w.stranger, w.nobody, w.operator}, 2},
		{"office", "/", w.clerk, []*visitor{w.otherClerk, w.nobody, w.owner}, 2},
	} {
		routes := routesOf(t, c.site)
		own := 0
		for address, method := range w.walk(t, c.owner, c.site, c.start) {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(routes, func(r Route) bool { return r.method() == method && r.Wild() && r.Matches(u.Path) })
			if i < 0 || routes[i].public() || !ids.MatchString(u.Path) {
				continue
			}
			own++
			for _, v := range c.others {
				if res := v.ask(t, method, address, url.Values{"x": {"y"}}); !refusal(res) {
					t.Errorf("%s %s of %s: %s gets %d %s", method, u.Path, c.owner.name, v.name, res.StatusCode, res.Header.Get("Location"))
				}
			}
		}
		if own < c.least {
			t.Errorf("%s: %s has only %d addresses of objects: the test looks at too little", c.site, c.owner.name, own)
		}
	}
}

// walk opens every page of a site that links lead to, in the order of finding,
// and answers the addresses of links and forms with their methods.
func (w *world) walk(t testing.TB, v *visitor, site, start string) map[string]string {
	t.Helper()
	const most = 60
	found, queue := map[string]string{}, []string{w.p.URL(site, start)}
	for n := 0; len(queue) > 0 && n < most; n++ {
		at := queue[0]
		queue = queue[1:]
		pg, err := v.Get(context.WithoutCancel(t.Context()), at)
		if err != nil {
			t.Fatalf("%s: %s: %v", v.name, at, err)
		}
		if pg.Status >= 500 {
			t.Errorf("%s: %s: %d", v.name, at, pg.Status)
		}
		note := func(href, method string) {
			u, err := pg.URL.Parse(href)
			if err != nil || u.Host != pg.URL.Host || !strings.HasPrefix(u.Host, site+".") {
				return
			}
			u.Fragment = ""
			if _, known := found[u.String()]; known {
				return
			}
			found[u.String()] = method
			if method == http.MethodGet && !strings.Contains(u.Path, "logout") && u.RawQuery == "" {
				queue = append(queue, u.String())
			}
		}
		for _, href := range pg.Attrs("a[href]", "href") {
			note(href, http.MethodGet)
		}
		for _, action := range pg.Attrs("form[method=post i]", "action") {
			note(action, http.MethodPost)
		}
	}
	return found
}

// exempt take requests from other origins: programs, and the provider's own
// callbacks. None of them acts by a cookie.
var exempt = []string{"/oauth2/authorize", "/oauth2/token", "/oauth2/userinfo", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/logout", "/auth/backchannel"}

// A page of another site sends forms in the name of somebody who is signed in:
// no route takes them, by what browsers of today and of yesterday tell.
func TestForeignPagesCannotAct(t *testing.T) {
	who := map[string]*visitor{"esia": w.owner, "uslugi": w.owner, "office": w.clerk, "desk": w.operator, "ops": w.boss}
	n := 0
	for site, v := range who {
		for _, r := range routesOf(t, site) {
			if r.Method != http.MethodPost || slices.Contains(exempt, r.Pattern) {
				continue
			}
			n++
			at := w.p.URL(site, r.Path(nowhere))
			for name, header := range map[string][]string{
				"by Sec-Fetch-Site":    {"Sec-Fetch-Site", "cross-site"},
				"by a neighbour":       {"Sec-Fetch-Site", "same-site"},
				"by Origin":            {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
				"from a sandbox":       {"Sec-Fetch-Site", "", "Origin", "null"},
				"as a file of a phone": {"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"},
			} {
				if res := v.ask(t, http.MethodPost, at, url.Values{"x": {"y"}}, header...); res.StatusCode != http.StatusForbidden {
					t.Errorf("%s %s %s: %d", site, r, name, res.StatusCode)
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d routes were tried", n)
	}
}
