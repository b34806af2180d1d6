// Package opssite is the site for those who keep Okno running: what waits, what
// failed, who outside does not answer, how the journals stand, which pages are
// slow. It shows kinds, numbers and ids, never a person's data; acts that change
// anything but the reader's session are not here.
//
//	/            what needs somebody, then the state of each database
//	/jobs        queues, failing jobs, sweeps
//	/deliveries  e-mail and SMS by state, messages that failed
//	/outside     registers, gateways, relying parties
//	/journals    heads of the chains, and their verification
//	/pages       answer times by route
//	/metrics     for Prometheus, with a bearer token
//
// Administrators sign in with a second factor; everybody else is refused.
package opssite
