package document

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "document.document", Class: db.ClassCase,
		Holds:  []db.Datum{db.Files},
		Term:   "with its draft or case; what nobody names: a day",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"document.orphans"},
		With:   "application.application",
		Sealed: []db.Sealed{{Column: "wrapped", DataKey: true}},
		Bytes:  []string{"sha256"},
	},
}
