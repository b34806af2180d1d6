package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// SecurityConfig is where people report a weakness of the system: RFC 9116.
type SecurityConfig struct {
	// Contacts are addresses as mailto:, tel: or https:, the best one first;
	// without them no site publishes security.txt.
	Contacts []string `yaml:"contacts"`
	// Policy tells how reports are dealt with, Encryption which key to use;
	// pages of the operator.
	Policy     string `yaml:"policy"`
	Encryption string `yaml:"encryption"`
	// Languages that the reports are read in; default ru, en.
	Languages []string `yaml:"languages"`
}

func (c *SecurityConfig) check(add func(string, ...any)) {
	for _, s := range c.Contacts {
		u, err := url.Parse(s)
		if err != nil || strings.ContainsAny(s, " \r\n") || u.Scheme != "mailto" && u.Scheme != "tel" && (u.Scheme != "https" || u.Host == "") || u.Opaque+u.Host == "" {
			add("security.contacts: %q is none of mailto:…, tel:…, https://…", s)
		}
	}
	for name, s := range map[string]string{"policy": c.Policy, "encryption": c.Encryption} {
		if s != "" && !strings.HasPrefix(s, "https://") {
			add("security.%s: %q is no https address", name, s)
		}
	}
	for _, l := range c.Languages {
		if l == "" || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			add("security.languages: %q is no language such as ru", l)
		}
	}
}

const (
	securityPath = "/.well-known/security.txt"
	// securityLife is how long a copy of the file may be believed; RFC 9116,
	// 2.5.5 asks for less than a year. The file is written anew each day.
	securityLife = 90 * 24 * time.Hour
)

// text is the file for one site; wall is the time of day of the world, since
// others read it.
func (c *SecurityConfig) text(base string, wall time.Time) string {
	var b strings.Builder
	for _, s := range c.Contacts {
		fmt.Fprintf(&b, "Contact: %s\n", s)
	}
	fmt.Fprintf(&b, "Expires: %s\n", wall.UTC().Truncate(24*time.Hour).Add(securityLife).Format(time.RFC3339))
	languages := c.Languages
	if len(languages) == 0 {
		languages = []string{"ru", "en"}
	}
	fmt.Fprintf(&b, "Preferred-Languages: %s\nCanonical: %s\n", strings.Join(languages, ", "), base+securityPath)
	for _, f := range [][2]string{{"Policy", c.Policy}, {"Encryption", c.Encryption}} {
		if f[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", f[0], f[1])
		}
	}
	return b.String()
}

// withSecurityTxt puts the file before a site; sites without contacts have none.
func (a *App) withSecurityTxt(base string, site http.Handler) http.Handler {
	if len(a.cfg.Security.Contacts) == 0 {
		return site
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != securityPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
			site.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=86400")
		_, _ = fmt.Fprint(w, a.cfg.Security.text(base, a.clock.Wall())) // the reader has gone
	})
}
