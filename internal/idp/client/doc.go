// Package client is the registry of relying parties: the portals, offices,
// desks, banks and other information systems («системы-потребители») that
// people sign in to through the identity provider.
//
// It owns who a client is, where it may be answered, what it may ask for, how
// surely it must know a person, and how it proves itself:
//
//	pending --Approve--> active <--Suspend/Resume--> suspended
//
// A state client is active at once; a commercial one waits for approval by an
// administrator (C-62). Only an active client is answered.
//
// Several secrets and certificates of a client may be valid at once, so that
// it changes them without a pause. Neighbours: signin, consent, token and the
// protocol fronts read clients; nothing here reads a person.
package client
