package signin

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "signin.request", Class: db.ClassSession,
		Holds:  []db.Datum{db.Contacts},
		Term:   "a day after it expired",
		Basis:  "sign-in",
		Sweeps: []string{"signin.request"},
		Sealed: []db.Sealed{{Column: "login_hint"}},
		Bytes:  []string{"hash"},
	},
	{
		Name: "signin.pending", Class: db.ClassSession,
		Holds:  []db.Datum{db.Secrets},
		Term:   "ten minutes",
		Basis:  "sign-in",
		Sweeps: []string{"signin.request"},
		With:   "person.person",
		Person: "oid",
		Bytes:  []string{"hash"},
	},
}
