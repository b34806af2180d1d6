package kit

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// The preference cookies hold no secret and are the same on every site. Their
// life is the longest that browsers grant.
const (
	langCookie = "okno_lang"
	viCookie   = "okno_vi"
	prefLife   = 400 * 24 * time.Hour
)

var languageNames = map[string][2]string{"ru": {"Рус", "ский"}, "tt": {"Тат", "арча"}, "en": {"Eng", "lish"}}

// preferred puts language and version for the visually impaired into the
// request: cookie of this browser, then the person's choice, then what the
// browser asks for.
func (m *Mux) preferred(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = WithLang(r, m.LangOf(r))
		if q := requestOf(r); q != nil {
			q.vi = layout.ParseVI(cookieValue(r, viCookie))
		}
		next.ServeHTTP(w, r)
	})
}

// known gives a request that is answered early what pages are made of.
func (m *Mux) known(r *http.Request, lang, vi string) *http.Request {
	if requestOf(r) != nil {
		return r
	}
	q := &request{mux: m, id: crypt.Token()[:16], addr: m.address(r), vi: layout.ParseVI(vi)}
	return WithLang(r.WithContext(obs.WithRequestID(context.WithValue(r.Context(), requestKey{}, q), q.id)), lang)
}

// WithLang returns the request with its texts in lang. A site's middleware calls
// it for a signed-in person whose browser has no choice of its own, see [HasLang].
func WithLang(r *http.Request, lang string) *http.Request {
	q := requestOf(r)
	if q == nil {
		return r
	}
	q.loc = q.mux.Bundle.For(lang)
	return r.WithContext(i18n.With(r.Context(), q.loc))
}

// HasLang tells whether this browser carries a choice of language.
func HasLang(r *http.Request) bool { return cookieValue(r, langCookie) != "" }

// HasVI tells whether this browser carries a choice of the version for the
// visually impaired.
func HasVI(r *http.Request) bool { return cookieValue(r, viCookie) != "" }

// WithVI shows this request in the version for the visually impaired that a
// signed-in person has kept in his profile; see [HasVI].
func WithVI(r *http.Request, vi string) *http.Request {
	if q := requestOf(r); q != nil {
		q.vi = layout.ParseVI(vi)
	}
	return r
}

// VIOf is the version in which this request is shown, "" for the usual look.
func VIOf(r *http.Request) string {
	if q := requestOf(r); q != nil {
		return q.vi.String()
	}
	return ""
}

// CarryVI takes over a choice that was made on another site of the same person
// when this browser has none here.
func (m *Mux) CarryVI(w http.ResponseWriter, r *http.Request, vi string) {
	if v := layout.ParseVI(vi).String(); v != "" && !HasVI(r) {
		http.SetCookie(w, m.cookie(viCookie, v, prefLife))
		WithVI(r, v)
	}
}

// Base is the page of this request before its own parts: language, version for
// the visually impaired, addresses, the site's frame.
func Base(r *http.Request) layout.Page {
	if q := requestOf(r); q != nil {
		return q.mux.page(r)
	}
	return layout.Page{}
}

// L are the texts of this request.
func L(r *http.Request) *i18n.Localizer { return i18n.From(r.Context()) }

func (m *Mux) page(r *http.Request) layout.Page {
	l := i18n.From(r.Context())
	p := layout.Page{Lang: l.Lang(), PageURL: pageURL(r)}
	if q := requestOf(r); q != nil {
		p.VI = q.vi
	}
	back := url.Values{"back": {p.PageURL}}.Encode()
	p.VI.URL = "/prefs/vi?" + back
	known := m.Bundle.Languages()
	for _, code := range []string{"ru", "tt", "en"} {
		if !slices.Contains(known, code) {
			continue
		}
		name := languageNames[code]
		p.Langs = append(p.Langs, layout.Language{Code: code, Short: name[0], Rest: name[1], URL: "/prefs/lang/" + code + "?" + back})
	}
	if m.Frame != nil {
		m.Frame(r, &p)
	}
	return p
}

// pageURL is where switches and sign-in return to. After a POST there is no page
// to return to but the one that the form stood on.
func pageURL(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return LocalPath(r.URL.RequestURI(), "/")
	}
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
		return LocalPath(u.RequestURI(), "/")
	}
	return "/"
}

func (m *Mux) preferenceRoutes() {
	m.Handle("GET /prefs/lang/{lang}", m.setLang)
	m.Handle("GET /prefs/vi", m.showVI)
	m.Handle("POST /prefs/vi", m.setVI)
}

// setLang is a link, not a form: it works in the middle of a form's page, and a
// foreign page that follows it changes nothing but the language.
func (m *Mux) setLang(w http.ResponseWriter, r *http.Request) error {
	lang := r.PathValue("lang")
	if !slices.Contains(m.Bundle.Languages(), lang) {
		return errNoPage
	}
	http.SetCookie(w, m.cookie(langCookie, lang, prefLife))
	if m.LocaleChosen != nil {
		m.LocaleChosen(r, lang)
	}
	return See(w, r, LocalPath(r.URL.Query().Get("back"), "/"))
}

func (m *Mux) showVI(w http.ResponseWriter, r *http.Request) error {
	back := LocalPath(r.URL.Query().Get("back"), "/")
	p := Base(r)
	p.Title = L(r).T("kit.vi.title")
	p.Back = &ui.Link{Href: back}
	return Render(w, r, http.StatusOK, p, viBody(layout.VIForm(p.VI, "/prefs/vi", []ui.Hidden{{Name: "back", Value: back}})))
}

func (m *Mux) setVI(w http.ResponseWriter, r *http.Request) error {
	f, err := FormOf(r)
	if err != nil {
		return err
	}
	v := layout.VIFromForm(f.Text).String()
	c := m.cookie(viCookie, v, prefLife)
	if v == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	if m.VIChosen != nil {
		m.VIChosen(r, v)
	}
	return See(w, r, LocalPath(f.Text("back"), "/"))
}

// validKey bounds what a flash cookie may hold: message keys.
func validKey(s string) bool {
	if len(s) == 0 || len(s) > 80 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// Flash says something on the next page («Сохранено»): key is a message key
// without placeholders.
func (m *Mux) Flash(w http.ResponseWriter, key string) { m.SetCookie(w, "flash", key, 2*time.Minute) }

// TakeFlash is the text that Flash left, "" without one, and forgets it.
func (m *Mux) TakeFlash(w http.ResponseWriter, r *http.Request) string {
	key := m.Cookie(r, "flash")
	if !validKey(key) {
		return ""
	}
	m.DropCookie(w, "flash")
	l := i18n.From(r.Context())
	if !l.Has(key) {
		return ""
	}
	return l.T(key)
}
