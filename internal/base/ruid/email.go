package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Email is an address in canonical form: lower case, the domain in ASCII (punycode), so that equal mailboxes are equal.
type Email string

// ParseEmail reads one address local@domain: a dot-atom of ASCII and a domain of two labels at least (RFC 5321, 5322).
// Names in angle brackets, quoted local parts, comments and IP literals are refused, Cyrillic domains are taken.
// The local part is lowered: no provider of weight tells «Ivan@» from «ivan@», and people do not either.
func ParseEmail(s string) (Email, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxInput {
		return "", badFormat("email")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || !isDotAtom(s[:at]) {
		return "", badFormat("email")
	}
	domain, err := idna.Lookup.ToASCII(strings.ToLower(s[at+1:]))
	if err != nil || !isDomain(domain) {
		return "", badFormat("email")
	}
	if out := strings.ToLower(s[:at]) + "@" + domain; len(out) <= 254 {
		return Email(out), nil
	}
	return "", badFormat("email")
}

// isDotAtom tells whether s is a dot-atom (RFC 5322, 3.2.3).
func isDotAtom(s string) bool {
	for _, atom := range strings.Split(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			c := atom[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) < 0 {
				return false
			}
		}
	}
	return true
}

// isDomain tells whether s is a host name of two labels or more whose last is not a number.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 || allDigits(labels[len(labels)-1]) {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// Domain gives the part after @ in ASCII.
func (e Email) Domain() string {
	_, domain, _ := strings.Cut(string(e), "@")
	return domain
}

// Valid tells whether the value is canonical.
func (e Email) Valid() bool { return valid(e, ParseEmail) }

// String shows the domain in its own script: «anna@почта.рф».
func (e Email) String() string {
	local, domain, ok := strings.Cut(string(e), "@")
	shown, err := idna.Display.ToUnicode(domain)
	if !ok || err != nil {
		return string(e)
	}
	return local + "@" + shown
}

// Masked tells a person which address is meant without telling it to others: «a***@example.org».
func (e Email) Masked() string {
	local, domain, ok := strings.Cut(e.String(), "@")
	if !ok || local == "" {
		return ""
	}
	return local[:1] + "***@" + domain
}

// Value stores the canonical form.
func (e Email) Value() (driver.Value, error) { return value(string(e)) }

// SampleEmail makes an address at example.org, which is reserved for examples (RFC 2606).
func SampleEmail(n uint64) Email { return Email(fmt.Sprintf("citizen%d@example.org", n)) }
