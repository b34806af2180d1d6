// Package signin leads a person from "somebody wants to enter" to "here is your
// answer". It owns the stored authorization request and the half-finished
// sign-in, and one dispatcher that derives the next step from stored state:
//
//	        ┌ login          nobody is signed in, or a fresh proof is asked for
//	        ├ second factor  the password was right, the app's code is missing
//	        ├ no factor      the client demands a code and there is no app
//	Next ───┼ password       a temporary password let in: set a new one
//	        ├ level          the account's level does not suffice: how to raise it
//	        ├ consent        «Предоставить»
//	        └ done           back to the client with a code
//
// Pages never link to each other: each does its own act and asks Next again. So
// a reload, a second tab, a restart and the back button all find the right page.
//
// A request lives for an hour. It is finished once; asking again before the
// client has redeemed its code gives a fresh code, so that a second press of a
// button is as good as the first.
//
// Protocol fronts (oidc; later esia) store requests with [Dispatcher.Begin] and
// write the answers; the sites of the identity provider draw the pages.
package signin
