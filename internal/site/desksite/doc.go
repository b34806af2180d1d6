// Package desksite is the workplace of a service centre's operator: whoever
// stands at the desk is found by document and SNILS, compared with the profile,
// and then confirmed, registered, helped to finish a registration, given access
// again or corrected.
//
// The site signs in like any other client (base/oidcrp) and demands two factors.
// What an operator may do is looked up by idp/operator at each act; a visit, named
// by its random id in the address, belongs to him alone. No personal data stands
// in an address: the search posts.
package desksite
