package archtest

import (
	"context"
	"slices"
	"testing"

	"github.com/okno-gov/okno/internal/app"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

type column struct {
	Table string `db:"name"`
	Name  string `db:"attname"`
	Type  string `db:"type"`
}

// tablesOf reads the tables and columns that the migrations made.
func tablesOf(t *testing.T, d *db.DB) (names []string, columns []column, indexed map[string]bool) {
	t.Helper()
	ctx := context.Background()
	indexed = map[string]bool{}
	err := d.Read(ctx, func(tx *db.Tx) (err error) {
		names, err = db.List[string](ctx, tx, `SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`)
		if err != nil {
			return err
		}
		columns, err = db.List[column](ctx, tx, `SELECT n.nspname || '.' || c.relname AS name, a.attname::text, format_type(a.atttypid, a.atttypmod) AS type
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`)
		if err != nil {
			return err
		}
		first, err := db.List[string](ctx, tx, `SELECT n.nspname || '.' || c.relname || '.' || a.attname FROM pg_index i
			JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]`)
		for _, f := range first {
			indexed[f] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, columns, indexed
}

// Every table says why it is kept, for how long, who erases it and what in it is
// sealed; nothing is declared that is not there.
func TestTablesDeclareTheirRetention(t *testing.T) {
	t.Parallel()
	for _, s := range app.Schemas() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			names, columns, indexed := tablesOf(t, dbtest.New(t, s.Sources...))
			if len(names) < 20 {
				t.Fatalf("only %d tables were found", len(names))
			}
			declared := map[string]*db.Table{}
			for _, d := range db.Tables(s.Sources...) {
				if declared[d.Name] != nil {
					t.Errorf("%s is declared twice", d.Name)
				}
				declared[d.Name] = &d
			}
			for _, n := range names {
				if declared[n] == nil {
					t.Errorf("%s: no retention is declared: add it to its context's retention.go", n)
				}
			}
			for n, d := range declared {
				if !slices.Contains(names, n) {
					t.Errorf("%s is declared and no migration makes it", n)
				}
				checkDeclaration(t, d, declared)
				checkColumns(t, d, columns)
				if d.Person != "" && !indexed[n+"."+d.Person] {
					t.Errorf("%s: no index begins with %s, by which acts of erasure count", n, d.Person)
				}
			}
		})
	}
}

func checkDeclaration(t *testing.T, d *db.Table, all map[string]*db.Table) {
	t.Helper()
	if d.Class == "" || d.Term == "" || d.Basis == "" {
		t.Errorf("%s: class, term and basis are needed", d.Name)
	}
	erased := len(d.Sweeps) > 0 || d.With != "" || d.Act != ""
	if !erased && d.Kept == "" {
		t.Errorf("%s: nothing ends its rows, and no reason to keep them is given", d.Name)
	}
	if len(d.Holds) > 0 && !erased {
		t.Errorf("%s holds personal data and nothing erases them", d.Name)
	}
	if d.With != "" && all[d.With] == nil {
		t.Errorf("%s goes with %s, which is not a table here", d.Name, d.With)
	}
	if d.Person == "" && d.Stays != "" {
		t.Errorf("%s: what stays of a person is said, not who the person is", d.Name)
	}
}

func checkColumns(t *testing.T, d *db.Table, columns []column) {
	t.Helper()
	sealed := map[string]bool{}
	known := map[string]string{}
	for _, c := range columns {
		if c.Table == d.Name {
			known[c.Name] = c.Type
		}
	}
	for _, s := range d.Sealed {
		sealed[s.Column] = true
		if known[s.Column] != "bytea" {
			t.Errorf("%s.%s is declared as sealed and is %q", d.Name, s.Column, known[s.Column])
		}
		if s.KeyID != "" && known[s.KeyID] != "text" {
			t.Errorf("%s.%s is declared as a key's id and is %q", d.Name, s.KeyID, known[s.KeyID])
		}
	}
	for _, b := range d.Bytes {
		if known[b] != "bytea" || sealed[b] {
			t.Errorf("%s.%s is declared as plain bytes and is %q (sealed: %v)", d.Name, b, known[b], sealed[b])
		}
	}
	if d.Person != "" && known[d.Person] == "" {
		t.Errorf("%s has no column %s", d.Name, d.Person)
	}
	for name, typ := range known {
		if typ == "bytea" && !sealed[name] && !slices.Contains(d.Bytes, name) {
			t.Errorf("%s.%s: say whether it is sealed (a rotation of keys must move it) or plain bytes", d.Name, name)
		}
	}
}
