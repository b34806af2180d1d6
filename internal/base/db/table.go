package db

import "strings"

// Class says why a table is kept at all; docs/security/retention.md explains
// each.
type Class string

// The classes.
const (
	ClassAccount       Class = "account"       // of a person's account: goes with it
	ClassConsent       Class = "consent"       // proof of a consent, outlives it
	ClassSession       Class = "session"       // sign-ins, codes, attempts: hours to months
	ClassCase          Class = "case"          // what was filed with an agency and became of it
	ClassDraft         Class = "draft"         // what was begun and not sent
	ClassSupport       Class = "support"       // requests to the support
	ClassFeed          Class = "feed"          // notices to a person
	ClassDelivery      Class = "delivery"      // outboxes: messages, events
	ClassJournal       Class = "journal"       // who did what, and who looked
	ClassStaff         Class = "staff"         // who works here with which rights
	ClassPublic        Class = "public"        // what everybody may read
	ClassConfiguration Class = "configuration" // clients, settings, centres
	ClassStatistics    Class = "statistics"    // counts that name nobody
	ClassTechnical     Class = "technical"     // clock, queue, migrations, keys
	ClassBackup        Class = "backup"        // copies of all of these
)

// Datum is a kind of personal data, as an act of erasure names it.
type Datum string

// The kinds of personal data.
const (
	Names     Datum = "names"
	Birth     Datum = "birth" // date and place, sex, citizenship
	SNILS     Datum = "snils"
	Documents Datum = "documents"
	Contacts  Datum = "contacts"
	Addresses Datum = "addresses"
	Children  Datum = "children"
	Vehicles  Datum = "vehicles"
	Picture   Datum = "picture"
	Secrets   Datum = "secrets" // password hashes, second factors, tokens
	Devices   Datum = "devices" // devices, networks, times of use
	Consents  Datum = "consents"
	Choices   Datum = "choices"  // language, place, notices wanted
	Requests  Datum = "requests" // what a person filed or asked
	Answers   Datum = "answers"  // what agencies or the support wrote
	Files     Datum = "files"
	Acts      Datum = "acts" // who did what, and who looked
)

// Table declares what the law and a rotation of keys must know of one table
// (152-FZ art. 5 part 7, art. 21). Each context declares its own tables in its
// file retention.go; archtest compares the declarations with what the
// migrations make, and the erasers with what the program runs.
type Table struct {
	Name  string // with its schema, such as person.version
	Class Class
	// Holds are the kinds of personal data in it; none: it names nobody, or by a
	// number alone.
	Holds []Datum
	Term  string // how long a row is kept
	Basis string // why for so long: law, decision, purpose

	// How rows end; at least one is needed. Sweeps are names of sweeps, With a
	// table with whose row it goes, Act the use case that deletes it, Kept says
	// why rows are kept for good.
	Sweeps []string
	With   string
	Act    string
	Kept   string

	// Person is the column that names whose row it is: a person's number at the
	// identity provider, an account's id at a portal. The act of an erasure
	// counts by it, so an index begins with it. Stays says what stays of such a
	// row when the account is deleted; empty: it goes.
	Person string
	Stays  string

	// Sealed are the columns under the key-encryption key. Every other bytea
	// column stands in Bytes: hashes, indexes, public keys, which no rotation
	// touches.
	Sealed []Sealed
	Bytes  []string
}

// Sealed is one column whose values base/crypt has sealed.
type Sealed struct {
	Column string
	// DataKey: the column holds the wrapped key of a file (base/blob), not a
	// sealed value.
	DataKey bool
	// KeyID is a column beside it that repeats the key's id; empty: none.
	KeyID string
}

// Schema is the table's schema.
func (t *Table) Schema() string {
	schema, _, _ := strings.Cut(t.Name, ".")
	return schema
}

// Tables are the declarations of the sources and of what every database has.
func Tables(sources ...Source) []Table {
	out := append([]Table{}, baseTables...)
	seen := map[string]bool{}
	for _, s := range append([]Source{base}, sources...) {
		if seen[s.Context] { // two contexts of a product may share one, such as the ledger
			continue
		}
		seen[s.Context] = true
		out = append(out, s.Tables...)
		out = append(out, Table{
			Name: "public.goose_" + s.Context, Class: ClassTechnical, Term: "as long as the database",
			Basis: "which migrations have run", Kept: "an upgrade reads it",
		})
	}
	return out
}

// baseTables are those of this package and of the job queue.
var baseTables = append([]Table{
	{
		Name: "okno.clock", Class: ClassTechnical, Term: "as long as the database", Basis: "domain time", Kept: "one row",
	},
	{
		Name: "okno.sweep", Class: ClassTechnical, Term: "as long as the database", Basis: "operations", Kept: "one row per sweep, overwritten",
	},
	{
		Name: "okno.key_probe", Class: ClassTechnical, Term: "until its key is removed", Basis: "a start with a wrong key file is refused",
		Act:   "okno keys remove",
		Bytes: []string{"sealed"}, // one per key, by intent under that very key
	},
	{
		Name: "okno.key_use", Class: ClassTechnical, Term: "an hour after the process was last seen", Basis: "no key is removed that a process still seals under",
		Sweeps: []string{"okno.rewrap"},
	},
	{
		Name: "okno.change", Class: ClassTechnical, Term: "five minutes", Basis: "every process shows what is in force; keys are ids alone",
		Sweeps: []string{"okno.change"},
	},
	{
		Name: "okno.backup", Class: ClassTechnical, Term: "as long as the database", Basis: "operations", Kept: "one row, overwritten",
	},
	{
		Name: "okno.rewrap", Class: ClassTechnical, Term: "as long as the database", Basis: "progress of a rotation", Kept: "one row per table, overwritten",
	},
}, queueTables()...)

// queueTables are River's. Arguments of jobs are ids only.
func queueTables() []Table {
	t := func(name, term string) Table {
		return Table{
			Name: RiverSchema + "." + name, Class: ClassTechnical, Term: term,
			Basis: "background work; arguments are ids only", Act: "River's own cleaner",
		}
	}
	kept := func(name string) Table {
		return Table{
			Name: RiverSchema + "." + name, Class: ClassTechnical, Term: "as long as the database",
			Basis: "background work", Kept: "the queue's own state",
		}
	}
	jobs := t("river_job", "a day after success, seven days after the last failure")
	jobs.Bytes = []string{"unique_key"}
	return []Table{
		jobs, t("river_queue", "a day after it was last used"), kept("river_leader"), kept("river_migration"),
		kept("river_notification"), // empty: only River's SQLite driver uses it
	}
}
