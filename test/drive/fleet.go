package drive

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Fleet is a production deployment on one machine: several processes of «okno
// serve» on the same databases, and a balancer before them. Its people are those
// of the demo, which fills the databases first.
type Fleet struct {
	FleetOptions
	Port     string // of the balancer, so of all public addresses
	Balancer *Balancer
	Nodes    []*Node
}

// FleetOptions say what a fleet stands on.
type FleetOptions struct {
	Dir      string // a folder of its own, see [StateDir]
	Database string // URL of the PostgreSQL server, several hosts permitted
	// Pooler is the address of a pgbouncer before the server, for the nodes; empty:
	// they ask the server itself.
	Pooler string
	S3     string // as [StartS3] gives it; empty: a folder that all nodes share
	Mail   string // host:port of a mail server; empty: e-mails wait
	Binary string // empty: the sources that are here
	Drain  time.Duration
}

// Node is one process of a fleet. It may be stopped, killed and started again.
type Node struct {
	Port   string
	Binary string // what the next start runs

	fleet *Fleet
	name  string
	mu    sync.Mutex
	p     *Process
}

// NewFleet fills the databases and starts the balancer, but no node.
func NewFleet(ctx context.Context, o FleetOptions) (*Fleet, error) {
	f := &Fleet{FleetOptions: o}
	var err error
	if f.Binary == "" {
		if f.Binary, err = Binary(); err != nil {
			return nil, err
		}
	}
	if f.Port, err = FreePort(); err != nil {
		return nil, err
	}
	seeds, err := f.write("seed.yaml", f.blobs())
	if err != nil {
		return nil, err
	}
	// The demo listens where the balancer will, so that addresses stay true.
	state := filepath.Join(f.Dir, "seed")
	p, err := Start(ctx, state, f.Port, f.Binary, "demo", "--listen", "127.0.0.1:"+f.Port, "--state", state, "--database", f.Database, "--config", seeds)
	if err != nil {
		return nil, fmt.Errorf("fill the databases: %w", err)
	}
	if err := p.Stop(); err != nil {
		return nil, fmt.Errorf("fill the databases: %w\n%s", err, p.Log.Tail(2000))
	}
	f.Balancer, err = StartBalancer(f.Port)
	return f, err
}

// Close ends all that runs.
func (f *Fleet) Close() {
	for _, n := range f.Nodes {
		n.Kill()
	}
	if f.Balancer != nil {
		f.Balancer.Close()
	}
}

// URL is a page of one of the sites, through the balancer.
func (f *Fleet) URL(site, path string) string {
	return "http://" + site + ".localhost:" + f.Port + path
}

// DatabaseURL is the address of one database: okno_idp, okno_portal_72.
func (f *Fleet) DatabaseURL(name string) string {
	u, err := url.Parse(f.Database)
	if err != nil {
		return ""
	}
	u.Path = "/" + name
	return u.String()
}

// serving is what a node is told of a database: the address, and past a pooler
// the direct one.
func (f *Fleet) serving(name string) string {
	if f.Pooler == "" {
		return fmt.Sprintf("database: %q", f.DatabaseURL(name))
	}
	return fmt.Sprintf("database: %q, database_direct: %q", f.Pooler+"/"+name+"?sslmode=disable", f.DatabaseURL(name))
}

// AddNode starts one more process and waits until the balancer sends to it.
func (f *Fleet) AddNode(ctx context.Context) (*Node, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	n := &Node{Port: port, fleet: f, name: fmt.Sprintf("node%d", len(f.Nodes)+1)}
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	f.Nodes = append(f.Nodes, n)
	f.Balancer.Add(port)
	return n, n.Serving(ctx)
}

func (f *Fleet) write(name, text string) (string, error) {
	path := filepath.Join(f.Dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// blobs is the part of the configuration about files.
func (f *Fleet) blobs() string {
	u, err := url.Parse(f.S3)
	if f.S3 == "" || err != nil {
		return "{}\n"
	}
	secret, _ := u.User.Password()
	return fmt.Sprintf("blobs: {endpoint: %q, bucket: %q, access_key: %q, secret_key: %q, insecure: true}\n",
		u.Host, strings.Trim(u.Path, "/"), u.User.Username(), secret)
}

// configuration of a node, as a region's administrator would write it.
func (n *Node) configuration() string {
	f := n.fleet
	site := func(name string) string { return f.URL(name, "") }
	text := fmt.Sprintf(`
listen: 127.0.0.1:%s
state: %s
keys: %s
drain: %s
log: {level: warn}
idp: {url: %q, desk_url: %q, help_url: %q, operator: Тест, %s}
ops: {url: %q}
outcall: {allow: ["127.0.0.0/8"]}
scanner: {off: true}
portals:
  - {code: "72", url: %q, office_url: %q, zone: Asia/Yekaterinburg, %s, client: {id: okno-portal-72}, office_client: {id: okno-office-72},
     brand: {name: Окно, sub: Услуги, region: Тюменская область, place: Тюмень, phone: 8 800 100-70-10}}
`, n.Port, filepath.Join(f.Dir, n.name), filepath.Join(f.Dir, "seed", "keys.json"), cmp.Or(f.Drain, time.Second),
		site("esia"), site("desk"), site("uslugi"), f.serving("okno_idp"), site("ops"), site("uslugi"), site("office"), f.serving("okno_portal_72"))
	if f.Pooler != "" {
		text += "pgbouncer: true\n"
	}
	if f.Mail != "" {
		text += fmt.Sprintf("mail: {address: %q, from: okno@localhost, security: plain}\n", f.Mail)
	}
	if f.S3 != "" {
		text += f.blobs()
	} else {
		// What S3 is for: all nodes see all files.
		text = strings.Replace(text, "state: "+filepath.Join(f.Dir, n.name), "state: "+filepath.Join(f.Dir, "seed"), 1)
	}
	return text
}

// Start starts the process again and waits until it answers.
func (n *Node) Start(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(n.fleet.Dir, n.name), 0o755); err != nil {
		return err
	}
	file, err := n.fleet.write(n.name+".yaml", n.configuration())
	if err != nil {
		return err
	}
	p, err := Start(ctx, n.fleet.Dir, n.Port, cmp.Or(n.Binary, n.fleet.Binary), "serve", "-c", file)
	if err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.p = p
	return nil
}

// Serving waits until the balancer sends people to the node.
func (n *Node) Serving(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	for !n.fleet.Balancer.Healthy(n.Port) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not become healthy: %w\n%s", n.name, ctx.Err(), n.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func (n *Node) process() *Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.p
}

// Stop asks the process to end, as systemd does, and waits.
func (n *Node) Stop() error { return n.process().Stop() }

// Kill is kill -9.
func (n *Node) Kill() {
	if p := n.process(); p != nil {
		p.Kill()
	}
}

// Config is the file with the node's configuration.
func (n *Node) Config() string { return filepath.Join(n.fleet.Dir, n.name+".yaml") }

// Log is the end of what the process printed since its start.
func (n *Node) Log() string {
	if p := n.process(); p != nil {
		return p.Log.Tail(3000)
	}
	return ""
}
