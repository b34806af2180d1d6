package catalogue

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "catalogue.state", Class: db.ClassTechnical,
		Term:  "as long as the database",
		Basis: "version of the snapshot",
		Kept:  "one row",
	},
	{
		Name: "catalogue.revision", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "what was published stays readable for what began with it",
		Kept:  "public text",
		Bytes: []string{"body"},
	},
	{
		Name: "catalogue.service", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "210-FZ art. 11",
		Kept:  "public text",
	},
	{
		Name: "catalogue.publication", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "CAT-13: who published what, when and why",
		Kept:  "the officer's id, no other data",
	},
	{
		Name: "catalogue.use", Class: db.ClassStatistics,
		Term:   "three years",
		Basis:  "G-22; counts that name nobody",
		Sweeps: []string{"catalogue.use"},
	},
	{
		Name: "catalogue.miss", Class: db.ClassStatistics,
		Term:   "90 days after the last search; words that few people have used: never, a keyed hash stands for them",
		Basis:  "G-22; counts that name nobody",
		Sweeps: []string{"catalogue.miss"},
		Bytes:  []string{"key"},
	},
	{
		Name: "catalogue.proposal", Class: db.ClassTechnical,
		Term:   "a week",
		Basis:  "what an editor has uploaded and not published yet",
		Sweeps: []string{"catalogue.proposal"},
		Bytes:  []string{"archive"},
	},
}
