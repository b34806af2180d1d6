package idsite

import (
	"net/http"
	"strings"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// frame is header and footer of every page of the site.
func (s *Site) frame(r *http.Request, p *layout.Page) {
	l := i18n.From(r.Context())
	p.Kind, p.Brand = layout.Portal, s.Brand
	if p.Brand.Sub == "" {
		p.Brand.Sub = l.T("idsite.brand")
	}
	p.NoIndex = true
	p.Footer.Legal = []ui.Link{
		{Text: l.T("idsite.legal.agreement"), Href: "/agreement"},
		{Text: l.T("idsite.legal.processing"), Href: "/processing"},
		{Text: l.T("idsite.legal.about"), Href: "/about"},
	}
	p.ReportURL = kit.ReportURL(s.ReportURL, r)
	if s.HelpURL != "" {
		p.HelpLink = ui.Link{Text: l.T("idsite.help"), Href: s.HelpURL}
	}
	sess, who, err := s.visitor(r)
	if err != nil || who == nil {
		p.SignIn = ui.Link{Text: l.T("idsite.login"), Href: "/login"}
		p.Register = ui.Link{Text: l.T("idsite.register"), Href: "/registration"}
		return
	}
	p.Nav = []ui.Link{
		{Text: l.T("idsite.nav.data"), Href: "/", Current: isProfile(r.URL.Path)},
		{Text: l.T("idsite.nav.settings"), Href: "/profile/settings", Current: under(r.URL.Path, "/profile/settings")},
		{Text: l.T("idsite.nav.actions"), Href: "/profile/actions", Current: under(r.URL.Path, "/profile/actions")},
	}
	p.User = &layout.User{
		Name: who.Surname, Initials: initials(who),
		Menu: []ui.Link{
			{Text: l.T("idsite.nav.data"), Href: "/", Icon: icon.User},
			{Text: l.T("idsite.nav.documents"), Href: "/profile/documents", Icon: icon.Folder},
			{Text: l.T("idsite.nav.consents"), Href: "/profile/consents", Icon: icon.Key},
			{Text: l.T("idsite.nav.settings"), Href: "/profile/settings", Icon: icon.Gear},
			{Text: l.T("idsite.nav.actions"), Href: "/profile/actions", Icon: icon.Clock},
		},
		SignOut: &layout.SignOut{URL: "/logout"},
	}
	if who.Avatar != "" {
		p.User.AvatarURL = "/profile/avatar/" + who.Avatar
	}
	if sess.Restricted != "" {
		p.Nav, p.User.Menu = nil, nil
	}
	left := min(sess.IdleUntil.Sub(s.Clock.Now()), sess.ExpiresAt.Sub(s.Clock.Now()))
	p.Session = &layout.Session{
		Left: left, ExtendURL: "/session/extend", SignInURL: flow{back: p.PageURL}.url(),
		Hidden: []ui.Hidden{{Name: "back", Value: p.PageURL}},
	}
}

// initials are «А. В.».
func initials(who *person.Person) string {
	return strings.TrimLeft(strings.TrimPrefix(rutext.Initials(who.Surname, who.Given, who.Patronymic), who.Surname), " \u00a0")
}

func under(path, head string) bool { return path == head || strings.HasPrefix(path, head+"/") }

func isProfile(path string) bool {
	return path == "/" || under(path, "/profile") && !under(path, "/profile/settings") && !under(path, "/profile/actions")
}

// auth makes the page one of the narrow ones: sign-in, registration, consent.
func auth(p layout.Page, title string) layout.Page {
	p.Kind, p.Title, p.Nav, p.Session = layout.Auth, title, nil, nil
	return p
}

// section is one entry of the profile's side menu.
type section struct{ path, key string }

var sections = []struct {
	section
	icon icon.Name
}{
	{section{"/", "idsite.nav.data"}, icon.User},
	{section{"/profile/documents", "idsite.nav.documents"}, icon.Folder},
	{section{"/profile/contacts", "idsite.nav.contacts"}, icon.Phone},
	{section{"/profile/children", "idsite.nav.children"}, icon.Family},
	{section{"/profile/vehicles", "idsite.nav.vehicles"}, icon.Car},
	{section{"/profile/consents", "idsite.nav.consents"}, icon.Key},
	{section{"/profile/portals", "idsite.nav.portals"}, icon.External},
	{section{"/profile/settings", "idsite.nav.settings"}, icon.Gear},
	{section{"/profile/actions", "idsite.nav.actions"}, icon.Clock},
}

// side is the profile's side menu with the section of path marked.
func side(l *i18n.Localizer, path string) []ui.Link {
	var out []ui.Link
	for _, x := range sections {
		current := path == x.path
		if x.path != "/" {
			current = under(path, x.path)
		} else if under(path, "/profile/data") || under(path, "/profile/confirm") || under(path, "/profile/check") {
			current = true
		}
		out = append(out, ui.Link{Text: l.T(x.key), Href: x.path, Icon: x.icon, Current: current})
	}
	return out
}
