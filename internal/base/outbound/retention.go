package outbound

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "outbound.message", Class: db.ClassDelivery,
		Holds:  []db.Datum{db.Contacts},
		Term:   "address and text: until it is sent or its time is over; the line, which names nobody: 90 days",
		Basis:  "152-FZ art. 5 part 7",
		Sweeps: []string{"outbound.tidy"},
		Sealed: []db.Sealed{{Column: "sealed"}},
	},
}
