package officer

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "officer.officer", Class: db.ClassStaff,
		Holds:  []db.Datum{db.Names},
		Term:   "the link to the person: the setting retention.days after the end of work; the name as long as the database",
		Basis:  "answers bear the name of who gave them: 59-FZ art. 5",
		Sweeps: []string{"officer.retention"},
		Kept:   "name and post on the answers that they gave",
	},
	{
		Name: "officer.deputy", Class: db.ClassStaff,
		Term:   "the setting retention.days after its end",
		Basis:  "rights of deputies",
		Sweeps: []string{"officer.retention"},
	},
	{
		Name: "officer.invitation", Class: db.ClassStaff,
		Holds:  []db.Datum{db.Names},
		Term:   "the setting retention.days after it expired",
		Basis:  "who was let in, and by whom",
		Sweeps: []string{"officer.retention"},
		Bytes:  []string{"token_hash"},
	},
	{
		Name: "officer.deed", Class: db.ClassJournal,
		Holds:  []db.Datum{db.Acts},
		Term:   "the setting retention.days",
		Basis:  "152-FZ art. 18.1, 19: proof of who changed what; G-22",
		Sweeps: []string{"officer.retention"},
	},
}
