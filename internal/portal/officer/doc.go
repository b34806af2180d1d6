// Package officer says who works for which agency and what he may do there.
// The identity provider proves who someone is; rights are given here and here
// alone.
//
// An officer is an account's subject at one agency with roles. He acts for
// himself and, between two dates, for the colleagues whose deputy he is.
// Rights are looked up at each act: a dismissed officer's open session can do
// nothing.
package officer
