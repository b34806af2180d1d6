package client

import "github.com/okno-gov/okno/internal/base/db"

// tables are what the law and a rotation of keys must know of this schema.
var tables = []db.Table{
	{
		Name: "client.client", Class: db.ClassConfiguration,
		Term:  "while the client is registered",
		Basis: "contract with its operator",
		Kept:  "organisations, no persons",
	},
	{
		Name: "client.secret", Class: db.ClassConfiguration,
		Term:   "until it expires",
		Basis:  "contract with its operator",
		Sweeps: []string{"client.secret"},
		With:   "client.client",
		Bytes:  []string{"mac"},
	},
	{
		Name: "client.certificate", Class: db.ClassConfiguration,
		Term:  "while the client is registered",
		Basis: "contract with its operator",
		With:  "client.client",
		Bytes: []string{"sha256", "der"},
	},
}
