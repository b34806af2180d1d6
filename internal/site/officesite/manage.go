package officesite

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// manageRoutes are the pages of the portal's administrators and editors (BO-11,
// BO-13, BO-23, BO-29) and the door by which invited staff come in.
func (s *Site) manageRoutes() {
	m := s.mux
	m.Handle("GET /join/{token}", s.anybody(s.showJoin))
	m.Handle("POST /join/{token}", s.anybody(s.join))

	m.Handle("GET /manage", s.editor(s.showManage))
	m.Handle("GET /manage/staff", s.admin(s.showStaff))
	m.Handle("GET /manage/staff/invite", s.admin(s.showInvite))
	m.Handle("POST /manage/staff/invite", s.admin(s.invitePerson))
	m.Handle("POST /manage/invitations/{id}/end", s.admin(s.endInvitation))
	m.Handle("GET /manage/staff/{id}", s.admin(s.showMember))
	m.Handle("POST /manage/staff/{id}", s.admin(s.changeMember))
	m.Handle("POST /manage/staff/{id}/dismiss", s.admin(s.dismissMember))
	m.Handle("POST /manage/staff/{id}/deputies", s.admin(s.appointDeputy))
	m.Handle("POST /manage/staff/{id}/recall", s.admin(s.recallDeputy))
	m.Handle("GET /manage/journal", s.admin(s.showDeeds))

	m.Handle("GET /manage/directory/{kind}", s.editor(s.showEntries))
	m.Handle("GET /manage/directory/{kind}/new", s.editor(s.newEntry))
	m.Handle("POST /manage/directory/{kind}/new", s.editor(s.saveEntry))
	m.Handle("GET /manage/directory/{kind}/entries/{code}", s.editor(s.showEntry))
	m.Handle("POST /manage/directory/{kind}/entries/{code}", s.editor(s.saveEntry))
	m.Handle("POST /manage/directory/{kind}/entries/{code}/hide", s.editor(s.hideEntry))
	m.Handle("GET /manage/directory/agency/entries/{code}/offices/{office}", s.editor(s.showOffice))
	m.Handle("POST /manage/directory/agency/entries/{code}/offices/{office}", s.editor(s.saveOffice))
	m.Handle("POST /manage/directory/agency/entries/{code}/offices/{office}/drop", s.editor(s.dropOffice))

	m.Handle("GET /manage/texts/{kind}", s.editor(s.showTexts))
	m.Handle("GET /manage/texts/{kind}/new", s.editor(s.newText))
	m.Handle("POST /manage/texts/{kind}/new", s.editor(s.saveText), kit.Body(maxDefinition))
	m.Handle("GET /manage/texts/{kind}/entries/{code}", s.editor(s.showText))
	m.Handle("POST /manage/texts/{kind}/entries/{code}", s.editor(s.saveText), kit.Body(maxDefinition))
	m.Handle("POST /manage/texts/{kind}/entries/{code}/withdraw", s.editor(s.withdrawText))
	m.Handle("POST /manage/texts/news/entries/{code}/mail", s.editor(s.mailNews))

	s.portalRoutes()
	s.catalogueRoutes()
}

// editor lets in editors and administrators; what they may change is looked up at
// the act.
func (s *Site) editor(h handler) kit.HandlerFunc {
	return s.staff(h, officer.RoleEditor, officer.RoleAdmin)
}

// anybody lets in whoever is signed in with a second factor, with rights or without.
func (s *Site) anybody(h func(w http.ResponseWriter, r *http.Request, sess *oidcrp.Session) error) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		sess := sessionOf(r)
		if sess == nil {
			return s.Party.Begin(w, r, kit.LocalPath(r.URL.RequestURI(), "/"), oidcrp.Options{Locale: kit.L(r).Lang()})
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r, sess)
	}
}

// showManage leads to the first of the pages that the officer may see.
func (s *Site) showManage(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return kit.See(w, r, manageTabs(o)[0].path)
}

type manageTab struct{ path, key string }

func manageTabs(o *officer.Officer) []manageTab {
	var out []manageTab
	if o.Has(officer.RoleAdmin) {
		out = append(out, manageTab{"/manage/staff", "manage.tab.staff"}, manageTab{portalTab, "manage.tab.portal"})
	}
	out = append(out, manageTab{"/manage/catalogue", "manage.tab.catalogue"}, manageTab{"/manage/directory/agency", "manage.tab.agencies"},
		manageTab{"/manage/directory/centre", "manage.tab.centres"}, manageTab{"/manage/texts/news", "manage.tab.texts"})
	if o.Has(officer.RoleAdmin) {
		out = append(out, manageTab{"/manage/journal", "manage.tab.journal"})
	}
	return out
}

