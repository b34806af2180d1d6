package db

import (
	"strconv"
	"strings"
	"time"
)

// Cursor is a place in a list that is ordered by time and id, the newest first: the
// address of the next page carries it, and its rows are those with (time, id) below it.
type Cursor struct {
	At time.Time // to the microsecond
	ID string
}

// endOfTime lies after every row; PostgreSQL's infinity has no Go value.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// String is the cursor after a row, as [ParseCursor] reads it.
func (c Cursor) String() string { return strconv.FormatInt(c.At.UnixMicro(), 10) + "." + c.ID }

// ParseCursor reads what came from an address, which may be anything; an empty text is
// the place before the first row.
func ParseCursor(s string) (c Cursor, ok bool) {
	if s == "" {
		return Cursor{At: endOfTime, ID: "ffffffff-ffff-ffff-ffff-ffffffffffff"}, true
	}
	micros, id, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || !IsID(id) || n < 0 || n > endOfTime.UnixMicro() {
		return Cursor{}, false
	}
	return Cursor{At: time.UnixMicro(n).UTC(), ID: id}, true
}
