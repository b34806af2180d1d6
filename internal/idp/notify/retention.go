package notify

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "notify.preference", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Choices},
		Term:   "with the account",
		Basis:  "ID-SEC-05",
		With:   "person.person",
		Person: "oid",
	},
}
