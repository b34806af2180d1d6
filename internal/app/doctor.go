package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/hsm"
	"github.com/okno-gov/okno/internal/base/postgres"
)

// ErrUnhealthy says that the doctor found something that does not work.
var ErrUnhealthy = errors.New("something does not work; see the lines that begin with FAIL")

// mark is how one finding is to be taken.
type mark string

const (
	fine mark = "ok"
	warn mark = "WARN" // works, but look at it
	bad  mark = "FAIL" // does not work
	skip mark = "--"   // not configured
)

// doctor writes its findings as it goes.
type doctor struct {
	cfg  Config
	out  io.Writer
	keys *crypt.Keyring
	bad  int
	// closeDevice ends the sessions with the key device.
	closeDevice func()
}

func (d *doctor) say(m mark, subject, format string, args ...any) {
	if m == bad {
		d.bad++
	}
	fmt.Fprintf(d.out, "%-4s  %-22s %s\n", m, subject, fmt.Sprintf(format, args...))
}

// verdict says fine or why not.
func (d *doctor) verdict(err error, subject, format string, args ...any) {
	if err != nil {
		d.say(bad, subject, "%v", err)
		return
	}
	d.say(fine, subject, format, args...)
}

// doctorTimeout bounds one question to something outside.
const doctorTimeout = 5 * time.Second

// Doctor looks at everything that a configuration names and tells in words what
// works. It changes nothing but a probe file that it removes. ErrUnhealthy when
// something does not work.
func Doctor(ctx context.Context, cfg Config, out io.Writer) error {
	d := &doctor{cfg: cfg, out: out, closeDevice: func() {}}
	defer func() { d.closeDevice() }()
	d.say(fine, "configuration", "it can be read; roles: %s", cfg.roleNames())
	d.checkState()
	d.checkKeys()
	d.checkDatabases(ctx)
	d.checkStore(ctx)
	d.checkMail(ctx)
	d.checkSMS(ctx)
	d.checkScanner(ctx)
	d.checkRegisters(ctx)
	d.checkSites(ctx)
	if d.bad > 0 {
		return ErrUnhealthy
	}
	return nil
}

func (d *doctor) checkState() {
	if d.cfg.State == "" {
		if d.cfg.PrivatePostgres || d.cfg.Blobs.Endpoint == "" {
			d.say(bad, "state folder", "none is configured, but the private PostgreSQL or the files need one")
		}
		return
	}
	probe := filepath.Join(d.cfg.State, ".doctor")
	err := os.WriteFile(probe, []byte("probe"), 0o600)
	if err == nil {
		err = os.Remove(probe)
	}
	d.verdict(err, "state folder", "%s can be written", d.cfg.State)
}

func (d *doctor) checkKeys() {
	f, closeDevice, err := openKeyFile(d.cfg)
	if err != nil {
		d.say(bad, "key device", "%v", err)
		return
	}
	d.closeDevice = closeDevice
	if token, ok := f.Device.(*hsm.Token); ok {
		d.say(fine, "key device", "%s takes our sign-in", token.Describe())
	}
	info, err := os.Stat(d.cfg.Keys)
	if err == nil {
		d.keys, err = f.Load()
	}
	if err != nil {
		d.say(bad, "keys", "%v", err)
		return
	}
	if p := info.Mode().Perm(); p&0o077 != 0 {
		d.say(warn, "keys", "%s may be read by others (mode %o): chmod 600", d.cfg.Keys, p)
	}
	sealed := d.keys.Seal([]byte("probe"), "doctor")
	plain, err := d.keys.Open(sealed, "doctor")
	if err == nil && string(plain) != "probe" {
		err = crypt.ErrSealed
	}
	d.verdict(err, "keys", "the key %s seals and opens", d.keys.ActiveID())
	if f.Device != nil && f.InFile(d.keys.ActiveID()) {
		d.say(warn, "keys", "the active key lies in the file, not in the device: okno keys rotate -c FILE")
	}
}

