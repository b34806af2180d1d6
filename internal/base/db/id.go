package db

import "github.com/google/uuid"

// IsID tells whether s has the form of [NewID]: what comes from an address may
// be anything, and an id that cannot exist is not found rather than an error of
// the database.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	_, err := uuid.Parse(s)
	return err == nil
}
