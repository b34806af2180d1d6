package term

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "term.year", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "terms of old cases were counted by it",
		Kept:  "public text",
	},
}
