package kit

import (
	"net/url"
	"strings"
)

// LocalPath returns p when it is a path (with query) on this very site, and
// fallback otherwise. It is the guard against open redirects: scheme, host,
// "//host", backslashes and control characters never pass.
func LocalPath(p, fallback string) string {
	if len(p) == 0 || len(p) > 2048 || p[0] != '/' || strings.HasPrefix(p, "//") {
		return fallback
	}
	for _, c := range []byte(p) {
		if c < 0x21 || c == '\\' || c == 0x7f {
			return fallback
		}
	}
	u, err := url.Parse(p)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return fallback
	}
	// "/%2F/evil" and "/.//evil" become "//evil" for whoever decodes or cleans once more.
	if strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) || strings.Contains(u.Path, "/./") || strings.Contains(u.Path, "/../") {
		return fallback
	}
	return p
}
