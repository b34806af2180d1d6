// Package idsite is what citizens see of the identity provider: registration,
// sign-in with consent, and the profile with its settings and journals.
//
// The route table is routes.go. Sign-in and registration have no links between
// their steps: /login and /registration show whatever the dispatchers of
// idp/signin and idp/enrol derive from stored state, and each form posts to an
// address of its own that does one act and leads back.
//
// Handlers hold no rules: they read the form, call one use case and turn its
// answer into a view struct for a page in a .templ file. Texts are the keys
// idsite.* of locale/idsite.*.yaml.
package idsite
