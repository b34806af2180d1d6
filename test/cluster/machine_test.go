package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// patroni's settings decide the gap: a leader that has died is noticed when its
// key expires. Production takes the same (docs/OPERATIONS.md): with ttl 5 a
// machine that is silent for five seconds is no leader any more.
const (
	ttl          = 5
	loopWait     = 1
	retryTimeout = 2
)

// machine is one of the database machines: a member of etcd, Patroni, PostgreSQL.
type machine struct {
	name                              string
	etcdClient, etcdPeer, rest, pgsql string // ports
	data                              string
	etcd, patroni                     *drive.Daemon
}

// cluster is all of them.
type cluster struct {
	dir, root, bin string
	machines       []*machine
	alive          *os.File // the watchdog barks when it is closed
}

// newCluster starts so many machines and waits for a leader with a synchronous
// standby.
func newCluster(t *testing.T, n int) *cluster {
	t.Helper()
	dir, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &cluster{dir: dir, root: filepath.Join(dir, "root")}
	must(t, c.unpack())
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	must(t, err)
	if len(bins) == 0 {
		t.Fatal("no PostgreSQL: install Debian's package «postgresql»")
	}
	c.bin = filepath.Dir(bins[len(bins)-1])
	for i := range n {
		m := &machine{name: fmt.Sprintf("pg%d", i+1)}
		for _, p := range []*string{&m.etcdClient, &m.etcdPeer, &m.rest, &m.pgsql} {
			*p, err = drive.FreePort()
			must(t, err)
		}
		m.data = filepath.Join(dir, m.name, "data")
		must(t, drive.UnprivilegedDir(filepath.Dir(m.data)))
		c.machines = append(c.machines, m)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, m := range c.machines {
				if m.patroni != nil {
					t.Logf("the last words of Patroni on %s:\n%s", m.name, m.patroni.Log.Tail(2500))
				}
			}
		}
		for _, m := range c.machines {
			m.kill()
		}
		_ = c.alive.Close()
	})
	must(t, c.watchdog())
	// A member of etcd serves when most of them are there: they start together.
	errs := make(chan error, n)
	for _, m := range c.machines {
		go func() { errs <- c.startEtcd(t.Context(), m) }()
	}
	for range c.machines {
		must(t, <-errs)
	}
	for _, m := range c.machines {
		must(t, c.startPatroni(t.Context(), m))
	}
	c.await(t, "a leader and a synchronous standby", func(s state) bool { return s.leader != "" && s.sync != "" && s.streaming == n-1 })
	return c
}

