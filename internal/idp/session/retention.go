package session

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "session.session", Class: db.ClassSession,
		Holds:  []db.Datum{db.Devices},
		Term:   "90 days after its end",
		Basis:  "152-FZ art. 19: disputes about sign-ins",
		Sweeps: []string{"session.erase"},
		With:   "person.person",
		Person: "oid",
		Bytes:  []string{"token_hash", "device_hash", "network"},
	},
}
