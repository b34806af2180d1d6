package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/okno-gov/okno/internal/base/postgres"
)

// named is one database with its address, a direct one where there is a pooler.
// admin leads to the private PostgreSQL that holds it; empty: it is foreign.
// pooled is what the running program uses; empty: url.
type named struct{ name, url, admin, pooled string }

// databaseURLs are the addresses of all databases of a configuration. With a
// private PostgreSQL it joins the running one or starts it; stop ends the latter.
func databaseURLs(ctx context.Context, cfg Config) (out []named, stop func(), err error) {
	stop = func() {}
	private := func(string) string { return "" }
	if cfg.PrivatePostgres {
		url, running := postgres.Attach(cfg.State)
		if !running {
			s, err := postgres.Start(ctx, postgres.Options{Dir: cfg.State, Fsync: true})
			if err != nil {
				return nil, stop, err
			}
			url, stop = s.URL, func() { _ = s.Stop() }
		}
		private = url
	}
	add := func(name string, url, direct Secret) {
		d := named{name: name, url: string(cmp.Or(direct, url))}
		if direct != "" {
			d.pooled = string(url)
		}
		if d.url == "" {
			d.url, d.admin = private(name), private("postgres")
		}
		out = append(out, d)
	}
	if cfg.IDP != nil {
		add(idpDatabase, cfg.IDP.Database, cfg.IDP.DatabaseDirect)
	}
	for _, p := range cfg.Portals {
		add(p.databaseName(), p.Database, p.DatabaseDirect)
	}
	return out, stop, nil
}

const idpDatabase = "okno_idp"

// ensureDatabase makes a database of the private PostgreSQL; others are made by
// whoever runs their server.
func ensureDatabase(ctx context.Context, d named) error {
	if d.admin == "" {
		return nil
	}
	return postgres.CreateDatabase(ctx, d.admin, d.name)
}

// pgTool runs one of PostgreSQL's programs on a database; the password goes by
// the environment, since everybody may read command lines.
func pgTool(ctx context.Context, address, name string, args ...string) error {
	bin, err := postgres.Binaries()
	if err != nil {
		return err
	}
	public, password, err := libpqURL(address)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, name), append([]string{"--dbname=" + public}, args...)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// libpqURL parts an address into what a command line may show and the password,
// without the parameters that pgx alone understands.
func libpqURL(address string) (public, password string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("the database URL cannot be read")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if p := q.Get("password"); p != "" {
		password = p
	}
	for k := range q {
		if k == "password" || k == "default_query_exec_mode" || k == "statement_cache_capacity" || strings.HasPrefix(k, "pool_") {
			q.Del(k)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), password, nil
}
