// Package kit is what every site is made of: handlers that return errors, one
// place that turns errors into pages, the page base (language, version for the
// visually impaired, layout), cookies, limits and the security headers.
//
// A request goes through the parts in this order:
//
//	request id, access log, metrics → preferences (language, VI) → recover →
//	security headers → cross-origin check → the site's own middleware
//	([Mux.Use]) → body limit and deadline → handler → page or error page
//
// A site is a struct of exported dependencies whose Handler method fills one
// [Mux]; the route table is one file. Handlers never write an error themselves:
// they return it, and [Mux] renders the kind of the fault (docs/ARCHITECTURE.md,
// section 5) in the site's own layout, or as an RFC 9457 problem below the
// prefixes of [Mux.API].
package kit
