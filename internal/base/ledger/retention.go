package ledger

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "ledger.entry", Class: db.ClassJournal,
		Holds:  []db.Datum{db.Acts, db.Devices},
		Term:   "details: the journal's term (three years; acts of erasure never less), at once for an account that is deleted; the line with its hash: as long as the database",
		Basis:  "152-FZ art. 18.1, 19: proof of who handled the data; G-22; acts: order 179 of Roskomnadzor, point 8",
		Sweeps: []string{"journal.erase"},
		Act:    "Ledger.Erase, with the account",
		Person: "subject",
		Stays:  "the line without details, for the chain",
		Sealed: []db.Sealed{{Column: "payload", KeyID: "key_id"}},
		Bytes:  []string{"payload_hash", "hash"},
	},
	{
		Name: "ledger.batch", Class: db.ClassJournal,
		Term:  "as long as the database",
		Basis: "the chain proves that nothing was cut out",
		Kept:  "hashes of batches",
		Bytes: []string{"previous", "hash", "mac"},
	},
}
