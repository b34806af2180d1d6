package enrol

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "enrol.challenge", Class: db.ClassSession,
		Term:   "a week after it expired",
		Basis:  "G-20; keyed hashes name nobody",
		Sweeps: []string{"enrol.erase"},
		Bytes:  []string{"to_index", "secret"},
	},
	{
		Name: "enrol.registration", Class: db.ClassSession,
		Holds:  []db.Datum{db.Names, db.Contacts},
		Term:   "what was typed: until it is done or expires; the line: the setting remind_deletion after",
		Basis:  "ID-REG; setting remind_deletion",
		Sweeps: []string{"enrol.erase"},
		Sealed: []db.Sealed{{Column: "sealed"}},
		Bytes:  []string{"token_hash", "network"},
	},
	{
		Name: "enrol.agreement", Class: db.ClassConsent,
		Holds:  []db.Datum{db.Consents},
		Term:   "the journal's term after the account was deleted",
		Basis:  "152-FZ art. 9 part 3: proof of the consent; ID-REG-19",
		Sweeps: []string{"enrol.erase"},
		Person: "oid",
		Stays:  "the record as proof, ended, with the number alone",
	},
	{
		Name: "enrol.form", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Names, db.Birth, db.SNILS, db.Documents},
		Term:   "until it is verified or the account is deleted",
		Basis:  "ID-REG-25",
		With:   "person.person",
		Person: "oid",
		Sealed: []db.Sealed{{Column: "sealed"}},
	},
	{
		Name: "enrol.check", Class: db.ClassJournal,
		Holds:  []db.Datum{db.Acts},
		Term:   "the journal's term",
		Basis:  "152-FZ art. 18.1, 19: proof of who handled the data; G-22",
		Sweeps: []string{"enrol.erase"},
		Person: "oid",
		Stays:  "the line: which register was asked and when",
	},
	{
		Name: "enrol.recovery", Class: db.ClassSession,
		Holds:  []db.Datum{db.Contacts},
		Term:   "a week after it expired",
		Basis:  "ID-REC",
		Sweeps: []string{"enrol.erase"},
		With:   "person.person",
		Sealed: []db.Sealed{{Column: "sealed"}},
		Bytes:  []string{"token_hash", "network"},
	},
	{
		Name: "enrol.setup", Class: db.ClassSession,
		Holds:  []db.Datum{db.Secrets},
		Term:   "a week after it expired",
		Basis:  "a new administrator's first password",
		Sweeps: []string{"enrol.erase"},
		With:   "person.person",
		Person: "oid",
		Bytes:  []string{"token_hash"},
	},
}
