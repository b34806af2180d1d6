package consent

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "consent.consent", Class: db.ClassConsent,
		Holds:  []db.Datum{db.Consents},
		Term:   "three years after its end",
		Basis:  "152-FZ art. 9 part 3: proof of the consent; ID-CNS-10",
		Sweeps: []string{"consent.old"},
		Person: "oid",
		Stays:  "the record as proof, ended, with the number alone",
	},
	{
		Name: "consent.visit", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Consents},
		Term:   "three years after the last visit",
		Basis:  "ID-CNS-07: the person's own list",
		Sweeps: []string{"consent.old"},
		With:   "person.person",
		Person: "oid",
	},
}
