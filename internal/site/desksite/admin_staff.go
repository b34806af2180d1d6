package desksite

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// staffView is the list of those who work here.
type staffView struct {
	adminHead
	Rows    []ui.DataRow
	Pager   *ui.PagerProps
	Waiting []waitingView
	Factor  factorView
}

// waitingView is an invitation that nobody has used yet.
type waitingView struct{ ID, Name, Text string }

// factorView is the form that disconnects somebody's code app.
type factorView struct {
	OID, Reason string
	Wrong       kit.Wrong
}

func rightsText(l *i18n.Localizer, rights []operator.Right) string {
	var out []string
	for _, r := range rights {
		out = append(out, l.T("operator.right."+string(r)))
	}
	return strings.Join(out, ", ")
}

func (s *Site) showStaff(w http.ResponseWriter, r *http.Request, m me) error {
	return s.staffList(w, r, m, http.StatusOK, factorView{})
}

func (s *Site) staffList(w http.ResponseWriter, r *http.Request, m me, status int, f factorView) error {
	l := kit.L(r)
	paging := kit.PagingOf(r, adminPageSize)
	list, total, err := s.Operators.ListStaff(r.Context(), m.OID, paging.Offset(), adminPageSize)
	if err != nil {
		return err
	}
	waiting, err := s.Operators.Invitations(r.Context(), m.OID)
	if err != nil {
		return err
	}
	paging.Total = total
	v := staffView{adminHead: s.adminHead(w, r, "/admin/staff"), Pager: paging.Pager(), Factor: f}
	for i := range list {
		v.Rows = append(v.Rows, staffRow(l, &list[i]))
	}
	for _, i := range waiting {
		text := rightsText(l, i.Rights)
		if i.CentreID != nil {
			text += ", " + *i.CentreID
		}
		v.Waiting = append(v.Waiting, waitingView{
			ID: i.ID, Name: joinWords(i.Surname, i.Given), Text: l.T("admin.staff.waits", "rights", text, "until", l.DateTime(i.ExpiresAt, s.Zone)),
		})
	}
	return s.adminPage(w, r, status, "admin.tab.staff", f.Wrong, "", staffPage(v))
}

func staffRow(l *i18n.Localizer, x *operator.Staff) ui.DataRow {
	centre := "—"
	if x.Centre != nil {
		centre = x.Centre.Name
	}
	tag := ui.TagProps{Text: l.T("admin.staff.works"), Colour: "green"}
	if !x.Active {
		tag = ui.TagProps{Text: l.T("admin.staff.left"), Colour: "grey"}
	}
	factor := ui.TagProps{Text: l.T("admin.staff.factor_on"), Colour: "green"}
	if !x.Factor {
		factor = ui.TagProps{Text: l.T("admin.staff.factor_off"), Colour: "grey"}
	}
	name := x.Name
	if name == "" {
		name = l.T("admin.staff.deleted")
	}
	return ui.DataRow{Cells: []ui.Cell{
		{Body: linkCell(name, "/admin/staff/"+person.FormatOID(x.OID), person.FormatOID(x.OID))},
		{Text: centre, Label: l.T("admin.staff.centre")},
		{Text: orDash(rightsText(l, x.Rights)), Label: l.T("admin.staff.rights")},
		{Body: tagCell(factor), Label: l.T("admin.staff.factor")},
		{Body: tagCell(tag), Label: l.T("admin.staff.state")},
	}}
}

// inviteView is the form of an invitation, and afterwards its link.
type inviteView struct {
	adminHead
	Surname, Name string
	Place         placeView
	Hidden        []ui.Hidden
	Link          string
	Wrong         kit.Wrong
}

// placeView asks for a centre and rights.
type placeView struct {
	Centre  string
	Centres []ui.Option
	Rights  []string
	Options []ui.Option
	Wrong   kit.Wrong
}

