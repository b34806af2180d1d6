// Package person owns the natural person's account: who it is, how surely, and
// what the profile holds. Everything else of the identity provider refers to a
// person by its [OID].
//
// Levels (ID-LVL-01, ID-LVL-10):
//
//	simplified ──registers match──▶ standard ──identity proven──▶ confirmed
//	     └───────────────────in a service centre────────────────────▲
//
// A set of personal data is a version (ID-VER-15):
//
//	checking ──both registers match──▶ verified ──a newer one verified──▶ superseded
//	    └─────────a mismatch─────────▶ failed ───corrected and sent again──▶ superseded
//
// The verified version is in force; an entered one is in force only while none
// was ever verified. A contact is unconfirmed or confirmed; a confirmed phone or
// e-mail belongs to one account alone, guarded by a unique blind index.
//
// SNILS, document numbers, contacts, addresses and children are sealed; what must
// be found also has a blind index. Neighbours: event (outbox of security events),
// journal. Nothing here sends messages: enrol does.
package person
