package setting

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "setting.value", Class: db.ClassConfiguration,
		Term:  "as long as the database",
		Basis: "explains past decisions",
		Kept:  "the officer's id, no other data",
	},
}
