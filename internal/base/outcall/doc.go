// Package outcall makes the HTTP clients by which Okno calls others: registers, banks, gateways, relying parties.
//
// Every client has time limits, a limit on what it reads, the request's number in X-Request-ID, and a breaker per host
// that stops asking a destination which does not answer. Its dialer looks at the address that a name resolves to, at
// the first call and on every redirect, and refuses the machine itself and private networks: otherwise whoever
// registers a URL (a relying party's logout address, a key set) could make Okno call its own inside. An allow-list
// opens what a deployment needs; the demo allows the loopback.
package outcall
