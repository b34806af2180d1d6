package portalsite

import (
	"context"
	"net/http"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// visitor is who is signed in.
type visitor struct {
	sess   *oidcrp.Session
	acc    *account.Account
	unread map[notice.Category]int
}

func (v *visitor) unreadTotal() int {
	n := 0
	for _, c := range v.unread {
		n += c
	}
	return n
}

type visitorKey struct{}

// visitorOf is who is signed in, nil for everybody else.
func visitorOf(r *http.Request) *visitor {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	return v
}

// recognised finds out who sends a request. Without a session cookie that costs
// nothing; assets never ask.
func (s *Site) recognised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/assets/") || impersonal(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		v, err := s.visitor(r)
		if err != nil {
			s.mux.Fail(w, r, err)
			return
		}
		if v != nil {
			r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
			// Leaving, and forms of a session that has ended, are led on to the provider.
			kit.AllowFormAction(w, r, s.IDP)
			if v.acc.Locale != "" && !kit.HasLang(r) {
				r = kit.WithLang(r, v.acc.Locale)
			}
			if v.acc.Prefs.On && !kit.HasVI(r) {
				r = kit.WithVI(r, viOf(v.acc.Prefs).String())
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Site) visitor(r *http.Request) (*visitor, error) {
	sess, err := s.Party.Session(r)
	if err != nil || sess == nil {
		return nil, err
	}
	acc, err := s.Accounts.BySubject(r.Context(), sess.Subject)
	if fault.Is(err, fault.KindNotFound) { // the account was deleted meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	unread, err := s.Notices.Unread(r.Context(), acc.ID)
	if err != nil {
		return nil, err
	}
	return &visitor{sess: sess, acc: acc, unread: unread}, nil
}

// handler is a handler of the cabinet.
type handler func(w http.ResponseWriter, r *http.Request, v *visitor) error

// person lets in who is signed in and has accepted the user agreement. Others
// sign in first and come back; what a form carried is lost then (but see step).
func (s *Site) person(h handler) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visitorOf(r)
		if v == nil {
			return s.signIn(w, r, s.returnPath(r))
		}
		if ok, err := s.agreed(r, v); err != nil {
			return err
		} else if !ok {
			return kit.See(w, r, "/agreement?back="+query(s.returnPath(r)))
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r, v)
	}
}

// returnPath is the page that a request belongs to: of a form its own address or
// the page that it stood on.
func (s *Site) returnPath(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return kit.LocalPath(r.URL.RequestURI(), "/lk/")
	}
	return kit.Base(r).PageURL
}

// localeChosen keeps the language in the person's profile on this portal.
func (s *Site) localeChosen(r *http.Request, lang string) {
	v := visitorOf(r)
	if v == nil {
		return
	}
	if err := s.Accounts.SetLocale(r.Context(), v.acc.ID, lang); err != nil {
		// The cookie has the choice; the profile follows the next time.
		s.mux.Log.WarnContext(r.Context(), "keep language", "request", kit.RequestID(r), "error", err)
	}
}

// viOf is the version for the visually impaired as the account keeps it.
func viOf(p account.Prefs) layout.VI {
	return layout.VI{On: p.On, Size: p.Size, Spacing: p.Spacing, Scheme: p.Scheme, NoImages: p.NoImage}
}

// viChosen keeps the version for the visually impaired in the profile.
func (s *Site) viChosen(r *http.Request, choice string) {
	v := visitorOf(r)
	if v == nil {
		return
	}
	c := layout.ParseVI(choice)
	err := s.Accounts.SetPrefs(r.Context(), v.acc.ID, account.Prefs{On: c.On, Size: c.Size, Spacing: c.Spacing, Scheme: c.Scheme, NoImage: c.NoImages})
	if err != nil {
		// The cookie has the choice; the profile follows the next time.
		s.mux.Log.WarnContext(r.Context(), "keep the look", "request", kit.RequestID(r), "error", err)
	}
}

// contacts is where messages to the person go.
func (s *Site) contacts(r *http.Request, v *visitor) (c account.Contacts, err error) {
	err = s.Accounts.DB.Read(r.Context(), func(tx *db.Tx) error {
		c, err = s.Accounts.Contacts(r.Context(), tx, v.acc.ID)
		return err
	})
	return c, err
}
