// Package application takes a citizen's request for a service from the draft
// to the decision.
//
//	        Begin                SaveStep, Attach …            Submit (one transaction)
//	card ─────────▶ draft ◀────────────────────▶ awaiting ──────────────▶ sent
//	                  │                          signature                  │ job application.route
//	                  └─ expires after 90 days, with a word before          ▼
//	   withdrawn ◀── citizen ──┬───────────────┬────────────┐          registered
//	                           │               │            │               │ Take (casework)
//	                       more_info ◀──▶   in_work  ◀──▶ invited ◀──▶ awaiting_payment
//	                           │               │            │               │
//	                           └───────────────┴──▶ granted │ refused ──▶ closed
//
// status.go holds the whole machine. The agency's acts are package casework's:
// it decides who may, and calls the methods of agency.go in its transaction.
//
// Party model: an application has an owner (whose cabinet holds it), a subject
// (whom it is about: the owner or a child), who filed it, in which capacity and
// through which channel. Lists and rights go by owner. A foreign application is
// not found, like a missing one.
//
// What was signed can be reproduced: the content keeps the normalised answers
// in the words that the citizen saw, the snapshot of the profile, the hashes of
// the files and the very bytes that were signed.
package application
