package support

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "support.ticket", Class: db.ClassSupport,
		Holds:  []db.Datum{db.Names, db.Contacts, db.Requests},
		Term:   "the setting retention.days after the end; at once with the account when it is closed",
		Basis:  "152-FZ art. 21 part 5; G-22",
		Sweeps: []string{"support.erase"},
		With:   "account.account",
		Person: "owner_id",
		Stays:  "an open request, without its link to the account",
		Sealed: []db.Sealed{{Column: "content"}},
	},
	{
		Name: "support.message", Class: db.ClassSupport,
		Holds:  []db.Datum{db.Requests, db.Answers},
		Term:   "with its ticket",
		Basis:  "152-FZ art. 21 part 5; G-22",
		With:   "support.ticket",
		Sealed: []db.Sealed{{Column: "text"}},
	},
	{
		Name: "support.template", Class: db.ClassConfiguration,
		Term:  "until an officer deletes it",
		Basis: "texts for answers",
		Act:   "Tickets.DropTemplate",
	},
	{
		Name: "support.quota", Class: db.ClassSession,
		Term:   "two days",
		Basis:  "limits of requests; keyed hashes name nobody",
		Sweeps: []string{"support.erase"},
		Bytes:  []string{"key"},
	},
}
