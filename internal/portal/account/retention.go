package account

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "account.account", Class: db.ClassAccount,
		Holds:  []db.Datum{db.Contacts, db.Choices},
		Term:   "until the person deletes the account at the identity provider; the id and dates as long as the database",
		Basis:  "152-FZ art. 6 part 1 point 4, art. 21; G-23",
		Act:    "Accounts.Close",
		Kept:   "an id that leads to nobody",
		Person: "id",
		Stays:  "the id and the dates",
		Sealed: []db.Sealed{{Column: "contacts"}},
	},
}