func (s *Site) placeView(r *http.Request, m me, centre string, rights []operator.Right, wrong kit.Wrong) (placeView, error) {
	l := kit.L(r)
	v := placeView{Centre: centre, Wrong: wrong, Centres: []ui.Option{{Text: l.T("admin.staff.no_centre")}}}
	list, _, err := s.Operators.AllCentres(r.Context(), m.OID, 0, 500)
	if err != nil {
		return v, err
	}
	for _, c := range list {
		if c.Active || c.ID == centre {
			v.Centres = append(v.Centres, ui.Option{Value: c.ID, Text: c.Name})
		}
	}
	for _, x := range append(operator.Acts(), operator.Admin) {
		v.Options = append(v.Options, ui.Option{Value: string(x), Text: l.T("operator.right." + string(x))})
	}
	for _, x := range rights {
		v.Rights = append(v.Rights, string(x))
	}
	return v, nil
}

func rightsOf(f kit.Form) []operator.Right {
	var out []operator.Right
	for _, x := range f.All("rights") {
		out = append(out, operator.Right(x))
	}
	return out
}

func (s *Site) showInvite(w http.ResponseWriter, r *http.Request, m me) error {
	return s.inviteForm(w, r, m, http.StatusOK, inviteView{}, "", operator.Acts())
}

func (s *Site) inviteForm(w http.ResponseWriter, r *http.Request, m me, status int, v inviteView, centre string, rights []operator.Right) (err error) {
	v.adminHead, v.Hidden = s.adminHead(w, r, "/admin/staff"), formKey()
	if v.Place, err = s.placeView(r, m, centre, rights, v.Wrong); err != nil {
		return err
	}
	return s.adminPage(w, r, status, "admin.invite.title", v.Wrong, adminStart, invitePage(v))
}

// invite shows the link once: it stands in no address and in no log.
func (s *Site) invite(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	key, err := f.Key()
	if err != nil {
		return err
	}
	v := inviteView{Surname: f.Text("surname"), Name: f.Text("name")}
	token, err := s.Operators.Invite(r.Context(), m.OID, key, v.Surname, v.Name, f.Text("centre"), rightsOf(f))
	if err == nil {
		v.adminHead, v.Link = s.adminHead(w, r, "/admin/staff"), s.URL+"/join/"+token
		return s.adminPage(w, r, http.StatusOK, "admin.invite.title", kit.Wrong{}, adminStart, invitedPage(v))
	}
	return s.adminDone(w, r, err, map[string]string{"": "surname"}, "", "", func(status int, wrong kit.Wrong) error {
		v.Wrong = wrong
		return s.inviteForm(w, r, m, status, v, f.Text("centre"), rightsOf(f))
	})
}

func (s *Site) endInvitation(w http.ResponseWriter, r *http.Request, m me) error {
	err := s.Operators.EndInvitation(r.Context(), m.OID, r.PathValue("id"))
	return s.adminDone(w, r, err, nil, "admin.staff.uninvited", adminStart, nil)
}

// memberView is one of the staff.
type memberView struct {
	adminHead
	OID, Name, Since string
	Active, Self     bool
	Place            placeView
	Wrong            kit.Wrong
}

func (s *Site) showMember(w http.ResponseWriter, r *http.Request, m me) error {
	return s.memberPage(w, r, m, http.StatusOK, nil, kit.Wrong{})
}

func (s *Site) memberPage(w http.ResponseWriter, r *http.Request, m me, status int, typed *kit.Form, wrong kit.Wrong) error {
	oid, err := person.ParseOID(r.PathValue("oid"))
	if err != nil {
		return fault.NotFound("operator.staff_unknown")
	}
	x, err := s.Operators.GetStaff(r.Context(), m.OID, oid)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := memberView{
		adminHead: s.adminHead(w, r, "/admin/staff"), OID: person.FormatOID(x.OID), Name: x.Name, Active: x.Active, Self: x.OID == m.OID, Wrong: wrong,
		Since: l.T("admin.member.since", "at", l.DateTime(x.ChangedAt, s.Zone)),
	}
	centre, rights := "", x.Rights
	if x.CentreID != nil {
		centre = *x.CentreID
	}
	if typed != nil {
		centre, rights = typed.Text("centre"), rightsOf(*typed)
	}
	if v.Place, err = s.placeView(r, m, centre, rights, wrong); err != nil {
		return err
	}
	return s.adminPage(w, r, status, "admin.member.title", wrong, adminStart, memberPage(v))
}

