package credential

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "credential.password", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Secrets},
		Term:   "with the account",
		Basis:  "sign-in; 152-FZ art. 19",
		With:   "person.person",
		Person: "oid",
	},
	{
		Name: "credential.totp", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Secrets},
		Term:   "with the account",
		Basis:  "sign-in; 152-FZ art. 19",
		With:   "person.person",
		Person: "oid",
		Sealed: []db.Sealed{{Column: "sealed"}},
	},
	{
		Name: "credential.throttle", Class: db.ClassSession,
		Term:   "two days after the last failure",
		Basis:  "152-FZ art. 19; G-21; keyed hashes name nobody",
		Sweeps: []string{"credential.erase"},
		Bytes:  []string{"key"},
	},
	{
		Name: "credential.device", Class: db.ClassSession,
		Holds:  []db.Datum{db.Devices},
		Term:   "400 days after its last sign-in",
		Basis:  "152-FZ art. 19; G-21",
		Sweeps: []string{"credential.erase"},
		With:   "person.person",
		Person: "oid",
		Bytes:  []string{"device_hash"},
	},
}
