package client

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Kind tells state clients from others, which need approval (C-62).
type Kind string

// The two kinds of clients.
const (
	State      Kind = "state"
	Commercial Kind = "commercial"
)

// Status tells whether a client is answered.
type Status string

// The states of a client, as in the package comment.
const (
	Pending   Status = "pending"
	Active    Status = "active"
	Suspended Status = "suspended"
)

// Client is one registered relying party.
type Client struct {
	ID     string `db:"id"`   // the mnemonic, such as OKNO_PORTAL_72
	Name   string `db:"name"` // as people see it on the consent page
	Kind   Kind   `db:"kind"`
	Status Status `db:"status"`
	// Purpose says in the person's words what the client wants the data for.
	Purpose string `db:"purpose"`
	// HomeURL is where «Авторизованные порталы» and dead ends lead to.
	HomeURL string `db:"home_url"`
	// RedirectURIs and PostLogoutURIs are compared byte by byte (RFC 9700, 2.1).
	RedirectURIs   []string `db:"redirect_uris"`
	PostLogoutURIs []string `db:"post_logout_uris"`
	// BackchannelURI receives logout tokens; EventURI signed security events.
	BackchannelURI string `db:"backchannel_uri"`
	EventURI       string `db:"event_uri"`
	// Scopes is all that the client may ask for, by ESIA's names.
	Scopes []string `db:"scopes"`
	// MinLevel is the lowest account level that gets in (ID-SSO-05).
	MinLevel person.Level `db:"min_level"`
	// RefusedProofing names ways of confirmation that do not suffice (C-12).
	RefusedProofing []string `db:"refused_proofing"`
	// FirstParty is a site of this very deployment for its staff: no consent is asked.
	FirstParty bool `db:"first_party"`
	// SecondFactor demands two factors at each sign-in (ID-MFC-01).
	SecondFactor bool      `db:"second_factor"`
	CreatedAt    time.Time `db:"created_at"`
	ChangedAt    time.Time `db:"changed_at"`
}

// Allows tells whether uri is one of the registered redirect addresses.
func (c *Client) Allows(uri string) bool { return uri != "" && slices.Contains(c.RedirectURIs, uri) }

// AllowsAfterLogout tells whether uri may be opened after a logout.
func (c *Client) AllowsAfterLogout(uri string) bool {
	return uri != "" && slices.Contains(c.PostLogoutURIs, uri)
}

// Origins are the origins of all redirect addresses: what a form of the
// sign-in and consent pages may lead to (CSP form-action).
func (c *Client) Origins() []string {
	var out []string
	for _, s := range c.RedirectURIs {
		if o := Origin(s); o != "" && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// Permitted are those of the wanted scopes that the client may ask for, in the
// order of the wish and without repetitions; what is left over is ignored, as
// RFC 6749, 3.3 permits.
func (c *Client) Permitted(wanted []string) []string {
	var out []string
	for _, s := range wanted {
		if slices.Contains(c.Scopes, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Origin is scheme and host of an absolute URL, empty when s is none.
func Origin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

var mnemonic = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$`)

// check collects everything that is wrong with a registration.
func (c *Client) check() error {
	var bad []fault.Field
	if !mnemonic.MatchString(c.ID) {
		bad = append(bad, fault.F("id", "signin.client.bad_id"))
	}
	if strings.TrimSpace(c.Name) == "" || len(c.Name) > 400 {
		bad = append(bad, fault.F("name", "signin.client.bad_name"))
	}
	if len(c.RedirectURIs) == 0 {
		bad = append(bad, fault.F("redirect_uris", "signin.client.no_redirect"))
	}
	for field, list := range map[string][]string{
		"redirect_uris":    c.RedirectURIs,
		"post_logout_uris": c.PostLogoutURIs,
		"backchannel_uri":  optional(c.BackchannelURI),
		"event_uri":        optional(c.EventURI),
		"home_url":         optional(c.HomeURL),
	} {
		for _, s := range list {
			if !validURI(s) {
				bad = append(bad, fault.F(field, "signin.client.bad_uri", "uri", s))
			}
		}
	}
	if c.Kind != State && c.Kind != Commercial {
		bad = append(bad, fault.F("kind", "signin.client.bad_kind"))
	}
	if c.MinLevel < person.Simplified || c.MinLevel > person.Confirmed {
		bad = append(bad, fault.F("min_level", "signin.client.bad_level"))
	}
	for _, s := range c.Scopes {
		if !Known(s) {
			bad = append(bad, fault.F("scopes", "signin.client.bad_scope", "scope", s))
		}
	}
	if len(bad) > 0 {
		return fault.Invalid("signin.client.invalid", bad...)
	}
	return nil
}

func optional(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// hostOnly is a host as browsers send it, names of other letters in their ASCII
// form, with a port or without: it stands in our pages' Content-Security-Policy,
// where a star would mean every host.
var hostOnly = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// validURI accepts absolute https addresses without fragment and user, and
// plain http for the machine itself alone: demo and development.
func validURI(s string) bool {
	u, err := url.Parse(s)
	if err != nil || !hostOnly.MatchString(u.Host) || u.User != nil || strings.Contains(s, "#") {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		h := u.Hostname()
		return h == "localhost" || strings.HasSuffix(h, ".localhost") || h == "127.0.0.1" || h == "::1"
	}
	return false
}
