package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgconn"
)

// StartPooler starts Debian's pgbouncer in transaction mode before a PostgreSQL
// server that trusts this machine. There are fewer connections to the server than
// come in, so that each one serves many. It returns the address to put a
// database's name behind.
func StartPooler(ctx context.Context, dir, server string) (d *Daemon, address string, err error) {
	c, err := pgconn.ParseConfig(server)
	if err != nil {
		return nil, "", errors.New("the server's address cannot be read")
	}
	own, err := FreePort()
	if err != nil {
		return nil, "", err
	}
	home := filepath.Join(dir, "pgbouncer")
	if err := UnprivilegedDir(home); err != nil {
		return nil, "", err
	}
	bin, env, err := pgbouncer(home)
	if err != nil {
		return nil, "", err
	}
	conf := filepath.Join(home, "pgbouncer.ini")
	err = errors.Join(
		os.WriteFile(filepath.Join(home, "users"), fmt.Appendf(nil, "%q \"\"\n", c.User), 0o644),
		os.WriteFile(conf, fmt.Appendf(nil, `[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 4
max_client_conn = 400
`, c.Host, c.Port, own, filepath.Join(home, "users")), 0o644))
	if err != nil {
		return nil, "", err
	}
	d, err = StartUnprivileged(ctx, "127.0.0.1:"+own, env, bin, conf)
	return d, "postgres://" + c.User + "@127.0.0.1:" + own, err
}

// pgbouncer finds the program: installed, or as ./check has unpacked it, whose
// folder is copied to where PostgreSQL's user may read.
func pgbouncer(home string) (bin string, env []string, err error) {
	bin, err = program("pgbouncer")
	if err == nil {
		return bin, nil, nil
	}
	unpacked, _ := filepath.Glob(filepath.Join(Root(), ".cache/pgbouncer/usr/lib/*/lib*.so*"))
	if len(unpacked) == 0 {
		return "", nil, fmt.Errorf("%w; ./check brings Debian's «pgbouncer»", err)
	}
	for _, from := range append(unpacked, filepath.Join(Root(), ".cache/pgbouncer/usr/sbin/pgbouncer")) {
		raw, err := os.ReadFile(from)
		if err != nil {
			return "", nil, err
		}
		if err := os.WriteFile(filepath.Join(home, filepath.Base(from)), raw, 0o755); err != nil {
			return "", nil, err
		}
	}
	return filepath.Join(home, "pgbouncer"), []string{"LD_LIBRARY_PATH=" + home}, nil
}
