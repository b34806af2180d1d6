// Package content owns the portal's texts: help articles, legal acts, the user agreement, texts of
// consents and news.
//
// A text is data of services/content/** or of an editor. Publishing writes a new edition and keeps
// the old ones: what a person agreed to stays readable. Readers share a snapshot in memory that is
// renewed when the version in the database has moved.
package content
