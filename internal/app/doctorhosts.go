package app

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/okno-gov/okno/internal/base/db"
)

// host is one machine of a database address.
type host struct {
	Name string
	Port uint16
}

// address of a host for people; a socket is named by its folder.
func (h host) address() string {
	if h.Name != "" && h.Name[0] == '/' {
		return h.Name
	}
	return net.JoinHostPort(h.Name, strconv.Itoa(int(h.Port)))
}

// hostsOf lists the machines of an address, each once.
func hostsOf(c *pgconn.Config) []host {
	out := []host{{c.Host, c.Port}}
	for _, f := range c.Fallbacks { // also the same machine without TLS
		if h := (host{f.Host, f.Port}); !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// alone is the address of one machine of several, whatever its role.
func alone(c *pgx.ConnConfig, h host) *pgx.ConnConfig {
	one := c.Copy()
	one.Host, one.Port, one.ValidateConnect = h.Name, h.Port, nil
	// Fallbacks hold the same machine with and without TLS, in the wanted order.
	var own []*pgconn.FallbackConfig
	for _, f := range c.Fallbacks {
		if (host{f.Host, f.Port}) == h {
			own = append(own, f)
		}
	}
	if h != (host{c.Host, c.Port}) {
		one.TLSConfig, own = own[0].TLSConfig, own[1:]
	}
	one.Fallbacks = own
	one.ConnectTimeout = doctorTimeout
	return one
}

// standing is what a machine tells of its role.
type standing struct {
	Standby bool
	// Lag is how far a standby is behind its leader, if it can tell.
	Lag *float64
}

func readStanding(ctx context.Context, c *pgx.ConnConfig) (s standing, err error) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return s, explainDatabase(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// A leader that nobody writes to gives a standby nothing to replay: what has
	// been received and replayed is no lag, however old it is.
	err = conn.QueryRow(ctx, `SELECT pg_is_in_recovery(), CASE
		WHEN NOT pg_is_in_recovery() THEN NULL
		WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
		ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END`).Scan(&s.Standby, &s.Lag)
	return s, err
}

// lagWarn is when a standby that takes over would show people an old state.
const lagWarn = 10 * time.Second

// checkHosts tells of each machine of an address which one leads, and how far
// the others are behind. One machine needs no such words.
func (d *doctor) checkHosts(ctx context.Context, n named) {
	c, err := pgx.ParseConfig(n.url)
	if err != nil {
		return // opening it tells more
	}
	hosts := hostsOf(&c.Config)
	if len(hosts) < 2 {
		return
	}
	if c.ValidateConnect == nil {
		d.say(bad, n.name, "its address names %d machines and takes any of them: add target_session_attrs=read-write", len(hosts))
	}
	var leaders []string
	for _, h := range hosts {
		s, err := readStanding(ctx, alone(c, h))
		switch {
		case err != nil:
			d.say(warn, n.name, "%s: %v", h.address(), err)
		case !s.Standby:
			leaders = append(leaders, h.address())
			d.say(fine, n.name, "%s leads", h.address())
		case s.Lag == nil:
			d.say(warn, n.name, "%s is a standby that does not say how far it is behind: it has replayed nothing since its start", h.address())
		case *s.Lag > lagWarn.Seconds():
			d.say(warn, n.name, "%s is a standby, %.0f s behind: what is acknowledged is not there yet", h.address(), *s.Lag)
		default:
			d.say(fine, n.name, "%s is a standby, %.1f s behind", h.address(), *s.Lag)
		}
	}
	switch len(leaders) {
	case 0:
		d.say(bad, n.name, "no machine leads: nothing can be written")
	case 1:
	default:
		d.say(bad, n.name, "%d machines take themselves for the leader: stop all but one at once, data go apart", len(leaders))
	}
}

// pooler is what a connection tells of what stands between.
type pooler struct {
	Between bool   // the server that answers is not the one that greeted us
	Timeout string // statement_timeout
}

func readPooler(ctx context.Context, address string) (p pooler, err error) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return p, explainDatabase(err)
	}
	// Nothing is prepared: a pooler would lose it.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return p, explainDatabase(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var pid int64
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid(), current_setting('statement_timeout')`).Scan(&pid, &p.Timeout); err != nil {
		return p, err
	}
	// A pooler greets with a process number of its own.
	p.Between = int64(conn.PgConn().PID()) != pid
	return p, nil
}

// checkPooler compares the switch «pgbouncer» with what stands before the
// server. Through a pooler in transaction mode break: prepared statements (the
// switch turns them off), limits asked for at the start of a connection, LISTEN
// (jobs are found by asking twice a second) and locks of a session (migrations
// take one, so they need a direct address).
func (d *doctor) checkPooler(ctx context.Context, n named) {
	if n.admin != "" {
		return
	}
	direct, err := readPooler(ctx, n.url)
	if err != nil {
		return // opening it tells more
	}
	if direct.Between {
		if d.cfg.Pgbouncer {
			d.say(bad, n.name, "database_direct leads through a pooler: migrations hold a lock of their session, give the server's own address")
		} else {
			d.say(bad, n.name, "a pooler stands before it: set «pgbouncer: true», and database_direct to the server's own address")
		}
	}
	if !d.cfg.Pgbouncer || n.pooled == "" {
		return
	}
	used, err := readPooler(ctx, n.pooled)
	switch {
	case err != nil:
		d.say(bad, n.name, "through pgbouncer: %v", err)
	case !used.Between:
		d.say(warn, n.name, "«pgbouncer: true», but no pooler stands before it: without the switch requests cost less")
	default:
		d.say(fine, n.name, "pgbouncer answers")
		if used.Timeout == "0" {
			d.say(warn, n.name, "no query is bounded through pgbouncer: ALTER ROLE … SET statement_timeout = '30s', and idle_in_transaction_session_timeout")
		}
		d.verdict(throughPooler(ctx, n.pooled), n.name, "transactions of ours go through pgbouncer")
	}
}

// throughPooler does what the program does all day, with several connections, so
// that server connections change hands: equal statements with arguments, in and
// outside of transactions.
func throughPooler(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	base, err := db.Open(ctx, db.Config{URL: address, MaxConns: 4, CacheDescribe: true})
	if err != nil {
		return fmt.Errorf("pgbouncer: %w", explainDatabase(err))
	}
	defer base.Close()
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			errs <- base.InTx(ctx, func(tx *db.Tx) error {
				for range 3 {
					if got, err := db.Get[int](ctx, tx, `SELECT $1::int`, i); err != nil || got != i {
						return fmt.Errorf("a statement through pgbouncer: %d, %w", got, err)
					}
				}
				return nil
			})
		}()
	}
	for range cap(errs) {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}
