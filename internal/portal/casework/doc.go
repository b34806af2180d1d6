// Package casework is the agency's side of an application: the queue of the
// own agency, taking a case, asking, inviting, answering, refusing, closing.
//
// Each act looks up the officer's rights anew: he is active, a clerk, of the
// agency of the case, and holds it, himself or as the holder's deputy. A case
// of another agency is not found. Acts carry a key (sent twice, they are one)
// and the version of the case as it was shown (somebody was quicker: a
// conflict, nothing is overwritten).
//
// Looks are journalled and visible to the citizen, once per officer, case and
// hour: opening a case, opening a file, also a row of the queue with a name.
//
// The state of a case is the application's (package application); only the
// internal notes, which the citizen never sees, are kept here.
package casework
