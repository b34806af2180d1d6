package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

const (
	fewAccounts  = 10_000
	growthScopes = "openid fullname snils id_doc mobile email contacts offline_access"
)

// growth is P10: the same work with few accounts and with many. Both stand side
// by side, each with a server of its own, and are measured in turn, by small
// pieces; the quantile is that of all pieces together.
func (b *bench) growth() error {
	small, err := b.grow(fewAccounts)
	if err != nil {
		return err
	}
	large, err := b.grow(b.accounts)
	if err != nil {
		return err
	}
	for _, k := range growthKinds {
		if err := b.compare(k, large, small); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return b.profiled(large.s, "P10", func() error {
		var times sample
		return errors.Join(times.run(growthKinds[1], large), times.run(growthKinds[3], large))
	})
}

// growthKind is one thing that people, portals and operators ask.
type growthKind struct {
	name  string
	piece int // operations of one piece
	one   func(g *grown, i int) error
}

var growthKinds = []growthKind{
	{"sign-in by phone, e-mail, SNILS", 24, (*grown).signIn},
	{"search at the desk by document, SNILS", 60, (*grown).find},
	{"profile read by REST", 200, (*grown).profile},
	{"refresh", 100, (*grown).refresh},
	{"introspection", 200, (*grown).introspect},
}

// grown is a side with accounts.
type grown struct {
	b        *bench
	s        *side
	p        *party
	accounts int
	fresh    []holding    // people whose refresh token was never used
	next     atomic.Int64 // of them
	held     []holding
	deskHTTP *http.Client
}

// holding is a person whose access token a portal holds.
type holding struct {
	who int
	t   tokens
}

func (b *bench) grow(accounts int) (g *grown, err error) {
	g = &grown{b: b, accounts: accounts}
	if g.s, err = b.startSide("demo"); err != nil {
		return nil, err
	}
	if g.p, err = b.newPartyWith(g.s, growthScopes); err != nil {
		return nil, err
	}
	start := time.Now()
	if _, err := g.s.tell(fmt.Sprintf("crowd %d %s", accounts, g.p.id)); err != nil {
		return nil, fmt.Errorf("fill with %d accounts: %w", accounts, err)
	}
	fmt.Printf("%d accounts in %.0f s\n", accounts, time.Since(start).Seconds())
	const held = 64
	if err := g.prepare(held + growthKinds[3].piece*(6*b.rounds+2)); err != nil {
		return nil, err
	}
	for range held {
		h, err := g.renew()
		if err != nil {
			return nil, err
		}
		g.held = append(g.held, h)
	}
	if err := g.openDesk(); err != nil {
		return nil, fmt.Errorf("operator: %w", err)
	}
	for _, k := range growthKinds { // warm
		var times sample
		if err := times.run(k, g); err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return g, nil
}

// anybody is an account chosen at random: the pages of a large table are cold.
func (g *grown) anybody() int { return rand.IntN(g.accounts) }

// prepare notes refresh tokens of people who stand far from each other.
func (g *grown) prepare(n int) error {
	for i := range n {
		who := (i + 1) * 7919 % g.accounts
		t, err := g.s.tell(fmt.Sprint("refresh ", who))
		if err != nil {
			return err
		}
		g.fresh = append(g.fresh, holding{who, tokens{Refresh: t}})
	}
	return nil
}

// renew uses the next of these refresh tokens.
func (g *grown) renew() (holding, error) {
	h := g.fresh[g.next.Add(1)-1]
	t, err := g.p.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.t.Refresh}})
	return holding{h.who, t}, err
}

func (g *grown) signIn(i int) error {
	who := g.anybody()
	login := []string{crowdPhone(who), crowdEmail(who), crowdSNILS(who)}[i%3]
	_, err := g.p.signInAs(g.b, drive.NewPerson(), login)
	return err
}

func (g *grown) refresh(int) error {
	_, err := g.renew()
	return err
}

func (g *grown) introspect(i int) error {
	_, err := g.p.call("/oauth2/introspect", url.Values{"token": {g.held[i%len(g.held)].t.Access}})
	return err
}

