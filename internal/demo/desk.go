package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Link is one site of the demo.
type Link struct {
	Site string `json:"site"`
	URL  string `json:"url"`
}

// Client is a relying party that a visitor registers at the desk.
type Client struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirect_uris"`
	Secret       string   `json:"secret,omitempty"`
	Certificate  string   `json:"certificate,omitempty"` // PEM
	Scopes       []string `json:"scopes"`
	MinLevel     int      `json:"min_level"`
}

// Login is one demo account as the desk shows it.
type Login struct {
	Person
	OID   string `json:"oid"`
	Level int    `json:"level"`
	// Code is the current one-time code of staff, by wall time.
	Code string `json:"code,omitempty"`
}

// Desk is the site demo.localhost: one person plays every role from here, and
// tests drive the outside world through its JSON API. What it needs of the
// products comes as functions.
type Desk struct {
	Bundle    *i18n.Bundle
	Secure    bool
	Outbox    *Outbox
	Registers []*Register
	Sites     []Link
	Now       func() time.Time
	// Advance moves domain time, runs what has become due, and returns.
	Advance func(ctx context.Context, by time.Duration) error
	// OIDs tells the account numbers and levels of demo persons by phone.
	OIDs func(ctx context.Context) (map[string]AccountState, error)
	// PutClient registers a relying party and returns its secret.
	PutClient func(ctx context.Context, c Client) (secret string, err error)
	// Gallery is the kit of components, served below /kit/.
	Gallery http.Handler

	mux *kit.Mux
}

// AccountState is what the identity provider knows of a demo person now.
type AccountState struct {
	OID   string
	Level int
}

// Handler is the whole route table of the desk.
func (d *Desk) Handler() http.Handler {
	d.mux = &kit.Mux{Name: "demo", Bundle: d.Bundle, Secure: d.Secure, Frame: d.frame, API: []string{"/api/"}}
	m := d.mux
	m.Mount("GET "+asset.Path, asset.Handler())
	m.Handle("GET /{$}", d.showHome)
	m.Handle("GET /outbox", d.showOutbox)
	m.Handle("GET /persons", d.showPersons)
	m.Handle("GET /registers", d.showRegisters)
	m.Mount("GET /kit/", d.Gallery)
	m.Handle("POST /clock", d.moveClock, kit.Deadline(5*time.Minute))
	m.Handle("POST /registers/{name}", d.tellRegister)

	m.Handle("GET /api/outbox", d.apiOutbox)
	m.Handle("GET /api/clock", d.apiClock)
	m.Handle("POST /api/clock/advance", d.apiAdvance, kit.Deadline(5*time.Minute))
	m.Handle("GET /api/accounts", d.apiAccounts)
	m.Handle("GET /api/register-persons", d.apiRegisterPersons)
	m.Handle("GET /api/registers/{name}", d.apiRegister)
	m.Handle("POST /api/registers/{name}", d.apiTellRegister)
	m.Handle("POST /api/clients", d.apiPutClient)
	return m.Handler()
}

func (d *Desk) frame(r *http.Request, p *layout.Page) {
	l := i18n.From(r.Context())
	p.Kind = layout.Demo
	p.Brand.Sub = l.T("demo.brand")
	p.NoIndex = true
	p.Nav = []ui.Link{
		{Text: l.T("demo.outbox.title"), Href: "/outbox"},
		{Text: l.T("demo.persons.title"), Href: "/persons"},
		{Text: l.T("demo.registers.title"), Href: "/registers"},
		{Text: l.T("demo.kit.title"), Href: "/kit/"},
	}
}

func (d *Desk) page(r *http.Request, key string) layout.Page {
	p := kit.Base(r)
	p.Title = i18n.From(r.Context()).T(key)
	return p
}

func (d *Desk) showHome(w http.ResponseWriter, r *http.Request) error {
	return kit.Render(w, r, http.StatusOK, d.page(r, "demo.home.title"), homePage(homeView{
		Sites: d.Sites, Now: i18n.From(r.Context()).DateTime(d.Now(), moscow), Recent: d.Outbox.List("", 5),
	}))
}

func (d *Desk) showOutbox(w http.ResponseWriter, r *http.Request) error {
	to := kit.Clean(r.URL.Query().Get("to"))
	return kit.Render(w, r, http.StatusOK, d.page(r, "demo.outbox.title"), outboxPage(to, d.Outbox.List(to, 100)))
}

func (d *Desk) showPersons(w http.ResponseWriter, r *http.Request) error {
	logins, err := d.logins(r.Context())
	if err != nil {
		return err
	}
	return kit.Render(w, r, http.StatusOK, d.page(r, "demo.persons.title"), personsPage(logins, strangers()))
}

