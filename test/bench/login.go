package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

const (
	callback = "http://127.0.0.1:1/callback" // nobody listens: the code is read off the redirect
	verifier = "bench-verifier-bench-verifier-bench-verifier-0"
)

// party is a relying party with a secret.
type party struct {
	s        *side
	id       string
	secret   string
	scopes   string
	login    string
	password string
	http     *http.Client
}

// loginScopes are what a usual portal asks for.
const loginScopes = "openid fullname offline_access"

// newParty registers a client and picks a person who signs in there.
func (b *bench) newParty(s *side) (*party, error) { return b.newPartyWith(s, loginScopes) }

func (b *bench) newPartyWith(s *side, scopes string) (*party, error) {
	p := &party{s: s, id: "bench", scopes: scopes, http: &http.Client{Transport: drive.Transport(), Timeout: time.Minute}}
	var made struct{ Secret string }
	err := s.desk().Call(b.ctx, http.MethodPost, "/api/clients", map[string]any{
		"id": p.id, "name": "Bench", "redirect_uris": []string{callback}, "scopes": strings.Fields(scopes), "min_level": 1,
	}, &made)
	if err != nil {
		return nil, err
	}
	p.secret = made.Secret
	a, err := s.desk().Account(b.ctx, "Соколова")
	if err != nil {
		return nil, err
	}
	p.login, p.password = a.Phone, a.Password
	_, err = p.signIn(b, drive.NewPerson()) // the first one asks for consent
	return p, err
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// signIn is a whole login: request, page, password, code, tokens.
func (p *party) signIn(b *bench, who *drive.Person) (tokens, error) {
	return p.signInAs(b, who, p.login)
}

// signInAs signs in whom the login names; everybody's password is the same.
func (p *party) signInAs(b *bench, who *drive.Person, login string) (tokens, error) {
	who.HTTP.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	defer who.HTTP.CloseIdleConnections()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {callback}, "scope": {p.scopes}, "state": {"s"},
		"nonce": {"n"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	pg, err := who.Get(b.ctx, p.s.url("esia", "/oauth2/authorize?"+q.Encode()))
	for range 4 {
		if err != nil {
			return tokens{}, err
		}
		if to, err := url.Parse(pg.Header.Get("Location")); err == nil && strings.HasPrefix(to.String(), callback) {
			return p.token(url.Values{
				"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
			})
		}
		switch {
		case pg.Has("input[name=password]"):
			pg, err = pg.Submit(b.ctx, "form:has(input[name=password])", "login", login, "password", p.password)
		case pg.Has("form[action$='/consent'] button"):
			pg, err = pg.Submit(b.ctx, "form[action$='/consent'] button")
		default:
			return tokens{}, fmt.Errorf("sign in: stopped at %s (%d): %.200s", pg.URL.Path, pg.Status, pg.Text())
		}
	}
	return tokens{}, fmt.Errorf("sign in: too many steps, the last says: %.300s", pg.Text())
}

func (p *party) token(v url.Values) (t tokens, err error) {
	raw, err := p.call("/oauth2/token", v)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(raw, &t)
}

func (p *party) call(path string, v url.Values) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, p.s.url("esia", path), bytes.NewBufferString(v.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	res, err := p.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", path, res.Status, raw)
	}
	return raw, err
}

func (p *party) userInfo(t tokens) error {
	req, err := http.NewRequest(http.MethodGet, p.s.url("esia", "/oauth2/userinfo"), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.Access)
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("userinfo: %s", res.Status)
	}
	return err
}

// logins is P1: what a login costs beside its hash.
func (b *bench) logins() error {
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	p, err := b.newParty(s)
	if err != nil {
		return err
	}
	var pg float64
	ours := func() (float64, error) {
		own, server, err := s.measure(func() (int, error) {
			return 24, each(24, 2, func(int) error { _, err := p.signIn(b, drive.NewPerson()); return err })
		})
		pg = server
		return own, err
	}
	floor := func() (float64, error) {
		answer, err := s.tell("hash 24")
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(answer, 64)
	}
	if _, err := ours(); err != nil { // the caches of the connections
		return err
	}
	o, f, r, err := b.alternate(ours, floor)
	if err != nil {
		return err
	}
	b.add(row{
		goal: "P1", what: "password login", unit: "µs CPU", ours: o, floor: f, ratio: r, want: "≤ 1.10", ok: r <= 1.10,
		note: fmt.Sprintf("all pages and the token; PostgreSQL %.0f µs", pg),
	})
	return b.profiled(s, "P1", func() error { _, err := ours(); return err })
}

// refresh is P4: rotation of refresh tokens.
func (b *bench) refresh() error {
	const families = 8
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	p, err := b.newParty(s)
	if err != nil {
		return err
	}
	held := make([]tokens, families)
	for i := range held {
		if held[i], err = p.signIn(b, drive.NewPerson()); err != nil {
			return err
		}
	}
	insert, err := b.oneRow(s)
	if err != nil {
		return err
	}
	var own, pg float64
	ours := func() (float64, error) {
		start, n := time.Now(), 0
		own, pg, err = s.measure(func() (int, error) {
			var mu sync.Mutex
			err := each(families, families, func(i int) error {
				for time.Since(start) < 2*time.Second {
					t, err := p.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held[i].Refresh}})
					if err != nil {
						return err
					}
					held[i] = t
					mu.Lock()
					n++
					mu.Unlock()
				}
				return nil
			})
			return n, err
		})
		return float64(n) / time.Since(start).Seconds(), err
	}
	if _, err := ours(); err != nil {
		return err
	}
	o, f, r, err := b.alternate(ours, func() (float64, error) { n, _, err := insert(families, 2); return n, err })
	if err != nil {
		return err
	}
	b.add(row{
		goal: "P4", what: "refresh with rotation", unit: "per second", ours: o, floor: f, ratio: r, want: "≥ 0.50", ok: r >= 0.5,
		note: fmt.Sprintf("CPU %.0f µs (wanted about 1000), PostgreSQL %.0f µs", own, pg),
	})
	return b.profiled(s, "P4", func() error { _, err := ours(); return err })
}

// tokens is P5: what every page of every portal asks.
func (b *bench) tokens() error {
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	p, err := b.newParty(s)
	if err != nil {
		return err
	}
	t, err := p.signIn(b, drive.NewPerson())
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"introspection", func() error { _, err := p.call("/oauth2/introspect", url.Values{"token": {t.Access}}); return err }},
		{"userinfo", func() error { return p.userInfo(t) }},
	} {
		var owns, pgs []float64
		err := b.profiled(s, "P5-"+c.name, func() error {
			for range b.rounds {
				own, pg, err := s.measure(func() (int, error) { return 1000, each(1000, 4, func(int) error { return c.call() }) })
				if err != nil {
					return err
				}
				owns, pgs = append(owns, own), append(pgs, pg)
			}
			return nil
		})
		if err != nil {
			return err
		}
		o := median(owns)
		b.add(row{
			goal: "P5", what: c.name, unit: "µs CPU", ours: o, floor: 150, ratio: o / 150, want: "≤ 1", ok: o <= 150,
			note: fmt.Sprintf("the floor is the goal itself; PostgreSQL %.0f µs", median(pgs)),
		})
	}
	return nil
}

// memory is a line of /proc/<pid>/status in MB.
func memory(pid int, name string) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in the status of %d", name, pid)
}
