// Package ledger keeps journals that nobody can rewrite unnoticed and from which personal data can be erased.
//
// Machine: an [Entry] is appended in the transaction of the act that it tells of. Its payload is sealed; the row keeps
//
//	payload_hash = SHA-256(salt ‖ payload)       salt of 32 random bytes, inside the sealed payload
//	hash         = SHA-256(id, subject, actor, kind, object, at, payload_hash)
//
// A sweep takes entries that no batch holds yet and chains them:
//
//	batch n: hash = SHA-256(n ‖ hash of batch n−1 ‖ time ‖ count ‖ entry hashes by id),  mac = HMAC(key, hash)
//
// Erasing a payload takes its salt along, so nobody can test a guess against what stays, and every hash still holds.
// [Ledger.Verify] recomputes everything; a changed, added or removed entry of a sealed batch is found, also by
// somebody who owns the database but not the key. The tail can be cut unnoticed only down to the last [Head] that was
// noted elsewhere: the backup and the operations page note it.
//
// Owners: the journal contexts of the two products; each database has one ledger in the schema "ledger".
package ledger
