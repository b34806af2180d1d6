package casework

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "casework.note", Class: db.ClassCase,
		Holds:  []db.Datum{db.Answers},
		Term:   "the setting retention.days after the end of the case",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention"},
		Sealed: []db.Sealed{{Column: "text"}},
	},
}
