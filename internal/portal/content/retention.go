package content

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "content.state", Class: db.ClassTechnical,
		Term:  "as long as the database",
		Basis: "version of the snapshot",
		Kept:  "one row",
	},
	{
		Name: "content.entry", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "what was agreed to must stay readable",
		Kept:  "public text",
	},
	{
		Name: "content.rating", Class: db.ClassStatistics,
		Term:   "three years",
		Basis:  "G-22; HLP-13; hashes name nobody",
		Sweeps: []string{"content.rating"},
		Bytes:  []string{"voter"},
	},
}