// profile is the person with contacts and documents, as portals read it.
func (g *grown) profile(i int) error {
	h := g.held[i%len(g.held)]
	req, err := http.NewRequest(http.MethodGet, g.s.url("esia", fmt.Sprintf("/rs/prns/%d?embed=(contacts.elements,documents.elements)", crowdOID(h.who))), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+h.t.Access)
	return expect(g.p.http, req, strings.TrimPrefix(crowdEmail(h.who), "person"))
}

// expect wants an answer of 200 that holds a text.
func expect(client *http.Client, req *http.Request, text string) error {
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(string(raw), text)) {
		err = fmt.Errorf("%s: %s, no %q in %.300s", req.URL.Path, res.Status, text, raw)
	}
	return err
}

// find is an operator's search, which looks for both papers.
func (g *grown) find(int) error {
	who := g.anybody()
	series, number := crowdPassport(who)
	body := url.Values{"type": {"RF_PASSPORT"}, "document": {series + " " + number}, "snils": {crowdSNILS(who)}}
	req, err := http.NewRequest(http.MethodPost, g.s.url("desk", "/find"), strings.NewReader(body.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return expect(g.deskHTTP, req, "/visits/")
}

// openDesk signs an operator in.
func (g *grown) openDesk() error {
	a, err := g.s.desk().Account(g.b.ctx, "Ильина")
	if err != nil {
		return err
	}
	who := drive.NewPerson()
	g.deskHTTP = who.HTTP
	pg, err := who.Get(g.b.ctx, g.s.url("desk", "/"))
	for range 6 {
		switch {
		case err != nil:
			return err
		case pg.Has("input[name=password]"):
			pg, err = pg.Submit(g.b.ctx, "form:has(input[name=password])", "login", a.Phone, "password", a.Password)
		case pg.Has("input[name=code]"):
			pg, err = pg.Submit(g.b.ctx, "form:has(input[name=code])", "code", a.Code)
		case pg.Has("form[action='/find']"):
			return nil
		default:
			return fmt.Errorf("stopped at %s (%d): %.300s", pg.URL.Path, pg.Status, pg.Text())
		}
	}
	return errors.New("too many steps")
}

// sample gathers pieces of one side.
type sample struct {
	took []float64 // ms, of each operation
	work float64   // seconds in all
	cost cost
}

func (t *sample) run(k growthKind, g *grown) error {
	before, err := g.s.spent()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	start := time.Now()
	err = each(k.piece, 2, func(i int) error {
		at := time.Now()
		err := k.one(g, i)
		ms := float64(time.Since(at).Microseconds()) / 1000
		mu.Lock()
		t.took = append(t.took, ms)
		mu.Unlock()
		return err
	})
	if err != nil {
		return err
	}
	t.work += time.Since(start).Seconds()
	after, err := g.s.spent()
	t.cost.own += after.own - before.own
	t.cost.pg += after.pg - before.pg
	return err
}

func (t *sample) p99() float64 {
	slices.Sort(t.took)
	return t.took[len(t.took)*99/100]
}

func (t *sample) rate() float64 { return float64(len(t.took)) / t.work }

func (t *sample) each() (own, pg int64) {
	n := int64(len(t.took))
	return t.cost.own.Microseconds() / n, t.cost.pg.Microseconds() / n
}

func (b *bench) compare(k growthKind, large, small *grown) error {
	var l, s sample
	for i := range 6 * b.rounds {
		first, second, fs, ss := large, small, &l, &s
		if i%2 == 1 {
			first, second, fs, ss = small, large, &s, &l
		}
		if err := fs.run(k, first); err != nil {
			return err
		}
		if err := ss.run(k, second); err != nil {
			return err
		}
	}
	lo, lp := l.each()
	so, sp := s.each()
	note := fmt.Sprintf("%d against %d accounts; CPU µs okno %d against %d, PostgreSQL %d against %d", large.accounts, small.accounts, lo, so, lp, sp)
	p99, rate := l.p99()/s.p99(), l.rate()/s.rate()
	b.add(row{goal: "P10", what: k.name + ", p99", unit: "ms", ours: l.p99(), floor: s.p99(), ratio: p99, want: "≤ 1.30", ok: p99 <= 1.3, note: note})
	b.add(row{goal: "P10", what: k.name + ", rate", unit: "per second", ours: l.rate(), floor: s.rate(), ratio: rate, want: "≥ 0.80", ok: rate >= 0.8, note: note})
	return nil
}
