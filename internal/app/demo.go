package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/ui/kit"
)

// DemoOptions of [StartDemo].
type DemoOptions struct {
	Listen string            // host:port; port 0 takes a free one
	State  string            // folder; empty: the usual one of this clone
	Reset  bool              // forget earlier runs
	Public map[string]string // site → address of its own, for foreign clients
	Out    io.Writer         // the table of addresses; nil: none
	Log    *slog.Logger
	Cost   crypt.Cost

	Config   string            // a file of settings over the demo's own; empty: none
	Database string            // URL of a PostgreSQL server instead of a private one
	World    map[string]string // where servers of the world listen: smtp, sms, mvd, sfr, fns
}

// Demo is a running demonstration: the products and the world around them.
type Demo struct {
	App   *App
	desk  *demo.Desk
	urls  map[string]string
	world []io.Closer
	done  chan struct{}
}

// demoSites are all sites of the demo in the order of its table.
var demoSites = []string{"uslugi", "esia", "office", "desk", "sevastopol", "office-sevastopol", "demo", "ops"}

// RunDemo runs the demo until ctx ends.
func RunDemo(ctx context.Context, o DemoOptions) error {
	d, err := StartDemo(ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	if o.Out != nil {
		d.print(o.Out)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.App.Failed():
		return err
	}
}

// StartDemo starts everything and returns when it serves.
func StartDemo(ctx context.Context, o DemoOptions) (*Demo, error) {
	state, err := demoState(o)
	if err != nil {
		return nil, err
	}
	// The public addresses contain the port, so it must be known beforehand.
	listen, err := fixedPort(o.Listen)
	if err != nil {
		return nil, err
	}
	d := &Demo{urls: map[string]string{}, done: make(chan struct{})}
	if err := d.start(ctx, o, listen, state); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context, o DemoOptions, listen, state string) error {
	if err := d.address(listen, o.Public); err != nil {
		return err
	}
	outbox, err := demo.OpenOutbox(filepath.Join(state, "outbox.jsonl"))
	if err != nil {
		return err
	}
	w := &world{demo: d, outbox: outbox, at: o.World}
	if err := w.open(); err != nil {
		return err
	}
	cfg, err := d.configure(ctx, o, listen, state, w)
	if err != nil {
		return err
	}
	if err := ensureKeys(cfg.Keys); err != nil {
		return err
	}
	if d.App, err = New(ctx, cfg, Options{Log: o.Log, Cost: o.Cost}); err != nil {
		return err
	}
	w.now = d.App.clock.Now
	if err := d.App.seedDemo(ctx); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	d.desk = &demo.Desk{
		Bundle: d.App.bundle, Outbox: outbox, Registers: w.registers, Sites: d.links(), Now: d.App.clock.Now,
		Advance: d.App.Advance, OIDs: d.App.demoAccounts, PutClient: d.App.putDemoClient, Gallery: kit.Handler("/kit"),
	}
	d.App.addHost(d.urls["demo"], d.desk.Handler())
	return d.App.Start(ctx, d.extraListeners(o.Public)...)
}

// URL is the public address of a site.
func (d *Demo) URL(site string) string { return d.urls[site] }

// Keyring is what the demo seals and indexes with: who fills its databases in
// bulk, to measure a large one, seals as the product does.
func (d *Demo) Keyring() *crypt.Keyring { return d.App.keys }

// Close stops the products, then the world around them.
func (d *Demo) Close() {
	if d.App != nil {
		d.App.Close()
	}
	if d.done != nil {
		close(d.done)
		d.done = nil
	}
	for _, c := range slices.Backward(d.world) {
		_ = c.Close()
	}
}

// demoState is the folder of a run, made and, when asked for, emptied.
func demoState(o DemoOptions) (string, error) {
	dir := o.State
	if dir == "" {
		dir = defaultState()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("state folder: %w", err)
	}
	if o.Reset {
		if err := resetState(dir); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("state folder: %w", err)
	}
	return dir, nil
}

// defaultState differs by clone: two clones do not share their demo. As root it
// lies where the unprivileged PostgreSQL can reach it, which /root is not.
func defaultState() string {
	wd, err := os.Getwd()
	if err != nil {
		wd = "."
	}
	h := sha256.Sum256([]byte(wd))
	name := hex.EncodeToString(h[:6])
	if os.Getuid() == 0 {
		return filepath.Join("/var/lib/okno-demo", name)
	}
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		base = filepath.Join(os.Getenv("HOME"), ".local", "state")
	}
	return filepath.Join(base, "okno-demo", name)
}

// stateParts are all that a demo writes: a reset never removes anything else.
var stateParts = []string{"pg", "pg.lock", "postgres.log", "blobs", "keys.json", "outbox.jsonl", "clamd"}

func resetState(dir string) error {
	for _, p := range stateParts {
		if err := os.RemoveAll(filepath.Join(dir, p)); err != nil {
			return fmt.Errorf("reset state: %w", err)
		}
	}
	return nil
}

func ensureKeys(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("key file: %w", err)
	}
	return crypt.KeyFile{Path: path}.Create()
}

// fixedPort replaces port 0 by a free one.
func fixedPort(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("--listen: %w", err)
	}
	if port != "0" {
		return listen, nil
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return "", fmt.Errorf("--listen: %w", err)
	}
	defer ln.Close()
	_, port, err = net.SplitHostPort(ln.Addr().String())
	return net.JoinHostPort(host, port), err
}