// manage is the head of a page; at is the path of its tab.
func (s *Site) manage(w http.ResponseWriter, r *http.Request, o *officer.Officer, at, title, text string) page.Manage {
	m := page.Manage{Flash: s.mux.TakeFlash(w, r), Title: title, Text: text}
	for _, t := range manageTabs(o) {
		m.Tabs = append(m.Tabs, ui.Link{Text: kit.L(r).T(t.key), Href: t.path, Current: t.path == at})
	}
	return m
}

// sheet writes a page of one thing.
func (s *Site) sheet(w http.ResponseWriter, r *http.Request, status int, bad kit.Wrong, back *ui.Link, v page.Sheet) error {
	p := kit.Base(r)
	p.Title, p.Errors, p.Back = v.Title, bad.Summary, back
	return kit.Render(w, r, status, p, page.SheetPage(v))
}

func (s *Site) list(w http.ResponseWriter, r *http.Request, v page.List) error {
	p := kit.Base(r)
	p.Title = v.Title
	return kit.Render(w, r, http.StatusOK, p, page.ListPage(v))
}

// settled says what was done and leads on; a fault that the form can show is shown
// by again, others are for the error page. A missing right is always that.
func (s *Site) settled(w http.ResponseWriter, r *http.Request, err error, first, flash, next string, again func(status int, bad kit.Wrong) error) error {
	if err == nil {
		s.mux.Flash(w, flash)
		return kit.See(w, r, next)
	}
	if f, ok := fault.As(err); !ok || f.Key == "officer.unknown" || f.Key == "officer.other_agency" || again == nil {
		return err
	}
	bad, ok := kit.WrongOf(r, err, map[string]string{"": first, "hours": "day1", "office": "office_name"})
	if !ok {
		return err
	}
	return again(kit.Status(fault.KindOf(err)), bad)
}

// field makes the inputs of a form.
type field struct {
	words
	bad    kit.Wrong
	prefix string // of the message keys
}

func (f field) props(name, value string) ui.Field {
	out := ui.Field{Name: name, Label: f.T(f.prefix + name), Value: value, Error: f.bad.Field(name)}
	if hint := f.prefix + name + "_hint"; f.Has(hint) {
		out.Hint = f.T(hint)
	}
	return out
}

func (f field) line(name, value, width string, must bool) templ.Component {
	p := f.props(name, value)
	p.Required = must
	return ui.Input(ui.TextField{Field: p, Autocomplete: "off", Width: width})
}

func (f field) area(name, value string, rows int) templ.Component {
	return ui.Textarea(ui.TextArea{Field: f.props(name, value), Rows: rows, Spellcheck: "true"})
}

func (f field) pick(name, value string, options []ui.Option) templ.Component {
	return ui.Select(ui.Choice{Field: f.props(name, value), Options: options})
}

func (f field) radios(name, value string, options []ui.Option) templ.Component {
	p := f.props(name, value)
	p.LabelSize = "s"
	return ui.Radios(ui.Choice{Field: p, Options: options, Small: true})
}

func (f field) boxes(name string, values []string, options []ui.Option) templ.Component {
	p := f.props(name, "")
	p.LabelSize = "s"
	return ui.Checkboxes(ui.Choice{Field: p, Options: options, Values: values, Small: true})
}

func (f field) tick(name string, on bool) templ.Component {
	return ui.Checkbox(f.props(name, ""), on)
}

// version is the hidden version of what a form changes.
func version(v int64) ui.Hidden {
	return ui.Hidden{Name: "version", Value: strconv.FormatInt(v, 10)}
}

func versionOf(f kit.Form) (int64, error) {
	v, err := strconv.ParseInt(f.Text("version"), 10, 64)
	if err != nil {
		return 0, fault.Invalid("kit.bad_form").Wrap(err)
	}
	return v, nil
}

// who names whoever changed something: an officer, or a command of the system.
func (s *Site) who(r *http.Request, ids []string) (func(id string) string, error) {
	names, err := s.Officers.Names(r.Context(), ids)
	l := kit.L(r)
	return func(id string) string {
		if n := names[id]; n != "" {
			return n
		}
		return l.T("manage.by_system")
	}, err
}