// watchdog ends the PostgreSQL servers when the test is killed: they are Patroni's
// children, not ours, and outlive both.
func (c *cluster) watchdog() error {
	cmd := exec.Command("sh", "-c", `cat; for f in "$0"/*/data/postmaster.pid; do kill -QUIT "$(head -n 1 "$f")"; done 2>/dev/null; rm -rf "$0"`, c.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdin, c.alive = r, w // closed with this process, however it ends
	err = cmd.Start()
	return errors.Join(err, r.Close())
}

// unpack puts Debian's programs into the test's own folder, which the
// unprivileged user of PostgreSQL can read.
func (c *cluster) unpack() error {
	debs, err := filepath.Glob(filepath.Join(drive.Root(), ".cache", "cluster", "*.deb"))
	if err != nil || len(debs) == 0 {
		return errors.New("Patroni and etcd are not there: run test/cluster/run, which fetches them")
	}
	for _, d := range debs {
		if out, err := exec.Command("dpkg", "-x", d, c.root).CombinedOutput(); err != nil {
			return fmt.Errorf("unpack %s: %w: %s", filepath.Base(d), err, out)
		}
	}
	return os.Chmod(c.root, 0o755)
}

func (c *cluster) startEtcd(ctx context.Context, m *machine) (err error) {
	if m.etcd != nil {
		return m.etcd.Start(ctx)
	}
	var all []string
	for _, o := range c.machines {
		all = append(all, o.name+"=http://127.0.0.1:"+o.etcdPeer)
	}
	client, peer := "http://127.0.0.1:"+m.etcdClient, "http://127.0.0.1:"+m.etcdPeer
	m.etcd, err = drive.StartUnprivileged(ctx, "127.0.0.1:"+m.etcdClient, nil, filepath.Join(c.root, "usr/bin/etcd"),
		"--name", m.name, "--data-dir", filepath.Join(filepath.Dir(m.data), "etcd"), "--initial-cluster", strings.Join(all, ","), "--initial-cluster-state", "new",
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--heartbeat-interval", "100", "--election-timeout", "1000", "--logger", "zap", "--log-level", "error")
	return err
}

func (c *cluster) startPatroni(ctx context.Context, m *machine) (err error) {
	if m.patroni != nil {
		return m.patroni.Start(ctx)
	}
	var hosts []string
	for _, o := range c.machines {
		hosts = append(hosts, "127.0.0.1:"+o.etcdClient)
	}
	conf := filepath.Join(c.dir, m.name+".yml")
	text := fmt.Sprintf(`
scope: okno
name: %s
restapi: {listen: "127.0.0.1:%s", connect_address: "127.0.0.1:%s"}
etcd3: {hosts: [%s]}
bootstrap:
  dcs:
    ttl: %d
    loop_wait: %d
    retry_timeout: %d
    primary_start_timeout: 0   # a leader that died is replaced, not waited for
    synchronous_mode: true     # what is acknowledged is on two machines
    postgresql:
      use_pg_rewind: true
      parameters: {wal_log_hints: "on", max_connections: 300, shared_buffers: 48MB, wal_keep_size: 256MB}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, {auth: trust}]
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
postgresql:
  listen: "127.0.0.1:%s"
  connect_address: "127.0.0.1:%s"
  data_dir: %s
  bin_dir: %s
  pgpass: %s
  authentication: {superuser: {username: postgres}, replication: {username: replicator}, rewind: {username: postgres}}
  parameters: {unix_socket_directories: %s, log_min_messages: warning}
`, m.name, m.rest, m.rest, strings.Join(hosts, ", "), ttl, loopWait, retryTimeout,
		m.pgsql, m.pgsql, m.data, c.bin, filepath.Join(filepath.Dir(m.data), "pgpass"), filepath.Dir(m.data))
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return err
	}
	m.patroni, err = drive.StartUnprivileged(ctx, "127.0.0.1:"+m.rest,
		[]string{"PYTHONPATH=" + filepath.Join(c.root, "usr/lib/python3/dist-packages"), "LC_ALL=C.UTF-8", "HOME=" + filepath.Dir(m.data)},
		"/usr/bin/python3", filepath.Join(c.root, "usr/bin/patroni"), conf)
	return err
}

// kill is the end of a machine: Patroni, PostgreSQL and etcd, all with kill -9.
func (m *machine) kill() {
	if m.patroni != nil {
		m.patroni.Kill()
	}
	drive.KillWorkers(m.data)
	if m.etcd != nil {
		m.etcd.Kill()
	}
}

// start switches a machine on again.
func (c *cluster) start(t *testing.T, m *machine) {
	t.Helper()
	must(t, c.startEtcd(t.Context(), m))
	must(t, c.startPatroni(t.Context(), m))
}

// url addresses whichever machine is the leader: the way of docs/OPERATIONS.md.
func (c *cluster) url() string {
	var hosts []string
	for _, m := range c.machines {
		hosts = append(hosts, "127.0.0.1:"+m.pgsql)
	}
	return "postgres://postgres@" + strings.Join(hosts, ",") + "/postgres?target_session_attrs=read-write&sslmode=disable&connect_timeout=2"
}

// state is what Patroni knows.
type state struct {
	leader, sync string
	streaming    int // standbys that follow
}

func (c *cluster) state(ctx context.Context) (state, error) {
	var last error
	for _, m := range c.machines {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		s, err := m.members(ctx)
		cancel()
		if err == nil {
			return s, nil
		}
		last = err
	}
	return state{}, last
}

func (m *machine) members(ctx context.Context) (state, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+m.rest+"/cluster", http.NoBody)
	if err != nil {
		return state{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return state{}, err
	}
	defer res.Body.Close()
	var all struct {
		Members []struct{ Name, Role, State string }
	}
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		return state{}, err
	}
	var s state
	for _, m := range all.Members {
		switch {
		case m.Role == "leader" && m.State == "running":
			s.leader = m.Name
		case m.Role == "sync_standby":
			s.sync = m.Name
			fallthrough
		default:
			if m.State == "running" || m.State == "streaming" {
				s.streaming++
			}
		}
	}
	return s, nil
}

// await waits for a state of the cluster, two minutes at most.
func (c *cluster) await(t *testing.T, what string, ok func(state) bool) state {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		s, err := c.state(ctx)
		if err == nil && ok(s) {
			return s
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: does not come: %+v, %v", what, s, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *cluster) machine(name string) *machine {
	for _, m := range c.machines {
		if m.name == name {
			return m
		}
	}
	return nil
}

// handOver asks the leader to give its place to a named standby.
func (c *cluster) handOver(ctx context.Context, from, to string) error {
	body, err := json.Marshal(map[string]string{"leader": from, "candidate": to})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+c.machine(from).rest+"/switchover", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("switchover: %s", res.Status)
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
