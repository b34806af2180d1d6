// Package ruid holds the identifiers of Russian state life as typed values: СНИЛС, ИНН, ОГРН, УИН, a passport,
// a phone number and so on.
//
// Each type is a string in its canonical form, the one to store, to compare and to send: digits without separators
// where the document has digits. String gives what people see («112-233-445 95»); string(x) is canonical,
// and so are JSON and SQL. Values come from ParseX, which forgives spaces, dashes and look-alike letters,
// or from a trusted column; Valid tells whether a value would pass ParseX.
//
// Errors are *Error: errors.Is(err, ErrFormat) or ErrChecksum tells the cause, Key names the message that says
// how to mend the field. Errors never hold the value, since most of these are personal data.
//
// SampleX(n) makes valid values for tests and the demo: the same for the same n, distinct for distinct n within the
// stated range. They may coincide with real ones, so they never leave the machine.
package ruid
