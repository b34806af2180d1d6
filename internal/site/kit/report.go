package kit

import (
	"net/http"
	"net/url"
	"strings"
)

// ReportURL is the address of «Сообщить об ошибке» for the page of this request:
// the form at base is told which page it is about. An absolute base is another
// site's form, to which the page's host is told too. The query of the page and
// what could be a key in its path stay here.
func ReportURL(base string, r *http.Request) string {
	if base == "" {
		return ""
	}
	page, err := url.Parse(pageURL(r))
	if err != nil {
		return base
	}
	about := plainPath(page.Path)
	if strings.Contains(base, "://") {
		about = r.Host + about
	}
	return base + "?" + url.Values{"page": {about}}.Encode()
}

// plainPath leaves out those parts of a path that could be keys: long, with
// digits or capitals, and no UUID.
func plainPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		isID := len(p) == 36 && strings.Count(p, "-") == 4 && strings.Trim(p, "0123456789abcdef-") == ""
		if len(p) >= 20 && !isID && strings.ContainsAny(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// withErrorID tells the report form the id that the person sees.
func withErrorID(report, id string) string {
	sep := "?"
	if strings.Contains(report, "?") {
		sep = "&"
	}
	return report + sep + "error=" + url.QueryEscape(id)
}
