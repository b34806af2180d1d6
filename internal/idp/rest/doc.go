// Package rest is the profile API of the identity provider in ESIA's form: the
// only source from which portals fill in what is known of a person.
//
//	/rs/prns/{oid}             the person; ?embed=(contacts.elements,…)
//	/rs/prns/{oid}/ctts[/id]   contacts
//	/rs/prns/{oid}/addrs[/id]  addresses
//	/rs/prns/{oid}/docs[/id]   documents
//	/rs/prns/{oid}/vhls[/id]   vehicles
//	/rs/prns/{oid}/kids[/id]   children; below a child /docs
//
// A collection lists absolute addresses of its elements; with ?embed=(elements)
// the elements themselves. Only fields that the token's scopes permit are there;
// a resource without a single one is 403. Every read is in the person's journal.
//
// Beyond ESIA's fields there are ours, so that a form can say «проверено МВД
// 3 сентября 2026»: vrfOn (epoch seconds), vrfBy (code) and vrfByName (as people
// call it now); oknoLevel (1…3) and oknoProofing.
//
// Clients write trailing and doubled slashes: mount [Profiles] outside of a
// ServeMux, which would answer these with a redirect.
package rest
