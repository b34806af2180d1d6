package directory

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "directory.state", Class: db.ClassTechnical,
		Term:  "as long as the database",
		Basis: "version of the snapshot",
		Kept:  "one row",
	},
	{
		Name: "directory.agency", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "8-FZ art. 13: agencies, their heads, addresses",
		Kept:  "published by law",
	},
	{
		Name: "directory.centre", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "8-FZ art. 13",
		Kept:  "published by law",
	},
	{
		Name: "directory.history", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "what the directory said when",
		Kept:  "published by law",
	},
}
