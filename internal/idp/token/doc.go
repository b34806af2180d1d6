// Package token issues and checks what relying parties hold: authorization
// codes, access tokens, refresh tokens and id tokens, and the keys that sign
// them.
//
// All tokens of one sign-in at one client are a family:
//
//	                 code ──Redeem──▶ access (10 min, signed JWT) + refresh
//	                                    refresh ──Refresh──▶ access + next refresh
//	family: living ──Revoke, session ended, code or refresh used twice──▶ revoked
//	           │  ──RevokePerson after an incident: offline ones, too──▶ revoked
//	           └─ expires_at: with the session (12 h), offline after 30 days without use, at most a year
//
// A code works once, for 60 seconds. A second use revokes the family, since one
// of the two users is a thief (RFC 6749, 4.1.2).
//
// Refresh tokens rotate in the row of their family, which knows the living one.
// The successor is a MAC of its predecessor, so a client that lost our answer may
// repeat within [grace] and gets the same successor again; in parallel, too. Any
// later or branching use revokes the family (RFC 9700, 4.14.2): a token of ours is
// known by its tag, however old, and one that we never gave out is not.
//
// An access token is checked by signature and by its family's row, its consent
// and its client: logout, withdrawal, suspension and deletion take effect at
// once, not when it expires. The identity provider's idle time (30 min) does not
// end a family: the relying party has an idle time of its own, and its user
// works there, not here.
//
// Times inside of tokens are wall time, since foreign programs check them;
// codes, refresh tokens and families live by domain time.
package token
