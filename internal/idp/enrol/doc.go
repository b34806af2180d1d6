// Package enrol leads people to an account and up its levels: registration,
// personal data and their checks, contacts and passwords, recovery of access.
//
// Each flow is a stored row, and its next step is derived from that row: it
// survives restarts, another day and another device. Steps never link to each
// other; a site shows what the row says.
//
//	registration   code ──right code──▶ password ──▶ done      a phone was given
//	               link ──link──▶ password ──▶ done            only an e-mail was given
//	recovery       code | link ──▶ password ──▶ done
//	check          waiting ──▶ asked ──▶ matched | mismatched | unanswered (five days)
//	                  └──────── corrected data ──────▶ superseded
//
// Nobody learns whether an account exists: an attempt with a taken contact goes
// through the same steps as any other and never comes to an end, while the owner
// of the contact is told. Only who has proved control of the contact learns more.
//
// Codes belong to one act of one subject, live five minutes, allow five tries;
// the next one is sent at the earliest after a minute, and one contact gets no
// more than a few an hour (G-20). Links are shown by GET and used by POST, since
// mail programs follow links by themselves.
//
// Neighbours: person, credential, session (what an account is made of), notify,
// event, journal. The registers of МВД and СФР are interfaces filled by exchange.
package enrol
