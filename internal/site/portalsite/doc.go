// Package portalsite is what citizens see of a regional portal: the catalogue and
// the help for everybody, forms of services and the cabinet for who has signed
// in at the identity provider.
//
// The route table is routes.go. Handlers hold no rules: they read the request,
// call one use case of a context and turn its answer into a struct of package
// page. Anonymous pages are rendered once and served as compressed bytes (see
// prepared.go); all others are made for the request.
//
// Who may see what: a page of the cabinet asks [Site.person], which leads an
// anonymous visitor to the sign-in and back, and a new one to the user agreement
// (ID-CNS-08). Whose an application or a file is, the contexts decide.
package portalsite
