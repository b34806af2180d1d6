package app

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/okno-gov/okno/internal/base/db"
)

// Schema is one kind of database with what belongs into it.
type Schema struct {
	Name    string // identity provider, portal
	Sources []db.Source
}

// Schemas are the two kinds of databases that Okno works with.
func Schemas() []Schema {
	return []Schema{{"identity provider", idpMigrations()}, {"portal", portalMigrations()}}
}

// Elsewhere is what is kept outside of the databases; the same questions.
var elsewhere = []db.Table{
	{
		Name: "files (blobs)", Class: db.ClassCase, Holds: []db.Datum{db.Files}, Term: "as their row in document.document, within an hour",
		Basis: "59-FZ art. 12; G-22", Sweeps: []string{"document.orphans"},
	},
	{
		Name: "backups", Class: db.ClassBackup, Holds: []db.Datum{db.Names, db.Requests}, Term: "as the region decides; 35 days are proposed",
		Basis: "152-FZ art. 19; what was erased comes back with an older backup and is erased again by the sweeps and by repeating the acts made since",
		Act:   "the region's backup programme",
	},
	{
		Name: "logs of the processes", Class: db.ClassTechnical, Term: "as journald or the region's collector is set; no personal data",
		Basis: "operations", Act: "journald",
	},
}

func (e *ending) add(what string, names ...string) {
	for _, n := range names {
		if n != "" {
			e.parts = append(e.parts, strings.TrimSpace(what+" "+n))
		}
	}
}

// ending tells in words how rows end.
type ending struct{ parts []string }

func endOf(t *db.Table) string {
	var e ending
	e.add("sweep", t.Sweeps...)
	e.add("with", t.With)
	e.add("", t.Act)
	e.add("kept:", t.Kept)
	return strings.Join(e.parts, "; ")
}

func holdsOf(t *db.Table) string {
	if len(t.Holds) == 0 {
		return "—"
	}
	var out []string
	for _, h := range t.Holds {
		out = append(out, string(h))
	}
	return strings.Join(out, ", ")
}

func sealedOf(t *db.Table) string {
	var out []string
	for _, s := range t.Sealed {
		out = append(out, s.Column)
	}
	return strings.Join(out, ", ")
}

func sortedTables(sources []db.Source) []db.Table {
	all := db.Tables(sources...)
	slices.SortFunc(all, func(a, b db.Table) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// WriteRetention prints what is kept for how long, and why.
func WriteRetention(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range append(Schemas(), Schema{Name: "elsewhere"}) {
		tables := elsewhere
		if s.Sources != nil {
			tables = sortedTables(s.Sources)
		}
		fmt.Fprintf(t, "%s\nTABLE\tCLASS\tPERSONAL DATA\tTERM\tENDS BY\n", strings.ToUpper(s.Name))
		for i := range tables {
			one := &tables[i]
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", one.Name, one.Class, holdsOf(one), one.Term, endOf(one))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

const retentionHead = `# What is kept, for how long, and why

This page is generated from the declarations that stand beside the migrations (` + "`internal/*/*/retention.go`" + `):
` + "`okno retention --markdown > docs/security/retention.md`" + `. Do not edit it. Tests compare it with the declarations, the
declarations with the tables and columns that the migrations make, and the named sweeps with those that the program runs.

- The terms that an administrator sets are ` + "`journal_term`" + ` at the identity provider and ` + "`retention.days`" + ` at a portal; both are
  three years at first (G-22).
- An account is deleted by its owner at the identity provider. Rows «with person.person» go in that transaction. The portals are told by a
  signed event; there, rows «with account.account» go, and a case loses its link to the person when it has ended (G-23).
- Each erasure of an account or a case writes an act into the journal: what was erased where, how many rows, when and why (152-FZ art. 21
  part 7, order 179 of Roskomnadzor of 28 October 2022). ` + "`okno erasures`" + ` prints them. Acts are kept for at least three years.
- Columns under «sealed» are encrypted with a key per value under the key-encryption key; ` + "`okno keys rotate`" + ` moves them to another one.
- Backups hold what was there when they were made. After a restore, accounts whose acts of erasure are younger than the backup have to be
  erased again: keep the acts (` + "`okno erasures`" + `) with the backups.
`

// WriteRetentionPage prints the same as a page of the documentation.
func WriteRetentionPage(out io.Writer) error {
	var b strings.Builder
	b.WriteString(retentionHead)
	for _, s := range append(Schemas(), Schema{Name: "elsewhere"}) {
		tables := elsewhere
		if s.Sources != nil {
			tables = sortedTables(s.Sources)
		}
		fmt.Fprintf(&b, "\n## %s\n\n| table | class | personal data | term | basis | ends by | stays after deletion of the account | sealed |\n|---|---|---|---|---|---|---|---|\n",
			strings.ToUpper(s.Name[:1])+s.Name[1:])
		for i := range tables {
			t := &tables[i]
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", t.Name, t.Class, holdsOf(t), t.Term, t.Basis, endOf(t), t.Stays, sealedOf(t))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
