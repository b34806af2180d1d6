package token

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "token.key", Class: db.ClassTechnical,
		Term:   "a day after it signs no more",
		Basis:  "OpenID Connect: published keys overlap",
		Sweeps: []string{"token.key"},
		Sealed: []db.Sealed{{Column: "sealed"}},
		Bytes:  []string{"public"},
	},
	{
		Name: "token.family", Class: db.ClassSession,
		Holds:  []db.Datum{db.Devices},
		Term:   "30 days after it expired",
		Basis:  "152-FZ art. 19: why tokens stopped",
		Sweeps: []string{"token.family"},
		Person: "oid",
		Stays:  "the revoked line for 30 days",
		Bytes:  []string{"refresh_hash", "refresh_prev"},
	},
	{
		Name: "token.code", Class: db.ClassSession,
		Term:  "with its family",
		Basis: "OAuth 2.0: a code works once",
		With:  "token.family",
		Bytes: []string{"hash"},
	},
	{
		Name: "token.refresh", Class: db.ClassSession, // of the release before, see Issuer.adopted
		Term:  "with its family",
		Basis: "OAuth 2.0: a reused token ends its family",
		With:  "token.family",
		Bytes: []string{"hash"},
	},
	{
		Name: "token.assertion", Class: db.ClassSession,
		Term:   "until the assertion expires",
		Basis:  "RFC 7523: an assertion works once",
		Sweeps: []string{"token.family"},
		Bytes:  []string{"jti_hash"},
	},
}
