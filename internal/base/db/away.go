package db

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsAway tells whether err says that the database cannot be reached now, or has
// no connection, memory or disk to spare: for pages that tell people to come back in a moment.
// Nothing is said about whether a transaction was committed.
func IsAway(err error) bool {
	if err == nil {
		return false
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		// Class 08: the connection broke; 57P0x: the server stops, starts or
		// recovers; class 53: no connections, memory or disk to spare; 58030: the
		// disk fails; 25006: it has just become a standby.
		return strings.HasPrefix(pe.Code, "08") || strings.HasPrefix(pe.Code, "57P") || strings.HasPrefix(pe.Code, "53") ||
			pe.Code == "58030" || pe.Code == "25006"
	}
	return strings.Contains(err.Error(), "conn closed") // pgx gives this one no type
}
