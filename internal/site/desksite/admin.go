package desksite

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// adminRoutes are the pages of the identity provider's administrators (BO-05,
// BO-09, BO-28, BO-29) and the door by which invited staff come in.
func (s *Site) adminRoutes() {
	m := s.mux
	m.Handle("GET /join/{token}", s.anybody(s.showJoin))
	m.Handle("POST /join/{token}", s.anybody(s.join))

	m.Handle("GET /admin/staff", s.administrator(s.showStaff))
	m.Handle("GET /admin/staff/invite", s.administrator(s.showInvite))
	m.Handle("POST /admin/staff/invite", s.administrator(s.invite))
	m.Handle("POST /admin/invitations/{id}/end", s.administrator(s.endInvitation))
	m.Handle("GET /admin/staff/{oid}", s.administrator(s.showMember))
	m.Handle("POST /admin/staff/{oid}", s.administrator(s.changeMember))
	m.Handle("POST /admin/factor", s.administrator(s.removeFactor))

	m.Handle("GET /admin/centres", s.administrator(s.showCentres))
	m.Handle("GET /admin/centres/new", s.administrator(s.newCentre))
	m.Handle("POST /admin/centres/new", s.administrator(s.addCentre))
	m.Handle("GET /admin/centres/{id}", s.administrator(s.showCentre))
	m.Handle("POST /admin/centres/{id}", s.administrator(s.changeCentre))

	m.Handle("GET /admin/clients", s.administrator(s.showClients))
	m.Handle("GET /admin/clients/new", s.administrator(s.newClient))
	m.Handle("POST /admin/clients/new", s.administrator(s.addClient))
	m.Handle("GET /admin/clients/{id}", s.administrator(s.showClient))
	m.Handle("POST /admin/clients/{id}", s.administrator(s.changeClient))
	m.Handle("POST /admin/clients/{id}/state", s.administrator(s.moveClient))
	m.Handle("POST /admin/clients/{id}/secret", s.administrator(s.newSecret))
	m.Handle("POST /admin/clients/{id}/retire", s.administrator(s.retireSecrets))
	m.Handle("POST /admin/clients/{id}/certificate", s.administrator(s.addCertificate), kit.Body(2*maxCertificate))
	m.Handle("POST /admin/clients/{id}/certificate/remove", s.administrator(s.removeCertificate))

	m.Handle("GET /admin/settings", s.administrator(s.showSettings))
	m.Handle("POST /admin/settings", s.administrator(s.changeSettings))
	m.Handle("GET /admin/keys", s.administrator(s.showKeys))
	m.Handle("POST /admin/keys/rotate", s.administrator(s.rotateKeys))
	m.Handle("POST /admin/keys/replace", s.administrator(s.replaceKey))
	m.Handle("GET /admin/journal", s.administrator(s.showAdminJournal))
}

const adminStart = "/admin/staff"

// anybody lets in whoever is signed in with two factors, with rights or without.
func (s *Site) anybody(h func(w http.ResponseWriter, r *http.Request, oid person.OID) error) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := s.visitor(r)
		switch {
		case v.err != nil && !fault.Is(v.err, fault.KindForbidden):
			return v.err
		case v.sess == nil && r.Method != http.MethodGet:
			return fault.Unauthenticated("desk.session_over")
		case v.sess == nil:
			return s.Party.Begin(w, r, r.URL.RequestURI(), oidcrp.Options{Locale: kit.L(r).Lang()})
		}
		oid, err := person.ParseOID(v.sess.Subject)
		if err != nil {
			return err
		}
		return h(w, r, oid)
	}
}

// adminHead is what all pages of administrators have.
type adminHead struct {
	Flash string
	Tabs  []ui.Link
}

var adminTabs = []struct{ path, key string }{
	{"/admin/staff", "admin.tab.staff"},
	{"/admin/centres", "admin.tab.centres"},
	{"/admin/clients", "admin.tab.clients"},
	{"/admin/settings", "admin.tab.settings"},
	{"/admin/keys", "admin.tab.keys"},
	{"/admin/journal", "admin.tab.journal"},
}

func (s *Site) adminHead(w http.ResponseWriter, r *http.Request, at string) adminHead {
	h := adminHead{Flash: s.mux.TakeFlash(w, r)}
	for _, t := range adminTabs {
		h.Tabs = append(h.Tabs, ui.Link{Text: kit.L(r).T(t.key), Href: t.path, Current: t.path == at})
	}
	return h
}

// adminPage renders a page of administrators.
func (s *Site) adminPage(w http.ResponseWriter, r *http.Request, status int, title string, wrong kit.Wrong, back string, body templ.Component) error {
	p := kit.Base(r)
	p.Title, p.Errors = kit.L(r).T(title), wrong.Summary
	if back != "" {
		p.Back = &ui.Link{Href: back}
	}
	w.Header().Set("Cache-Control", "no-store")
	return kit.Render(w, r, status, p, body)
}

// adminDone says what was done and leads on; a fault that the form can show is
// shown by again.
func (s *Site) adminDone(w http.ResponseWriter, r *http.Request, err error, ids map[string]string, flash, next string, again func(status int, wrong kit.Wrong) error) error {
	if err == nil {
		s.mux.Flash(w, flash)
		return kit.See(w, r, next)
	}
	e, ok := fault.As(err)
	if !ok || e.Kind == fault.KindForbidden && e.Key == "operator.not_permitted" || again == nil {
		return err
	}
	wrong, ok := kit.WrongOf(r, err, ids)
	if !ok {
		return err
	}
	return again(kit.Status(e.Kind), wrong)
}

func formKey() []ui.Hidden { return []ui.Hidden{{Name: kit.KeyField, Value: kit.NewKey()}} }

const adminPageSize = 25

// adminJournalView is what administrators did.
type adminJournalView struct {
	adminHead
	Rows []ui.DataRow
	Next string
}

func (s *Site) showAdminJournal(w http.ResponseWriter, r *http.Request, m me) error {
	acts, err := s.Operators.AdminLog(r.Context(), m.OID, r.URL.Query().Get("after"), actsPerPage+1)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := adminJournalView{adminHead: s.adminHead(w, r, "/admin/journal")}
	if len(acts) > actsPerPage {
		acts = acts[:actsPerPage]
		v.Next = "/admin/journal?after=" + acts[actsPerPage-1].ID
	}
	for _, a := range acts {
		who := l.T("admin.journal.setup")
		if a.Admin != nil {
			who = person.FormatOID(*a.Admin)
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Text: l.DateTime(a.At, s.Zone), Label: l.T("desk.journal.at"), Class: "okno-nowrap"},
			{Text: who, Label: l.T("admin.journal.who")},
			{Text: l.T("operator.deed." + string(a.Kind)), Label: l.T("desk.journal.act")},
			{Text: a.Object, Label: l.T("admin.journal.object")},
			{Text: orDash(noteText(l, a)), Label: l.T("admin.journal.note")},
		}})
	}
	return s.adminPage(w, r, http.StatusOK, "admin.tab.journal", kit.Wrong{}, "", adminJournalPage(v))
}

// noteText is a reason, or rights in words.
func noteText(l *i18n.Localizer, a operator.AdminAct) string {
	switch a.Kind {
	case operator.DeedInvite, operator.DeedJoin, operator.DeedRights:
		return rightsText(l, operator.ParseRights(a.Note))
	}
	return a.Note
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
