package support

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a request says of its page and browser, in characters.
const (
	maxPage    = 300
	maxBrowser = 300
	maxErrorID = 40
)

// CleanPage is the address of a page as a ticket may keep it: host and path.
// Query and fragment go, and so does every part of the path that could be a key
// to something: long and without the form of a word or an id.
func CleanPage(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if len(s) > 4096 {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if secret(p) {
			parts[i] = "…"
		}
	}
	return printable(u.Host+strings.Join(parts, "/"), maxPage)
}

// secret tells whether a part of a path could be a token: 20 characters and
// more, digits or capitals among them, and no UUID.
func secret(p string) bool {
	if len(p) < 20 || isUUID(p) {
		return false
	}
	return strings.ContainsFunc(p, func(c rune) bool { return unicode.IsDigit(c) || unicode.IsUpper(c) })
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// CleanErrorID is the id of an error page, or "" when it cannot be one.
func CleanErrorID(s string) string {
	if len(s) > maxErrorID {
		return ""
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return ""
		}
	}
	return s
}

// printable drops what is not to be seen and cuts to n characters.
func printable(s string, n int) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	if utf8.RuneCountInString(s) > n {
		s = string([]rune(s)[:n])
	}
	return s
}