// dayIn reads a day as people write it, or as machines do, in the portal's zone.
func (s *Site) dayIn(typed string) (time.Time, bool) {
	for _, layout := range []string{"02.01.2006", "2.1.2006", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(typed), s.Zone); err == nil && t.Year() >= 1990 && t.Year() < 2200 {
			return t, true
		}
	}
	return time.Time{}, false
}

func (s *Site) showJoin(w http.ResponseWriter, r *http.Request, sess *oidcrp.Session) error {
	return s.joinPage(w, r, sess, http.StatusOK, kit.Wrong{})
}

func (s *Site) joinPage(w http.ResponseWriter, r *http.Request, sess *oidcrp.Session, status int, bad kit.Wrong) error {
	i, err := s.Officers.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	l := s.words(r)
	c := sess.Claims
	if !confirmed(sess) {
		p := kit.Base(r)
		p.Title = l.T("kit.unproven.title")
		return kit.Render(w, r, status, p, kit.UnprovenPage(kit.Unproven{
			// A level that was raised since is told by a new sign-in alone.
			ConfirmURL: s.IDP + "/profile/confirm", AgainURL: "/auth/begin?back=" + url.QueryEscape(joinPath(r)), Until: l.DateTime(i.ExpiresAt, s.Zone),
		}))
	}
	v := page.Sheet{Manage: page.Manage{Title: l.T("manage.join.title"), Text: l.T("manage.join.lead", "portal", s.Brands.Title(r.Context(), l.Lang()))}}
	// The invited name is not told: who holds a link that went astray must not learn
	// under which name it opens.
	facts := []ui.Fact{
		{Name: l.T("manage.join.me"), Text: join(" ", c.FamilyName, c.GivenName, c.MiddleName)},
		{Name: l.T("manage.staff.roles"), Text: l.roles(i.Roles)},
	}
	if i.Agency != "" {
		name, err := s.agencyName(r, i.Agency)
		if err != nil {
			return err
		}
		facts = append(facts, ui.Fact{Name: l.T("manage.staff.agency"), Text: name})
	}
	if i.Post != "" {
		facts = append(facts, ui.Fact{Name: l.T("manage.staff.post"), Text: i.Post})
	}
	v.Main = []templ.Component{page.Panel("join", l.T("manage.join.what"), true, ui.Facts(facts), page.FormOf(page.Form{
		Action: joinPath(r), Button: l.T("manage.join.button"),
	}))}
	return s.sheet(w, r, status, bad, nil, v)
}

func joinPath(r *http.Request) string { return "/join/" + url.PathEscape(r.PathValue("token")) }

// confirmed tells that the provider has proven who is signed in.
func confirmed(sess *oidcrp.Session) bool {
	return account.Level(sess.Claims.Level) >= account.LevelConfirmed
}

func (s *Site) join(w http.ResponseWriter, r *http.Request, sess *oidcrp.Session) error {
	c := sess.Claims
	err := s.Officers.Join(r.Context(), r.PathValue("token"), officer.Person{
		Subject: sess.Subject, Surname: c.FamilyName, Given: c.GivenName, Patronymic: c.MiddleName, Confirmed: confirmed(sess),
	})
	return s.settled(w, r, err, "join", "manage.join.done", "/", func(status int, bad kit.Wrong) error {
		return s.joinPage(w, r, sess, status, bad)
	})
}

// agencyName is what people call an agency; one that is not shown any more keeps its
// name.
func (s *Site) agencyName(r *http.Request, code string) (string, error) {
	list, err := s.agencies(r)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(list, func(o ui.Option) bool { return o.Value == code })
	if i < 0 {
		return code, nil
	}
	return list[i].Text, nil
}

// agencies are the agencies of the directory to pick from, those off the pages last:
// somebody may have to finish what has begun there.
func (s *Site) agencies(r *http.Request) ([]ui.Option, error) {
	list, err := s.Directory.Agencies(r.Context())
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	for i := range list {
		out = append(out, ui.Option{Value: list[i].Code, Text: list[i].Short})
	}
	hidden, err := s.Directory.Hidden(r.Context())
	if err != nil {
		return nil, err
	}
	for i := range hidden {
		out = append(out, ui.Option{Value: hidden[i].Code, Text: kit.L(r).T("manage.directory.off", "name", hidden[i].Short)})
	}
	return out, nil
}

func (w words) roles(list []officer.Role) string {
	var out []string
	for _, r := range list {
		out = append(out, w.T("officer.role."+string(r)))
	}
	return strings.Join(out, "; ")
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
