// Package oidcrp is the relying party of OpenID Connect: it signs people in at
// an identity provider and keeps their sessions at a site (backend for
// frontend: no token ever reaches the browser).
//
//	Begin ──303──▶ provider ──▶ Callback ──▶ session row ──▶ Session(r)
//	                                           │ idle 30 min, 12 h at most, Logout, BackchannelLogout, EndSubject
//	                                           ▼
//	                                         ended
//
// Between Begin and Callback state, nonce, PKCE verifier and the way back are in
// one sealed cookie per sign-in: several tabs do not disturb each other, a
// restart loses nothing, and anonymous requests cost no row.
//
// The row holds a hash of the cookie's token; claims and tokens are sealed. A
// party works in its product's database; parties are told apart by client id.
//
// When the provider does not answer within the timeout of the HTTP client,
// everything here is fault Unavailable oidcrp.provider_away.
package oidcrp
