// Package oidc is the OpenID Connect front of the identity provider: it reads
// requests off the wire, asks signin and token, and writes answers. It keeps no
// state of its own.
//
//	GET,POST /oauth2/authorize   code with PKCE S256 alone; prompt, max_age, acr_values, login_hint, id_token_hint, ui_locales
//	GET      /oauth2/continue    the own GET after a POST to authorize, which carries no Lax cookie
//	POST     /oauth2/token       authorization_code, refresh_token
//	GET,POST /oauth2/userinfo
//	POST     /oauth2/introspect  RFC 7662, for a client's own tokens
//	POST     /oauth2/revoke      RFC 7009
//	GET,POST /oauth2/logout      RP-initiated; the back channel follows by job
//	GET      /oauth2/jwks
//	GET      /.well-known/openid-configuration, /.well-known/oauth-authorization-server
//
// The token endpoint is one pipeline: parse → authenticate client → grant →
// issue → write. A grant fills in its own part and cannot forget the rest.
//
// Scopes have ESIA's names; profile, email, phone and address of OIDC map onto
// them. Protocol errors are values of type [Error], written in one place each:
// to the client's address, as JSON, or as a WWW-Authenticate challenge.
package oidc
