package kit

import (
	"fmt"
	"html"
	"net/http"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// failPage shows the error in the site's layout. When even that breaks, a plain
// page without layout goes out: the error page cannot fail.
func (m *Mux) failPage(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	defer func() {
		if v := recover(); v != nil {
			m.Log.ErrorContext(r.Context(), "error page failed", "request", RequestID(r), "panic", fmt.Sprint(v))
			m.plainFail(w, r, e)
		}
	}()
	l := i18n.From(r.Context())
	kind := e.Kind.String()
	v := failView{Title: l.T("kit.error." + kind + ".title"), Text: detail(l, e)}
	for _, f := range e.Fields {
		v.More = append(v.More, l.T(f.Key, f.Args...))
	}
	p := m.page(r)
	p.Title, p.NoIndex = v.Title, true
	switch e.Kind {
	case fault.KindInternal, fault.KindUnavailable:
		v.ID = ErrorID(r)
		if r.Method == http.MethodGet {
			v.Doors = append(v.Doors, ui.Link{Text: l.T("kit.error.again"), Href: p.PageURL})
		}
	case fault.KindUnauthenticated:
		if p.SignIn.Href != "" {
			v.Doors = append(v.Doors, ui.Link{Text: l.T("kit.error.login"), Href: p.SignIn.Href})
		}
	}
	home := p.Brand.Home
	if home == "" {
		home = "/"
	}
	v.Doors = append(v.Doors, ui.Link{Text: l.T("kit.error.home"), Href: home})
	if v.ID != "" && p.ReportURL != "" { // ERR-02: the id need not be copied by hand
		p.ReportURL = withErrorID(p.ReportURL, v.ID)
		v.Doors = append(v.Doors, ui.Link{Text: l.T("ui.footer.report"), Href: p.ReportURL})
	}
	if err := write(w, r, Status(e.Kind), layout.Render(p, failBody(v))); err != nil {
		m.Log.ErrorContext(r.Context(), "error page failed", "request", RequestID(r), "error", err)
		m.plainFail(w, r, e)
	}
}

func (m *Mux) plainFail(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	l := i18n.From(r.Context())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(Status(e.Kind))
	title := html.EscapeString(l.T("kit.error." + e.Kind.String() + ".title"))
	_, _ = fmt.Fprintf(w, `<!DOCTYPE html><html lang="%s"><meta charset="utf-8"><title>%s</title><main><h1>%s</h1><p>%s</p><p>%s</p><p><a href="/">%s</a></p></main></html>`,
		l.Lang(), title, title, html.EscapeString(l.T("kit.error."+e.Kind.String()+".text")), html.EscapeString(l.T("kit.error.id", "id", ErrorID(r))), html.EscapeString(l.T("kit.error.home")))
}
