// Package officesite is the workplace of an agency's clerks: the queue of the
// own agency, one case with its answers, files, correspondence and history, and
// the acts on it.
//
// The route table is routes.go. Who may do what is package casework's: it looks
// rights up at each act, journals looks, and does not find what belongs to
// another agency. A person who is signed in but no officer gets 403 on every
// page. Sign-in asks for a second factor.
package officesite