// changeMember gives other rights; the button «Закончить работу» takes all.
func (s *Site) changeMember(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	oid, err := person.ParseOID(r.PathValue("oid"))
	if err != nil {
		return fault.NotFound("operator.staff_unknown")
	}
	centre, rights, flash := f.Text("centre"), rightsOf(f), "admin.saved"
	switch {
	case f.Text("end") != "":
		centre, rights, flash = "", nil, "admin.member.ended"
	case len(rights) == 0:
		err = fault.Invalid("operator.right_missing", fault.F("rights", "operator.right_missing"))
	}
	if err == nil {
		err = s.Operators.ChangeRights(r.Context(), m.OID, oid, centre, rights)
	}
	return s.adminDone(w, r, err, map[string]string{"": "rights"}, flash, adminStart, func(status int, wrong kit.Wrong) error {
		return s.memberPage(w, r, m, status, &f, wrong)
	})
}

// removeFactor helps somebody who lost the phone, here or at a portal's office.
func (s *Site) removeFactor(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v := factorView{OID: f.Text("oid"), Reason: f.Lines("reason")}
	oid, err := person.ParseOID(v.OID)
	if err != nil {
		err = fault.Invalid("admin.factor.oid", fault.F("oid", "admin.factor.oid"))
	} else {
		err = s.Operators.RemoveFactor(r.Context(), m.OID, oid, v.Reason)
		if fault.Is(err, fault.KindNotFound) {
			err = fault.Invalid("admin.factor.oid", fault.F("oid", "admin.factor.oid"))
		}
	}
	return s.adminDone(w, r, err, map[string]string{"": "oid"}, "admin.factor.taken", adminStart, func(status int, wrong kit.Wrong) error {
		v.Wrong = wrong
		return s.staffList(w, r, m, status, v)
	})
}

// joinView asks whoever opened the link of an invitation.
type joinView struct {
	Token, Me, Centre string
	Rights            []string
}

func (s *Site) showJoin(w http.ResponseWriter, r *http.Request, oid person.OID) error {
	return s.joinPage(w, r, oid, http.StatusOK)
}

func (s *Site) joinPage(w http.ResponseWriter, r *http.Request, oid person.OID, status int) error {
	i, err := s.Operators.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	l := kit.L(r)
	p := kit.Base(r)
	proven, err := s.Operators.Confirmed(r.Context(), oid)
	if err != nil {
		return err
	}
	if !proven {
		p.Title = l.T("kit.unproven.title")
		return kit.Render(w, r, status, p, kit.UnprovenPage(kit.Unproven{
			ConfirmURL: s.Party.Config.Issuer + "/profile/confirm", AgainURL: "/join/" + url.PathEscape(r.PathValue("token")), Until: l.DateTime(i.ExpiresAt, s.Zone),
		}))
	}
	// The invited name is not told: who holds a link that went astray must not learn
	// under which name it opens.
	c := s.visitor(r).sess.Claims
	v := joinView{Token: r.PathValue("token"), Me: joinWords(c.FamilyName, c.GivenName, c.MiddleName)}
	if i.CentreID != nil {
		v.Centre = s.Operators.CentreName(r.Context(), *i.CentreID)
	}
	for _, x := range i.Rights {
		v.Rights = append(v.Rights, l.T("operator.right."+string(x)))
	}
	p.Title = l.T("admin.join.title")
	return kit.Render(w, r, status, p, joinPage(v))
}

func (s *Site) join(w http.ResponseWriter, r *http.Request, oid person.OID) error {
	err := s.Operators.Join(r.Context(), r.PathValue("token"), oid)
	if f, ok := fault.As(err); ok && f.Key == "operator.unconfirmed" {
		return s.joinPage(w, r, oid, http.StatusForbidden)
	}
	if err != nil {
		return err
	}
	s.mux.Flash(w, "admin.join.done")
	return kit.See(w, r, "/")
}