// address gives each site its public address: a host of its own on the common
// port, or what --public says.
func (d *Demo) address(listen string, public map[string]string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	for _, s := range demoSites {
		d.urls[s] = "http://" + s + ".localhost:" + port
	}
	for s, u := range public {
		if _, known := d.urls[s]; !known {
			return fmt.Errorf("--public: there is no site %q, only %s", s, strings.Join(demoSites, " "))
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" {
			return fmt.Errorf("--public: %q is no address", u)
		}
		d.urls[s] = strings.TrimSuffix(u, "/")
	}
	return nil
}

// extraListeners serve sites with a port of their own.
func (d *Demo) extraListeners(public map[string]string) []*listener {
	var out []*listener
	for s, u := range public {
		p, err := url.Parse(u)
		if err != nil || p.Port() == "" {
			continue
		}
		out = append(out, &listener{addr: net.JoinHostPort("127.0.0.1", p.Port()), handler: d.App.sites[d.urls[s]]})
	}
	return out
}

func (d *Demo) links() []demo.Link {
	var out []demo.Link
	for _, s := range demoSites {
		out = append(out, demo.Link{Site: s, URL: d.urls[s]})
	}
	return out
}

func (d *Demo) print(w io.Writer) {
	fmt.Fprintf(w, "\nOkno is running. Ctrl-C stops it.\n\n")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, s := range demoSites {
		fmt.Fprintf(t, "  %s\t%s\n", d.urls[s], siteTitle[s])
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\nLogins (password of all: %s; codes of staff at %s/persons):\n\n", demo.Password, d.urls["demo"])
	t = tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, p := range demo.Persons() {
		if p.Account.State == demo.NoAccount {
			continue
		}
		role := string(p.Account.Role)
		if role == "" {
			role = "citizen"
		}
		fmt.Fprintf(t, "  %s\t%s %s\t%s\t%s\n", p.Phone, p.Surname, p.Name, p.Account.State, role)
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\nSMS and e-mails arrive at %s/outbox\n\n", d.urls["demo"])
}

var siteTitle = map[string]string{
	"uslugi": "the portal of the Tyumen region", "esia": "the identity provider", "office": "clerks of agencies",
	"desk": "operators of service centres", "demo": "the demo desk: phone, mail, clock, registers", "ops": "operations",
	"sevastopol": "the portal of Sevastopol", "office-sevastopol": "clerks in Sevastopol",
}

// world are the servers around the products.
type world struct {
	demo      *Demo
	outbox    *demo.Outbox
	registers []*demo.Register
	now       func() time.Time
	token     string
	urls      map[string]string
	at        map[string]string
}

func (w *world) clock() time.Time {
	if w.now == nil {
		return time.Now()
	}
	return w.now()
}

func (w *world) open() error {
	w.token, w.urls = crypt.Token(), map[string]string{}
	for name, title := range map[string]string{"mvd": "МВД: документы, удостоверяющие личность", "sfr": "Социальный фонд: СНИЛС", "fns": "ФНС: ИНН"} {
		w.registers = append(w.registers, &demo.Register{Name: name, Title: title, Token: w.token, Now: w.clock, Done: w.demo.done})
	}
	slices.SortFunc(w.registers, func(a, b *demo.Register) int { return strings.Compare(a.Name, b.Name) })
	for _, g := range w.registers {
		if err := w.serveHTTP(g.Name, g.Handler()); err != nil {
			return err
		}
	}
	if err := w.serveHTTP("sms", &demo.SMSGateway{Token: w.token, Outbox: w.outbox, Now: w.clock}); err != nil {
		return err
	}
	ln, err := w.listen("smtp")
	if err != nil {
		return err
	}
	w.urls["smtp"] = ln.Addr().String()
	go func() { _ = demo.ServeSMTP(ln, w.outbox, w.clock) }()
	return nil
}

func (w *world) listen(name string) (net.Listener, error) {
	ln, err := net.Listen("tcp", cmp.Or(w.at[name], "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("demo world: %w", err)
	}
	w.demo.world = append(w.demo.world, ln)
	return ln, nil
}

func (w *world) serveHTTP(name string, h http.Handler) error {
	ln, err := w.listen(name)
	if err != nil {
		return err
	}
	w.urls[name] = "http://" + ln.Addr().String()
	srv := newServer(h)
	w.demo.world = append(w.demo.world, srv)
	go func() { _ = srv.Serve(ln) }()
	return nil
}

// config is the demo's configuration: the same that a region would write.
func (d *Demo) config(listen, state string, w *world) Config {
	token := Secret(w.token)
	return Config{
		Listen: listen, State: state, Keys: filepath.Join(state, "keys.json"), PrivatePostgres: true, Ops: OpsConfig{URL: d.urls["ops"]},
		IDP: &IDPConfig{
			URL: d.urls["esia"], DeskURL: d.urls["desk"], HelpURL: d.urls["uslugi"], Operator: "Оператор демонстрационного стенда «Окно»",
			MVD: RegisterConfig{URL: w.urls["mvd"], Token: token}, SFR: RegisterConfig{URL: w.urls["sfr"], Token: token},
			FNS: RegisterConfig{URL: w.urls["fns"], Token: token},
		},
		Portals:  d.portals(),
		Mail:     MailConfig{Address: w.urls["smtp"], From: "okno@localhost", Security: "plain"},
		SMS:      SMSConfig{URL: w.urls["sms"] + "/messages", Token: token},
		Outcall:  OutcallConfig{Allow: []string{"127.0.0.0/8", "::1/128"}},
		Security: SecurityConfig{Contacts: []string{"mailto:security@okno.example"}},
	}
}
