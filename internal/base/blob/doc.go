// Package blob keeps files: uploads, answers, scans, printed documents.
//
// [Store] is the place: a [Folder] or a bucket ([OpenS3]). It holds opaque bytes under random keys and is written once
// per key. Contexts do not use it directly but through [Sealed], which encrypts each file under a key of its own, counts
// and hashes while streaming, and gives a [Ref] for the row that names the file. A file is written before the commit that
// names it; what no row names is found by [Store.List] and removed by the owner's sweep.
//
// Format of a sealed file, version 1 (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015):
//
//	"okno" 1 | chunk 0 | chunk 1 | … | last chunk
//	chunk i = AES-256-GCM(file key, nonce = 0³ ‖ i as 8 bytes ‖ last?, aad = storage key, at most 64 KiB of plain bytes)
//
// Chunks can be read alone, so ranges work; changed, swapped, repeated and cut off chunks do not open.
package blob
