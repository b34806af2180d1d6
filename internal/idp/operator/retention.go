package operator

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "operator.centre", Class: db.ClassConfiguration,
		Term:  "as long as the database",
		Basis: "ID-CNF-01: the list of centres",
		Kept:  "organisations, no persons",
	},
	{
		Name: "operator.operator", Class: db.ClassStaff,
		Holds:  []db.Datum{db.Acts},
		Term:   "the journal's term after the end of work",
		Basis:  "rights are looked up at each act",
		Sweeps: []string{"operator.retention"},
		Person: "oid",
		Stays:  "the number without rights",
	},
	{
		Name: "operator.invitation", Class: db.ClassStaff,
		Holds:  []db.Datum{db.Names},
		Term:   "the journal's term after it expired",
		Basis:  "who was let in, and by whom",
		Sweeps: []string{"operator.retention"},
		Bytes:  []string{"token_hash"},
	},
	{
		Name: "operator.visit", Class: db.ClassSession,
		Holds:  []db.Datum{db.Names, db.Documents, db.SNILS},
		Term:   "what was shown: two hours; the line: the journal's term",
		Basis:  "152-FZ art. 18.1, 19: proof of who handled the data; G-22",
		Sweeps: []string{"operator.erase", "operator.retention"},
		Sealed: []db.Sealed{{Column: "sealed"}},
	},
	{
		Name: "operator.act", Class: db.ClassJournal,
		Holds:  []db.Datum{db.Acts},
		Term:   "the journal's term",
		Basis:  "152-FZ art. 18.1, 19: proof of who handled the data; G-22; ID-MFC-07",
		Sweeps: []string{"operator.retention"},
	},
	{
		Name: "operator.admin_act", Class: db.ClassJournal,
		Holds:  []db.Datum{db.Acts},
		Term:   "the journal's term",
		Basis:  "152-FZ art. 18.1, 19: proof of who handled the data; G-22",
		Sweeps: []string{"operator.retention"},
	},
}
