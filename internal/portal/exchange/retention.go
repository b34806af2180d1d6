package exchange

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "exchange.received", Class: db.ClassTechnical,
		Term:   "30 days",
		Basis:  "an event is carried out once",
		Sweeps: []string{"exchange.received"},
	},
}
