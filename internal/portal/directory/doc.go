// Package directory knows the agencies of a region and the service centres: who heads them, where
// they are, how to reach them and when they are open. Its data are open to all (AGY-01).
//
// Entries come from files (services/region/<NN>/directory.yaml) and from the editor; the tables hold
// the newest version of each with its number, and a history of all. Readers share a snapshot in
// memory that is renewed when the version in the database has moved, so that several processes
// agree within a second.
package directory
