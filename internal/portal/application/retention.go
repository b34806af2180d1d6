package application

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "application.draft", Class: db.ClassDraft,
		Holds:  []db.Datum{db.Names, db.Birth, db.SNILS, db.Documents, db.Contacts, db.Addresses, db.Requests},
		Term:   "90 days without a change",
		Basis:  "DRF-05",
		Sweeps: []string{"application.draft_end"},
		With:   "account.account",
		Act:    "Applications.DeleteDraft",
		Person: "owner_id",
		Sealed: []db.Sealed{{Column: "content"}},
	},
	{
		Name: "application.application", Class: db.ClassCase,
		Holds:  []db.Datum{db.Names, db.Requests},
		Term:   "names, indexes and comments: the setting retention.days after the end; number, service, statuses and times as long as the database",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention", "application.part"},
		Kept:   "number, statuses and times, for statistics and the journal",
		Person: "owner_id",
		Stays:  "the case, with its agency; the link to the person ends with the case",
		Sealed: []db.Sealed{{Column: "applicant"}, {Column: "stars_comment"}, {Column: "proof"}},
		Bytes:  []string{"proof_hash"},
	},
	{
		Name: "application.content", Class: db.ClassCase,
		Holds:  []db.Datum{db.Names, db.Birth, db.SNILS, db.Documents, db.Contacts, db.Addresses, db.Requests},
		Term:   "the setting retention.days after the end of the case",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention"},
		Sealed: []db.Sealed{{Column: "content"}, {Column: "signed"}},
	},
	{
		Name: "application.signature", Class: db.ClassCase,
		Holds:  []db.Datum{db.Devices},
		Term:   "the setting retention.days after the end of the case",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23; 63-FZ art. 9",
		Sweeps: []string{"application.retention"},
		Bytes:  []string{"digest"},
	},
	{
		Name: "application.event", Class: db.ClassCase,
		Holds:  []db.Datum{db.Answers},
		Term:   "comments: the setting retention.days after the end of the case; statuses and times as long as the database",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention"},
		Kept:   "the history of statuses",
		Sealed: []db.Sealed{{Column: "comment"}},
	},
	{
		Name: "application.message", Class: db.ClassCase,
		Holds:  []db.Datum{db.Requests, db.Answers},
		Term:   "the setting retention.days after the end of the case",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention"},
		Sealed: []db.Sealed{{Column: "text"}},
	},
	{
		Name: "application.file", Class: db.ClassCase,
		Holds:  []db.Datum{db.Files},
		Term:   "the setting retention.days after the end of the case",
		Basis:  "59-FZ art. 12, archives of agencies; G-22, G-23",
		Sweeps: []string{"application.retention"},
		Bytes:  []string{"sha256"},
	},
	{
		Name: "application.number_block", Class: db.ClassTechnical,
		Term:  "as long as the database",
		Basis: "G-02: numbers are never given twice",
		Kept:  "one row per year",
	},
}