func (d *doctor) checkDatabases(ctx context.Context) {
	if d.cfg.PrivatePostgres {
		bin, err := postgres.Binaries()
		d.verdict(err, "private PostgreSQL", "binaries in %s", bin)
		if err != nil {
			return
		}
	}
	all, stop, err := schemas(ctx, d.cfg)
	if err != nil {
		d.say(bad, "databases", "%v", err)
		return
	}
	defer stop()
	for _, s := range all {
		if err := d.checkDatabase(ctx, s); err != nil {
			d.say(bad, s.name, "%v", err)
		}
	}
}

// oldestPostgres is the release that the SQL is written and tested for.
const oldestPostgres = 15

func (d *doctor) checkDatabase(ctx context.Context, s schema) error {
	if s.admin != "" {
		known, err := databaseExists(ctx, s.named)
		if err != nil {
			return err
		}
		if !known {
			d.say(warn, s.name, "does not exist yet: the first start or «okno migrate» makes it")
			return nil
		}
	}
	d.checkHosts(ctx, s.named)
	d.checkPooler(ctx, s.named)
	qctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	base, err := db.Open(qctx, db.Config{URL: s.url, MaxConns: 2, CacheDescribe: true})
	if err != nil {
		return explainDatabase(err)
	}
	defer base.Close()
	facts, err := readFacts(qctx, base)
	if err != nil {
		return err
	}
	d.judge(s.name, facts)
	pending, err := db.Pending(qctx, s.url, s.sources...)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		d.say(warn, s.name, "%d migrations are pending: okno migrate", len(pending))
		return nil
	}
	if d.keys != nil {
		d.verdict(base.CheckKeys(qctx, d.keys), s.name, "the key file opens what is sealed here")
	}
	return nil
}

func databaseExists(ctx context.Context, n named) (bool, error) {
	conn, err := pgx.Connect(ctx, n.admin)
	if err != nil {
		return false, explainDatabase(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var known bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, n.name).Scan(&known)
	return known, err
}

// explainDatabase leaves out the address, which holds a password.
func explainDatabase(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "password authentication failed"):
		return errors.New("the server refuses user or password")
	case strings.Contains(text, "does not exist"):
		return errors.New("the server knows no such database or user: CREATE DATABASE … is the task of its administrator")
	}
	return errors.New("no connection: is the address right, the server up, the way open?")
}

// facts of a database server; now is its wall time.
type facts struct {
	Version     int       `db:"version"`
	Encoding    string    `db:"encoding"`
	Russian     bool      `db:"russian"`
	Connections int       `db:"connections"`
	Now         time.Time `db:"now"`
}

func readFacts(ctx context.Context, d *db.DB) (f facts, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		f, err = db.Get[facts](ctx, tx, `SELECT current_setting('server_version_num')::int / 10000 AS version,
			current_setting('server_encoding') AS encoding, current_setting('max_connections')::int AS connections,
			EXISTS (SELECT FROM pg_collation WHERE collname = 'ru-x-icu') AS russian, clock_timestamp() AS now`)
		return err
	})
	return f, err
}

const (
	skewWarn       = time.Second
	skewBad        = 30 * time.Second // codes of authenticators and tokens no longer fit
	minConnections = 60
)

func (d *doctor) judge(name string, f facts) {
	switch {
	case f.Version < oldestPostgres:
		d.say(bad, name, "PostgreSQL %d is too old: %d at least", f.Version, oldestPostgres)
	case f.Encoding != "UTF8":
		d.say(bad, name, "its encoding is %s: make the database with ENCODING 'UTF8'", f.Encoding)
	case !f.Russian:
		d.say(bad, name, "the server was built without ICU: names cannot be sorted (collation ru-x-icu)")
	default:
		d.say(fine, name, "PostgreSQL %d answers", f.Version)
	}
	if f.Connections < minConnections {
		d.say(warn, name, "max_connections is %d: each process takes up to %d per database", f.Connections, maxConns)
	}
	switch skew := time.Until(f.Now).Abs(); {
	case skew > skewBad:
		d.say(bad, name, "its clock differs from this machine's by %s: run a time service on both", skew.Round(time.Second))
	case skew > skewWarn:
		d.say(warn, name, "its clock differs from this machine's by %s", skew.Round(100*time.Millisecond))
	default:
		d.say(fine, name, "its clock and this machine's agree")
	}
}
