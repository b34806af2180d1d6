package event

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "event.event", Class: db.ClassDelivery,
		Term:   "30 days",
		Basis:  "RFC 8935: repeated until it is delivered; no values of the profile",
		Sweeps: []string{"event.erase"},
	},
	{
		Name: "event.delivery", Class: db.ClassDelivery,
		Term:  "with its event",
		Basis: "RFC 8935",
		With:  "event.event",
	},
}
