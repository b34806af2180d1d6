// Package dbtest gives each test a fresh, migrated PostgreSQL database.
//
// $OKNO_TEST_PG names a server whose durability is off (test/services starts one
// for ./check); without it the first test of a package starts a private one. A
// database is copied from a template that is named by the hash of the
// migrations, which takes some 60 ms.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/postgres"
)

// New returns a database with the migrations of sources, and of the job queue,
// applied. It is dropped when the test ends.
func New(t testing.TB, sources ...db.Source) *db.DB {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: URL(t, sources...), MaxConns: 24})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// Seeded is [New] with the rows that fill writes. It runs once for a test
// binary: each test gets a copy of its own. What fill keeps in the memory of the
// program is not there for the other tests, so it writes rows and nothing else.
func Seeded(t testing.TB, fill func(context.Context, *db.DB) error, sources ...db.Source) *db.DB {
	t.Helper()
	ctx := context.Background()
	admin, err := server()
	if err != nil {
		t.Fatal(err)
	}
	migrated, err := template(ctx, admin, sources)
	if err != nil {
		t.Fatal(err)
	}
	seeded, err := seed(ctx, admin, migrated, fill)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(ctx, db.Config{URL: copyOf(t, admin, seeded), MaxConns: 24})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// URL is [New] for tests that open the database by themselves.
func URL(t testing.TB, sources ...db.Source) string {
	t.Helper()
	ctx := context.Background()
	admin, err := server()
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template(ctx, admin, sources)
	if err != nil {
		t.Fatal(err)
	}
	return copyOf(t, admin, tmpl)
}

// copyOf is a new database like the template; it goes with the test.
func copyOf(t testing.TB, admin, tmpl string) string {
	t.Helper()
	ctx := context.Background()
	name := "t_" + strings.ReplaceAll(db.NewID(), "-", "")
	if err := adminExec(ctx, admin, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, tmpl)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := adminExec(context.Background(), admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

// Empty is the URL of a fresh database without any migration.
func Empty(t testing.TB) string {
	t.Helper()
	admin, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := "e_" + strings.ReplaceAll(db.NewID(), "-", "")
	if err := adminExec(context.Background(), admin, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = adminExec(context.Background(), admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	})
	return withDatabase(admin, name)
}

var (
	serverOnce sync.Once
	serverURL  string
	errServer  error

	templateMu sync.Mutex
	templates  = map[string]bool{}
)

func server() (string, error) {
	serverOnce.Do(func() {
		if serverURL = os.Getenv("OKNO_TEST_PG"); serverURL != "" {
			return
		}
		removeStale()
		dir, err := os.MkdirTemp("", "okno-dbtest-")
		if err != nil {
			errServer = err
			return
		}
		s, err := postgres.Start(context.Background(), postgres.Options{Dir: dir})
		if err != nil {
			errServer = err
			return
		}
		serverURL = s.URL("postgres")
	})
	return serverURL, errServer
}

// sharedConns let several packages test at the same time on one server.
const sharedConns = 500

// StartServer runs a server below dir for the tests of all packages, which find
// it by $OKNO_TEST_PG. It keeps nothing that must survive a crash.
func StartServer(ctx context.Context, dir string) (url string, stop func(), err error) {
	s, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(dir, "postgres"), MaxCon: sharedConns})
	if err != nil {
		return "", nil, err
	}
	return s.URL("postgres"), func() { _ = s.Stop() }, nil
}

// removeStale deletes what earlier test processes left: their servers died
// with them, their folders could not.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "okno-dbtest-*"))
	for _, d := range dirs {
		f, err := os.OpenFile(filepath.Join(d, "pg.lock"), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(d)
		}
		_ = f.Close()
	}
}

func template(ctx context.Context, admin string, sources []db.Source) (string, error) {
	name, err := templateName(sources)
	if err != nil {
		return "", err
	}
	return name, once(ctx, admin, name, func(conn *pgx.Conn) error {
		return build(ctx, conn, admin, name, "template1", func(url string) error { return db.Migrate(ctx, url, sources...) })
	})
}

// seed is the template with the rows of fill. The name has the hash of the test
// binary, so that neither fill nor its data can change unseen.
func seed(ctx context.Context, admin, migrated string, fill func(context.Context, *db.DB) error) (string, error) {
	self, err := binaryHash()
	if err != nil {
		return "", err
	}
	pc := reflect.ValueOf(fill).Pointer()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", migrated, self, runtime.FuncForPC(pc).Name()))
	name := "seed_" + hex.EncodeToString(sum[:12])
	return name, once(ctx, admin, name, func(conn *pgx.Conn) error {
		if err := dropOld(ctx, conn); err != nil {
			return err
		}
		return build(ctx, conn, admin, name, migrated, func(url string) error {
			d, err := db.Open(ctx, db.Config{URL: url, MaxConns: 4})
			if err != nil {
				return err
			}
			defer d.Close()
			return fill(ctx, d)
		})
	})
}

var binaryHash = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
})

// dropOld removes the seeds of binaries of earlier days: a server that stays
// would keep one of each build.
func dropOld(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database
		WHERE datname LIKE 'seed\_%' AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 day'`)
	if err != nil {
		return err
	}
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range old {
		for _, sql := range []string{"ALTER DATABASE " + name + " WITH IS_TEMPLATE false", "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// once makes a template where the server has it not yet.
func once(ctx context.Context, admin, name string, prepare func(*pgx.Conn) error) error {
	templateMu.Lock()
	defer templateMu.Unlock()
	if templates[name] {
		return nil
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	// Several packages test at the same time against one server.
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext($1))`, name); err != nil {
		return err
	}
	var ready bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)`, name).Scan(&ready); err != nil {
		return err
	}
	if !ready {
		if err := prepare(conn); err != nil {
			return err
		}
	}
	templates[name] = true
	return nil
}

func build(ctx context.Context, conn *pgx.Conn, admin, name, from string, fill func(url string) error) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name + " TEMPLATE " + from + " STRATEGY file_copy"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := fill(withDatabase(admin, name)); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func templateName(sources []db.Source) (string, error) {
	h := sha256.New()
	for _, s := range append([]db.Source{db.Base()}, sources...) {
		fmt.Fprintf(h, "%s\n", s.Context)
		err := fs.WalkDir(s.FS, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := fs.ReadFile(s.FS, p)
			fmt.Fprintf(h, "%s %d\n%s\n", p, len(b), b)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return "tmpl_" + hex.EncodeToString(h.Sum(nil)[:12]), nil
}

func adminExec(ctx context.Context, admin, sql string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return admin
	}
	u.Path = "/" + name
	return u.String()
}
