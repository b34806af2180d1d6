// Package opssite is the site for those who keep Okno running: what waits, what
// failed, who outside does not answer, how the journals stand, which pages are
// slow. It shows kinds, numbers and ids, never a person's data. Its few acts try
// again what is idempotent, or take away what was given up; each is an entry of
// the journal of the database that it touches.
//
//	/            what needs somebody, then the state of each database
//	/jobs        queues, failing jobs (try again, take away), sweeps, who did what
//	/deliveries  e-mail and SMS by state (send now), messages that failed, events
//	             that a receiver has not taken (send again)
//	/outside     registers, gateways, relying parties; questions without answer
//	/journals    heads of the chains, and their verification
//	/searches    what people search in vain
//	/storage     sizes, the last backup, how far a rotation of keys has come
//	/pages       answer times by route
//	/metrics     for Prometheus, with a bearer token
//
// Administrators sign in with a second factor; everybody else is refused.
package opssite
