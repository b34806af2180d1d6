// Package archtest enforces docs/ARCHITECTURE.md: who may import whom, how
// large a file may grow, what only one package may touch. A failing rule names
// its reason; needing an arrow against the rules means to pass an id, to let a
// site put two contexts on one page, to declare a small interface at the
// consumer and wire it in app, or to enqueue a job.
package archtest

import (
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/okno-gov/okno"

// baseOrder is the order of base: each room may import the ones before it.
var baseOrder = []string{
	"fault", "clock", "rutext", "ruid", "i18n", "crypt", "hsm", "gost", "pki", "obs", "postgres", "db", "recall", "dbtest", "job", "blob", "ledger", "outcall", "outbound", "oidcrp",
}

// portalEdges and idpEdges are the arrows between contexts besides journal and
// setting, which every context of a product may import.
var portalEdges = map[string][]string{
	"directory": {}, "form": {}, "term": {}, "document": {}, "account": {},
	"journal": {}, "setting": {},
	"brand":       {"form"},
	"officer":     {"directory"},
	"catalogue":   {"directory", "form", "term"},
	"notice":      {"account"},
	"content":     {"form", "notice"},
	"payment":     {"account", "notice"},
	"application": {"catalogue", "directory", "form", "term", "document", "account", "notice"},
	"casework":    {"application", "catalogue", "form", "officer", "directory", "document", "term", "account", "notice"},
	"appointment": {"directory", "account", "notice"},
	"letter":      {"account", "document", "notice"},
	"appeal":      {"officer", "directory", "document", "term", "account", "notice"},
	"support":     {"officer", "account", "notice", "term"},
}

var idpEdges = map[string][]string{
	"event": {}, "notify": {}, "journal": {}, "setting": {},
	"person":     {"event"},
	"credential": {"person"},
	"signature":  {"person"},
	"session":    {"person"},
	"client":     {"person"},
	"org":        {"person"},
	"mandate":    {"person", "org", "event"},
	"consent":    {"person", "client", "event"},
	"token":      {"person", "client", "consent", "session"},
	"signin":     {"credential", "signature", "session", "person", "org", "notify", "client", "consent", "token"},
	"enrol":      {"person", "credential", "session", "consent", "notify", "event"},
	"operator":   {"person", "enrol", "credential", "session", "notify"},
	"oidc":       idpFronts, "esia": idpFronts, "rest": idpFronts,
}

var idpFronts = []string{"signin", "enrol", "consent", "client", "token", "session", "person", "org", "mandate"}

// sites says which product a site belongs to.
var sites = map[string]string{
	"idsite": "idp", "desksite": "idp", "consolesite": "idp", "portalsite": "portal", "officesite": "portal", "api": "portal", "opssite": "",
}

// only names third-party packages that one package alone may import.
var only = map[string][]string{
	"github.com/jackc/pgx/v5/pgxpool":                    {"internal/base/db"},
	"github.com/pressly/goose/v3":                        {"internal/base/db"},
	"github.com/riverqueue/river":                        {"internal/base/job"},
	"github.com/riverqueue/river/rivermigrate":           {"internal/base/db"},
	"github.com/riverqueue/river/rivertype":              {"internal/base/job"},
	"github.com/riverqueue/river/riverdriver/riverpgxv5": {"internal/base/db", "internal/base/job"},
}

// Problem is one import against the rules.
type Problem struct{ From, To, Why string }

// check judges one import. from and to are paths below the module, or the path
// of a foreign package.
func check(from, to string, test bool) string {
	if owners, ok := only[to]; ok && !slices.Contains(owners, from) {
		return "only " + strings.Join(owners, ", ") + " may import it"
	}
	if to == "net/http" && !test && !isStand(from) {
		return checkHTTP(from)
	}
	if !isOurs(to) {
		return ""
	}
	// Tests may start the whole program and the test database.
	if test && (to == "internal/app" || to == "internal/base/dbtest" || strings.HasPrefix(to, "internal/") && strings.HasPrefix(from, "internal/site/")) {
		return ""
	}
	// Tests judge by the delivered texts and definitions, which are data.
	if (test || isStand(from)) && (to == "locale" || to == "services") {
		return ""
	}
	// A test stand, such as idp/oidc/oidctest, wires its whole product for tests.
	if isStand(from) && part(from, 1) == part(to, 1) || test && isStand(to) && part(from, 1) == part(to, 1) {
		return ""
	}
	switch {
	case strings.HasPrefix(from, "cmd/okno"):
		return allow(to == "internal/app", "cmd imports app alone")
	case from == "internal/app" || strings.HasPrefix(from, "internal/app/"):
		return ""
	case strings.HasPrefix(from, "test/"):
		return allow(to == "internal/app" || to == "internal/base/dbtest" || to == "internal/site/kit/kittest" || to == "internal/base/obs/obstest" || to == "internal/demo" || strings.HasPrefix(to, "test/"), "test/ starts the program through app and knows the demo's persons")
	case strings.HasPrefix(from, "internal/site/"):
		return checkSite(from, to)
	case strings.HasPrefix(from, "internal/portal/"):
		return checkContext("portal", portalEdges, from, to)
	case strings.HasPrefix(from, "internal/idp/"):
		return checkContext("idp", idpEdges, from, to)
	case strings.HasPrefix(from, "internal/ui"):
		return allow(strings.HasPrefix(to, "internal/ui") || to == "internal/base/i18n", "ui knows nothing of the domain")
	case strings.HasPrefix(from, "internal/demo"):
		return allow(strings.HasPrefix(to, "internal/base/") || strings.HasPrefix(to, "internal/ui") || strings.HasPrefix(to, "internal/site/kit") || strings.HasPrefix(to, "internal/demo"),
			"demo imports nothing of the products; app hands it functions")
	case strings.HasPrefix(from, "internal/base/"):
		return checkBase(from, to, test)
	case from == "services" || from == "locale" || strings.HasPrefix(from, "services/") || strings.HasPrefix(from, "locale/"):
		return allow(test, "data imports nothing")
	case from == "internal/archtest":
		return ""
	}
	return from + " has no place in the picture: add it to docs/ARCHITECTURE.md and archtest"
}

// isStand tells whether a package exists for tests alone: below a context, with
// a name of context and "test".
func isStand(path string) bool { return part(path, 3) != "" && part(path, 3) == part(path, 2)+"test" }

func isOurs(path string) bool {
	for _, p := range []string{"internal/", "cmd/", "test/", "services", "locale"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

func allow(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

func part(path string, n int) string {
	p := strings.Split(path, "/")
	if n < len(p) {
		return p[n]
	}
	return ""
}

func checkHTTP(from string) string {
	switch part(from, 1) {
	case "portal":
		return allow(part(from, 2) == "exchange", "net/http only in portal/exchange: contexts know no web")
	case "idp":
		return allow(slices.Contains([]string{"oidc", "esia", "rest", "exchange"}, part(from, 2)), "net/http only in idp's fronts and exchange")
	}
	return ""
}

func checkSite(from, to string) string {
	site := part(from, 2)
	switch {
	case strings.HasPrefix(to, "internal/ui"), strings.HasPrefix(to, "internal/base/"):
		return ""
	case strings.HasPrefix(to, "internal/site/kit"):
		return ""
	case strings.HasPrefix(to, "internal/site/"):
		return allow(part(to, 2) == site, "a site never imports another site")
	case site == "kit":
		return "site/kit imports ui and base alone"
	}
	product, known := sites[site]
	if !known {
		return "unknown site: add it to docs/ARCHITECTURE.md and archtest"
	}
	return allow(product != "" && strings.HasPrefix(to, "internal/"+product+"/"), "a site imports its own product's contexts, ui, base and kit")
}

func checkContext(product string, edges map[string][]string, from, to string) string {
	if strings.HasPrefix(to, "internal/base/") {
		return ""
	}
	if !strings.HasPrefix(to, "internal/"+product+"/") {
		return "the two products share nothing, and contexts know neither sites nor ui"
	}
	a, b := part(from, 2), part(to, 2)
	if a == b || a == "exchange" {
		return ""
	}
	if b == "journal" || b == "setting" && a != "journal" {
		return ""
	}
	may, known := edges[a]
	if !known {
		return "unknown context " + a + ": add its line to docs/ARCHITECTURE.md and archtest"
	}
	return allow(slices.Contains(may, b), "no arrow from "+a+" to "+b)
}

func checkBase(from, to string, test bool) string {
	if !strings.HasPrefix(to, "internal/base/") {
		return "base knows nothing of government, sites or ui"
	}
	a, b := part(from, 2), part(to, 2)
	if a == b || test && b == "dbtest" {
		return ""
	}
	i, j := slices.Index(baseOrder, a), slices.Index(baseOrder, b)
	if i < 0 {
		return "unknown room of base: add it to docs/ARCHITECTURE.md and archtest"
	}
	return allow(j >= 0 && j < i, "base imports lower base only: "+strings.Join(baseOrder, " "))
}