func (d *Desk) showRegisters(w http.ResponseWriter, r *http.Request) error {
	return kit.Render(w, r, http.StatusOK, d.page(r, "demo.registers.title"), registersPage(d.Registers))
}

func (d *Desk) moveClock(w http.ResponseWriter, r *http.Request) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := d.advance(r.Context(), f.Text("by")); err != nil {
		return err
	}
	return kit.See(w, r, "/")
}

func (d *Desk) tellRegister(w http.ResponseWriter, r *http.Request) error {
	g, err := d.register(r.PathValue("name"))
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := g.Tell(Order{Mode: Mode(f.Text("mode")), Reason: f.Text("reason"), Delay: f.Text("delay")}); err != nil {
		return fault.Invalid("demo.registers.bad").Wrap(err)
	}
	return kit.See(w, r, "/registers")
}

func (d *Desk) register(name string) (*Register, error) {
	i := slices.IndexFunc(d.Registers, func(g *Register) bool { return g.Name == name })
	if i < 0 {
		return nil, fault.NotFound("demo.registers.unknown")
	}
	return d.Registers[i], nil
}

// maxAdvance keeps a slip of the finger from ending all sessions of a century.
const maxAdvance = 10 * 366 * 24 * time.Hour

func (d *Desk) advance(ctx context.Context, by string) error {
	t, err := time.ParseDuration(by)
	if err != nil || t <= 0 || t > maxAdvance {
		return fault.Invalid("demo.clock.bad", fault.F("by", "demo.clock.bad"))
	}
	return d.Advance(ctx, t)
}

func (d *Desk) logins(ctx context.Context) ([]Login, error) {
	known, err := d.OIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("demo accounts: %w", err)
	}
	var out []Login
	for _, p := range Persons() {
		if p.Account.State == NoAccount {
			continue
		}
		l := Login{Person: p, OID: known[p.Phone].OID, Level: known[p.Phone].Level}
		if p.Account.TOTP != "" {
			if l.Code, err = totp.GenerateCode(p.Account.TOTP, time.Now()); err != nil {
				return nil, fmt.Errorf("demo code: %w", err)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

func (d *Desk) apiOutbox(w http.ResponseWriter, r *http.Request) error {
	return kit.JSON(w, http.StatusOK, d.Outbox.List(r.URL.Query().Get("to"), 200))
}

type clockView struct {
	Now time.Time `json:"now"`
}

func (d *Desk) apiClock(w http.ResponseWriter, _ *http.Request) error {
	return kit.JSON(w, http.StatusOK, clockView{d.Now()})
}

func (d *Desk) apiAdvance(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		By string `json:"by"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := d.advance(r.Context(), in.By); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, clockView{d.Now()})
}

func (d *Desk) apiAccounts(w http.ResponseWriter, r *http.Request) error {
	logins, err := d.logins(r.Context())
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, map[string]any{"password": Password, "accounts": logins})
}

func (d *Desk) apiRegisterPersons(w http.ResponseWriter, _ *http.Request) error {
	return kit.JSON(w, http.StatusOK, strangers())
}

func (d *Desk) apiRegister(w http.ResponseWriter, r *http.Request) error {
	g, err := d.register(r.PathValue("name"))
	if err != nil {
		return err
	}
	o, asked := g.State()
	return kit.JSON(w, http.StatusOK, map[string]any{"order": o, "asked": asked})
}

func (d *Desk) apiTellRegister(w http.ResponseWriter, r *http.Request) error {
	g, err := d.register(r.PathValue("name"))
	if err != nil {
		return err
	}
	var o Order
	if err := readJSON(r, &o); err != nil {
		return err
	}
	if err := g.Tell(o); err != nil {
		return fault.Invalid("demo.registers.bad", fault.F("mode", "demo.registers.bad")).Wrap(err)
	}
	return kit.JSON(w, http.StatusOK, o)
}

func (d *Desk) apiPutClient(w http.ResponseWriter, r *http.Request) error {
	var c Client
	if err := readJSON(r, &c); err != nil {
		return err
	}
	secret, err := d.PutClient(r.Context(), c)
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusCreated, map[string]string{"id": c.ID, "secret": secret})
}

func readJSON(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return fault.Invalid("kit.too_large").Wrap(err)
		}
		return fault.Invalid("demo.bad_json").Wrap(err)
	}
	return nil
}

var moscow = mustZone("Europe/Moscow")

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the zones are embedded
	}
	return z
}
