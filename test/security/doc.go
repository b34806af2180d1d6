// Package security looks at the running demo as somebody who means harm: every
// route of every site by every kind of visitor, foreign objects, foreign pages,
// odd requests, and what each answer says in its headers.
//
//	go test ./test/security       the tables; part of ./check
//	test/security/run             wapiti and ffuf against the same; part of ./check --full
package security
