package notice

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "notice.entry", Class: db.ClassFeed,
		Holds:  []db.Datum{db.Requests},
		Term:   "the setting retention.days",
		Basis:  "152-FZ art. 21 part 5; G-22",
		Sweeps: []string{"notice.retention"},
		With:   "account.account",
		Person: "owner_id",
	},
	{
		Name: "notice.mailing", Class: db.ClassPublic,
		Term:  "as long as the database",
		Basis: "that a news is mailed once",
		Kept:  "a line per news that was mailed; names an officer by id",
	},
	{
		Name: "notice.choice", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Choices},
		Term:   "with the account",
		Basis:  "NTS-02",
		With:   "account.account",
		Person: "owner_id",
	},
	{
		Name: "notice.hours", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Choices},
		Term:   "with the account",
		Basis:  "NTS-09",
		With:   "account.account",
		Person: "owner_id",
	},
}
