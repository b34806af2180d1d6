package portalsite

import (
	"net/http"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

type layoutPage = layout.Page

func link(text, href string) ui.Link { return ui.Link{Text: text, Href: href} }

// page is the frame of a page with its title.
func (s *Site) page(r *http.Request, title string) layout.Page {
	p := kit.Base(r)
	p.Title = title
	return p
}

// cabinetPage is the frame of a page of the cabinet; key names its title.
func (s *Site) cabinetPage(r *http.Request, key string) layout.Page {
	p := s.page(r, s.words(r).t(key))
	p.NoIndex = true
	return p
}

// crumbs begin at the main page; the page itself closes them in its heading.
func (w words) crumbs(way ...ui.Link) []ui.Link {
	return append([]ui.Link{link(w.t("nav.home"), "/")}, way...)
}

// frame is header and footer of every page (PRT-03, PRT-05, PRT-06). What is not
// built yet is not named here.
func (s *Site) frame(r *http.Request, p *layout.Page) {
	l := s.words(r)
	b := s.brand(r.Context())
	p.Kind, p.Brand, p.Offline = layout.Portal, s.layoutBrand(r.Context(), b, l.Lang()), true
	p.ReportURL = kit.ReportURL("/report", r)
	s.framePlace(r, p)
	p.Nav = []ui.Link{
		{Text: l.t("nav.catalogue"), Href: "/services", Current: under(r, "/services", "/categories", "/search", "/agencies")},
		{Text: l.t("nav.situations"), Href: "/situations", Current: under(r, "/situations")},
		{Text: l.t("nav.help"), Href: "/help/", Current: under(r, "/help")},
	}
	p.Footer = layout.Footer{
		Columns: []layout.Column{
			{Title: l.t("footer.portal"), Links: []ui.Link{
				link(l.t("catalogue.registry"), "/services"), link(l.t("nav.agencies"), "/agencies"),
				link(l.t("nav.centres"), "/centres"), link(l.t("news.title"), "/news"),
			}},
			{Title: l.t("footer.help"), Links: []ui.Link{
				link(l.t("help.questions"), "/help/"), link(l.t("footer.levels"), "/help/levels"), link(l.T("support.form.title"), "/support"), link(l.t("acts.title"), "/acts"),
			}},
		},
		Legal: []ui.Link{link(l.t("agreement.title"), "/agreement"), link(l.t("privacy.title"), "/privacy")},
		Note:  l.t("footer.note"),
	}
	if b.AppealURL != "" {
		c := &p.Footer.Columns[1]
		c.Links = append(c.Links, link(l.t("agency.appeal"), b.AppealURL))
	}
	v := visitorOf(r)
	if v == nil {
		// The cabinet is in the menu of who is signed in.
		p.Nav = append(p.Nav, link(l.t("lk.title"), "/lk/"))
		p.SignIn = link(l.t("nav.login"), "/auth/begin?back="+query(p.PageURL))
		p.Register = link(l.t("nav.register"), "/auth/register?back="+query(p.PageURL))
		return
	}
	s.personFrame(p, l, v)
}

// personFrame is the surname with its menu (PRT-03, PRT-04, NTF-11).
func (s *Site) personFrame(p *layout.Page, l words, v *visitor) {
	c := v.sess.Claims
	n := v.unreadTotal()
	p.User = &layout.User{
		Name: c.FamilyName, Initials: strings.TrimSpace(rutext.Initials("", c.GivenName, c.MiddleName)), Unread: n, FeedURL: "/lk/notifications",
		Menu: []ui.Link{
			{Text: l.t("menu.notices"), Href: "/lk/notifications", Icon: icon.Bell, Count: n},
			{Text: l.t("menu.applications"), Href: "/lk/applications", Icon: icon.Doc},
			{Text: l.t("menu.documents"), Href: s.IDP + "/profile/documents", Icon: icon.Folder},
			{Text: l.T("support.mine.menu"), Href: "/lk/support", Icon: icon.Message},
			{Text: l.t("menu.cabinet"), Href: "/lk/", Icon: icon.User},
			{Text: l.t("menu.account"), Href: s.IDP + "/profile/settings", Icon: icon.Gear},
			{Text: l.t("menu.home"), Href: "/", Icon: icon.Home},
		},
		SignOut: &layout.SignOut{URL: "/auth/logout"},
	}
	p.Session = &layout.Session{
		Left: s.sessionLeft(v), ExtendURL: "/auth/extend", SignInURL: "/auth/begin?back=" + query(p.PageURL),
		Hidden: []ui.Hidden{{Name: "back", Value: p.PageURL}},
	}
}

func (s *Site) sessionLeft(v *visitor) time.Duration {
	now := s.Clock.Now()
	return max(0, min(v.sess.IdleUntil.Sub(now), v.sess.ExpiresAt.Sub(now)))
}

func under(r *http.Request, heads ...string) bool {
	for _, h := range heads {
		if r.URL.Path == h || strings.HasPrefix(r.URL.Path, h+"/") {
			return true
		}
	}
	return false
}

// phone writes a number as people do; what is none stays as it is.
func phone(s string) string {
	if n, err := ruid.ParsePhone(s); err == nil {
		return n.String()
	}
	return s
}
