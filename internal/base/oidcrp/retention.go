package oidcrp

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "rp.session", Class: db.ClassSession,
		Holds:  []db.Datum{db.Names, db.Secrets},
		Term:   "claims and tokens: until the session ends; the line: a day after it expired",
		Basis:  "sign-in",
		Sweeps: []string{"rp.session"},
		Sealed: []db.Sealed{{Column: "sealed"}},
		Bytes:  []string{"token_hash"},
	},
}
