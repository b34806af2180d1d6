// Package drive runs the real okno binary as a process of its own and uses it
// as its people do: over HTTP, by the forms that are on the pages, without
// script. Kill loops, scripts and benchmarks share it.
//
// Everything that a person does returns an error instead of ending the test: in
// these tests requests are meant to fail, and what counts is what was
// acknowledged before.
package drive
