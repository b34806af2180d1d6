// Package account is what the portal itself knows of a person: the link
// between the identity provider's subject and the owner of everything in the
// cabinet, and the person's choices on this portal.
//
// The identity provider says who someone is and how surely; this package keeps
// the last word of it (level, contacts) so that an act can be refused when the
// token of the session is older than the truth:
//
//	first sign-in ─▶ account ──sign-in──▶ level as in the token
//	                    │ ──event: level raised──▶ offered level: "sign in again" (C-53)
//	                    │ ──event: level lowered─▶ level, at once
//	                    └ ──event: deleted──▶ closed: the subject is forgotten, the id stays
//
// Neighbours: everything that a citizen owns leads with [Account.ID].
package account
