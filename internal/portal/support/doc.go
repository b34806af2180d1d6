// Package support is the technical support of one portal: tickets that citizens
// write, with or without an account, and the officers who answer them.
//
//	          Take                 Answer
//	new ───────────────▶ in_work ─────────▶ answered ──┐ 14 days, or «вопрос решён»
//	 ▲ ◀───────────────     ▲                  │       ▼
//	 │     PutBack          └──────────────────┘    closed
//	 └── the citizen writes again (nobody's)  the holder's
//
// Close ends a ticket that needs no answer (spam, double, settled on the phone).
// Every wait for support has a term of 24 hours by the clock (HLP-07, C-63): the
// row's due_at; a sweep marks what is late and tells the citizen.
//
// A ticket belongs to a queue by its topic: questions about the account go to
// the identity queue, all others to the portal's. An answer reaches an owner by
// his feed and its channels, others by e-mail to the address that they left.
//
// Whoever has no account could flood the queue or send letters to strangers by
// it: nothing is mailed before an officer has answered, and requests are counted
// by device, network and account. Names, addresses, pages and texts are sealed;
// each look of an officer is in the journal.
//
// Neighbours: officer (rights at each act), account and notice (where answers
// go), journal, setting.
package support
