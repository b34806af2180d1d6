// Package document keeps the files of citizens and agencies: attachments of
// drafts and applications, answers, later the digital archive.
//
// A file is streamed: its type is told by extension and content, it is counted,
// hashed and encrypted on the way, and never lies open on a disk.
//
//	Upload ─▶ received ─▶ waiting ─▶ clean
//	          (bytes      (scanner  └▶ infected   nobody gets the bytes any more
//	           arrive)     is asked) └▶ unchecked  no scanner is configured, and everybody sees that
//
// Every document has one holder, such as "draft/<id>" or "application/<id>".
// Upload binds it loosely; the transaction of whoever names it calls
// [Documents.Keep] or [Documents.Move]. What nobody kept within a day, what was
// released, and what a crash left half-received is swept, blob first. A blob is
// always written before the commit that names it.
package document
