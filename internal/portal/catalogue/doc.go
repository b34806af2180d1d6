// Package catalogue owns what the portal offers: service cards with their forms, categories, life
// situations, their search and their popularity.
//
// A [Service] is data. Publishing writes an immutable revision, named by the hash of its content,
// and moves the pointer of its code (CAT-13); drafts and applications carry the revision that they
// began with, so that a form never changes under a citizen's hands. Withdrawing takes the pointer
// away and keeps the revisions.
//
//	services/**  ──Import──▶ revision ◀──Publish── editor
//	                            ▲
//	              service (code ▶ revision, published | withdrawn)
//
// Readers share a snapshot in memory (cards, forms, search index) that is built anew when the
// version in the database has moved: at once where it was published, within a second elsewhere.
package catalogue
