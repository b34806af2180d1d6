package officesite

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

const staffTab = "/manage/staff"

// showStaff lists who works at the portal, with the invitations that wait.
func (s *Site) showStaff(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	q := r.URL.Query()
	paging := kit.PagingOf(r, queueSize)
	f := officer.StaffFilter{
		Query: kit.Clean(q.Get("q")), Agency: q.Get("agency"), Role: officer.Role(q.Get("role")), Left: q.Get("state") == "left",
		Offset: paging.Offset(), Limit: queueSize,
	}
	list, total, err := s.Officers.Staff(r.Context(), o.ID, f)
	if err != nil {
		return err
	}
	paging.Total = total
	l := s.words(r)
	agencies, err := s.agencies(r)
	if err != nil {
		return err
	}
	v := page.List{
		Manage: s.manage(w, r, o, staffTab, l.T("manage.tab.staff"), l.T("manage.staff.lead")), Action: staffTab, Query: f.Query,
		SearchLabel: l.T("manage.staff.search"), Label: l.T("manage.tab.staff"), Empty: l.T("manage.staff.empty"), Pager: paging.Pager(),
		Shown: l.T("manage.shown", "n", len(list), "of", total),
		Head:  heads(l, "manage.staff.name", "manage.staff.agency", "manage.staff.roles", "manage.state"),
	}
	v.Buttons = []ui.ButtonProps{{Text: l.T("manage.staff.invite"), Href: staffTab + "/invite", Class: "okno-m0"}}
	v.Selects = []ui.Choice{
		{Field: ui.Field{ID: "agency", Name: "agency", Label: l.T("manage.staff.agency"), Value: f.Agency}, Options: append([]ui.Option{{Text: l.T("manage.any")}}, agencies...)},
		{Field: ui.Field{ID: "role", Name: "role", Label: l.T("manage.staff.role"), Value: string(f.Role)}, Options: append([]ui.Option{{Text: l.T("manage.any")}}, l.roleOptions()...)},
		{Field: ui.Field{ID: "state", Name: "state", Label: l.T("manage.state"), Value: q.Get("state")}, Options: []ui.Option{{Text: l.T("manage.staff.works")}, {Value: "left", Text: l.T("manage.staff.left")}}},
	}
	names := map[string]string{}
	for _, a := range agencies {
		names[a.Value] = a.Text
	}
	for i := range list {
		x := &list[i]
		tag := ui.TagProps{Text: l.T("manage.staff.works"), Colour: "green"}
		if !x.Active {
			tag = ui.TagProps{Text: l.T("manage.staff.left"), Colour: "grey"}
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: page.Linked(x.Name, staffTab+"/"+x.ID, x.Post)},
			{Text: dash(names[x.Agency]), Label: l.T("manage.staff.agency")},
			{Text: l.roles(x.Roles), Label: l.T("manage.staff.roles")},
			{Body: page.TagCell(tag), Label: l.T("manage.state")},
		}})
	}
	waiting, err := s.Officers.Invitations(r.Context(), o.ID)
	if err != nil {
		return err
	}
	v.Below = []templ.Component{s.waiting(l, waiting)}
	return s.list(w, r, v)
}

func heads(l words, keys ...string) []ui.Head {
	var out []ui.Head
	for _, k := range keys {
		out = append(out, ui.Head{Text: l.T(k)})
	}
	return out
}

func (s *Site) waiting(l words, list []officer.Invitation) templ.Component {
	var out []page.Past
	for _, i := range list {
		name := join(" ", i.Surname, i.Given)
		out = append(out, page.Past{
			Title: name, When: l.T("manage.staff.waits_until", "until", l.moment(i.ExpiresAt)), DateTime: l.machine(i.ExpiresAt), Text: l.roles(i.Roles),
			Return: &page.Act{Text: l.T("manage.staff.uninvite"), Action: "/manage/invitations/" + i.ID + "/end"}, ReturnLabel: name,
		})
	}
	return page.Panel("waiting", l.T("manage.staff.waiting"), false, page.PastList(out, l.T("manage.staff.none_waits")))
}

func (w words) roleOptions() []ui.Option {
	var out []ui.Option
	for _, r := range officer.Roles {
		o := ui.Option{Value: string(r), Text: w.T("officer.role." + string(r))}
		if hint := "manage.role_hint." + string(r); w.Has(hint) {
			o.Hint = w.T(hint)
		}
		out = append(out, o)
	}
	return out
}

func rolesOf(f kit.Form) []officer.Role {
	var out []officer.Role
	for _, r := range f.All("roles") {
		out = append(out, officer.Role(r))
	}
	return out
}

func roleValues(list []officer.Role) []string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}

// placeFields ask where and as what somebody works.
func (s *Site) placeFields(r *http.Request, f field, agency, post string, roles []officer.Role) ([]templ.Component, error) {
	agencies, err := s.agencies(r)
	if err != nil {
		return nil, err
	}
	return []templ.Component{
		f.pick("agency", agency, append([]ui.Option{{Text: f.T("manage.staff.whole")}}, agencies...)),
		f.line("post", post, "", false),
		f.boxes("roles", roleValues(roles), f.roleOptions()),
	}, nil
}

func (s *Site) showInvite(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.inviteForm(w, r, o, http.StatusOK, officer.Invitation{Roles: []officer.Role{officer.RoleClerk}}, "", kit.Wrong{})
}

func (s *Site) inviteForm(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, i officer.Invitation, email string, bad kit.Wrong) error {
	l := s.words(r)
	f := field{l, bad, "manage.staff."}
	fields := []templ.Component{f.line("surname", i.Surname, "20", true), f.line("name", i.Given, "20", true), f.line("email", email, "20", false)}
	place, err := s.placeFields(r, f, i.Agency, i.Post, i.Roles)
	if err != nil {
		return err
	}
	v := page.Sheet{Manage: s.manage(w, r, o, staffTab, l.T("manage.staff.invite"), l.T("manage.staff.invite_lead"))}
	v.Main = []templ.Component{page.Panel("who", l.T("manage.staff.whom"), false, page.FormOf(page.Form{
		Action: staffTab + "/invite", Hidden: key(), Fields: append(fields, place...), Button: l.T("manage.staff.invite_button"),
		Back: &ui.Link{Text: l.T("manage.back"), Href: staffTab},
	}))}
	return s.sheet(w, r, status, bad, nil, v)
}

// invitePerson shows the link once: it stands in no address and in no log.
func (s *Site) invitePerson(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	k, err := f.Key()
	if err != nil {
		return err
	}
	i := officer.Invitation{Surname: f.Text("surname"), Given: f.Text("name"), Agency: f.Text("agency"), Post: f.Text("post"), Roles: rolesOf(f)}
	if err := s.agencyThere(r, i.Agency); err != nil {
		return err
	}
	email := f.Text("email")
	token, err := s.Officers.Invite(r.Context(), o.ID, k, email, i)
	if err != nil {
		return s.settled(w, r, err, "surname", "", "", func(status int, bad kit.Wrong) error {
			return s.inviteForm(w, r, o, status, i, email, bad)
		})
	}
	l := s.words(r)
	text := l.T("manage.staff.hand_over")
	if email != "" {
		text = l.T("manage.staff.mailed")
	}
	v := page.Sheet{Manage: s.manage(w, r, o, staffTab, l.T("manage.staff.invited"), join(" ", i.Surname, i.Given))}
	v.Main = []templ.Component{page.Panel("link", l.T("manage.staff.link"), true, ui.P(text), page.Secret(s.Officers.URL+"/join/"+token), ui.P(l.T("manage.staff.next")),
		ui.Button(ui.ButtonProps{Text: l.T("manage.staff.back"), Href: staffTab, Kind: "secondary"}))}
	return s.sheet(w, r, http.StatusOK, kit.Wrong{}, nil, v)
}

// agencyThere refuses an agency that the directory does not have: a form made by
// hand.
func (s *Site) agencyThere(r *http.Request, code string) error {
	if code == "" {
		return nil
	}
	_, err := s.Directory.Known(r.Context(), code)
	return err
}

func (s *Site) endInvitation(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.settled(w, r, s.Officers.EndInvitation(r.Context(), o.ID, r.PathValue("id")), "", "manage.staff.uninvited", staffTab, nil)
}

// memberForms are the forms of an officer's page as they were sent.
type memberForms struct {
	agency, post     string
	roles            []officer.Role
	deputy, from, to string
	bad              kit.Wrong
}

func (s *Site) showMember(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.memberPage(w, r, o, http.StatusOK, nil)
}

func (s *Site) memberPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, sent *memberForms) error {
	x, err := s.Officers.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	in := memberForms{agency: x.Agency, post: x.Post, roles: x.Roles}
	if sent != nil {
		in = *sent
	}
	l := s.words(r)
	at := staffTab + "/" + x.ID
	f := field{l, in.bad, "manage.staff."}
	place, err := s.placeFields(r, f, in.agency, in.post, in.roles)
	if err != nil {
		return err
	}
	v := page.Sheet{Manage: s.manage(w, r, o, staffTab, x.Name, x.Post), SideLabel: l.T("manage.staff.deputies")}
	button := l.T("manage.save")
	if !x.Active {
		v.Tags, button = []ui.TagProps{{Text: l.T("manage.staff.left"), Colour: "grey"}}, l.T("manage.staff.again")
	}
	load, err := s.Officers.Load(r.Context(), o.ID, x.ID)
	if err != nil {
		return err
	}
	rights := []templ.Component{}
	if returns := l.returns(load, "manage.staff.moves"); x.Active && returns != "" {
		rights = append(rights, ui.P(returns))
	}
	v.Main = []templ.Component{page.Panel("rights", l.T("manage.staff.rights"), false, append(rights, page.FormOf(page.Form{
		Action: at, Hidden: []ui.Hidden{version(x.Version)}, Fields: place, Button: button, Back: &ui.Link{Text: l.T("manage.back"), Href: staffTab},
	}))...)}
	if x.Active {
		text := join(" ", l.T("manage.staff.end_text"), l.returns(load, "manage.staff.leaves"))
		if load.Invitations > 0 {
			text = join(" ", text, l.T("manage.staff.links_end", "n", load.Invitations))
		}
		v.Main = append(v.Main, page.Panel("end", l.T("manage.staff.end_title"), false, ui.P(text), page.FormOf(page.Form{
			Action: at + "/dismiss", Button: l.T("manage.staff.end"), Kind: "warning",
		})))
		side, err := s.deputyPanel(r, o, x, f, in)
		if err != nil {
			return err
		}
		v.Side = []templ.Component{side}
	}
	return s.sheet(w, r, status, in.bad, nil, v)
}

// returns says what goes back to the queues when somebody leaves or moves; "" when he
// holds nothing.
func (w words) returns(load officer.Load, key string) string {
	if load.Cases+load.Tickets == 0 {
		return ""
	}
	return w.T(key, "what", w.held(load))
}

// held is «3 заявления и 1 обращение в поддержку».
func (w words) held(load officer.Load) string {
	var out []string
	if load.Cases > 0 {
		out = append(out, w.T("manage.staff.cases", "n", load.Cases))
	}
	if load.Tickets > 0 {
		out = append(out, w.T("manage.staff.tickets", "n", load.Tickets))
	}
	return strings.Join(out, w.T("manage.staff.and"))
}

// deputyPanel is who works for an officer while he is away.
func (s *Site) deputyPanel(r *http.Request, o, x *officer.Officer, f field, in memberForms) (templ.Component, error) {
	list, err := s.Officers.Deputies(r.Context(), o.ID, x.ID)
	if err != nil {
		return nil, err
	}
	colleagues, _, err := s.Officers.Staff(r.Context(), o.ID, officer.StaffFilter{Agency: x.Agency, Limit: 200})
	if err != nil {
		return nil, err
	}
	at := staffTab + "/" + x.ID
	names := map[string]string{}
	options := []ui.Option{{Text: f.T("manage.staff.pick")}}
	for _, c := range colleagues {
		names[c.ID] = c.Name
		if c.ID != x.ID && c.Agency == x.Agency {
			options = append(options, ui.Option{Value: c.ID, Text: join(", ", c.Name, c.Post)})
		}
	}
	var past []page.Past
	for _, d := range list {
		past = append(past, page.Past{
			Title: dash(names[d.DeputyID]), When: f.T("manage.staff.between", "from", f.day(d.From), "to", f.lastDay(d.Until)), DateTime: f.machine(d.From),
			Return: &page.Act{Text: f.T("manage.staff.recall"), Action: at + "/recall", Hidden: []ui.Hidden{{Name: "deputy", Value: d.DeputyID}}}, ReturnLabel: names[d.DeputyID],
		})
	}
	return page.Panel("deputies", f.T("manage.staff.deputies"), false, ui.P(f.T("manage.staff.deputies_text")), page.PastList(past, f.T("manage.staff.no_deputies")),
		page.FormOf(page.Form{Action: at + "/deputies", Label: f.T("manage.staff.appoint"), Fields: []templ.Component{
			f.pick("deputy", in.deputy, options), f.line("from", in.from, "10", true), f.line("to", in.to, "10", true),
		}, Button: f.T("manage.staff.appoint"), Kind: "secondary"})), nil
}

func (s *Site) changeMember(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	in := memberForms{agency: f.Text("agency"), post: f.Text("post"), roles: rolesOf(f)}
	if err := s.agencyThere(r, in.agency); err != nil {
		return err
	}
	id := r.PathValue("id")
	err = s.Officers.Change(r.Context(), o.ID, officer.Officer{ID: id, Version: v, Agency: in.agency, Post: in.post, Roles: in.roles})
	return s.settled(w, r, err, "agency", "manage.saved", staffTab+"/"+id, func(status int, bad kit.Wrong) error {
		in.bad = bad
		return s.memberPage(w, r, o, status, &in)
	})
}

func (s *Site) dismissMember(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	err := s.Officers.Dismiss(r.Context(), o.ID, r.PathValue("id"))
	return s.settled(w, r, err, "agency", "manage.staff.ended", staffTab, func(status int, bad kit.Wrong) error {
		x, e := s.Officers.Get(r.Context(), r.PathValue("id"))
		if e != nil {
			return e
		}
		return s.memberPage(w, r, o, status, &memberForms{agency: x.Agency, post: x.Post, roles: x.Roles, bad: bad})
	})
}

// appointDeputy lets somebody act for an officer from one day to another, both with
// them.
func (s *Site) appointDeputy(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	x, err := s.Officers.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	in := memberForms{agency: x.Agency, post: x.Post, roles: x.Roles, deputy: f.Text("deputy"), from: f.Text("from"), to: f.Text("to")}
	from, okFrom := s.dayIn(in.from)
	to, okTo := s.dayIn(in.to)
	var wrong []fault.Field
	if in.deputy == "" {
		wrong = append(wrong, fault.F("deputy", "manage.staff.deputy_missing"))
	}
	if !okFrom {
		wrong = append(wrong, fault.F("from", "content.missing.since"))
	}
	if !okTo {
		wrong = append(wrong, fault.F("to", "content.missing.since"))
	}
	if len(wrong) > 0 {
		err = fault.Invalid("officer.deputy_invalid", wrong...)
	} else {
		err = s.Officers.AppointBy(r.Context(), o.ID, officer.Deputy{OfficerID: x.ID, DeputyID: in.deputy, From: from, Until: to.AddDate(0, 0, 1)})
	}
	return s.settled(w, r, err, "deputy", "manage.saved", staffTab+"/"+x.ID, func(status int, bad kit.Wrong) error {
		in.bad = bad
		return s.memberPage(w, r, o, status, &in)
	})
}

func (s *Site) recallDeputy(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	err = s.Officers.Recall(r.Context(), o.ID, officer.Deputy{OfficerID: id, DeputyID: f.Text("deputy")})
	return s.settled(w, r, err, "", "manage.saved", staffTab+"/"+id, nil)
}

// showDeeds is what administrators and editors did, the newest first.
func (s *Site) showDeeds(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	const size = 50
	list, err := s.Officers.Log(r.Context(), o.ID, r.URL.Query().Get("after"), size+1)
	if err != nil {
		return err
	}
	l := s.words(r)
	v := page.List{
		Manage: s.manage(w, r, o, "/manage/journal", l.T("manage.tab.journal"), l.T("manage.journal.lead")), Label: l.T("manage.tab.journal"),
		Empty: l.T("manage.journal.empty"), Head: heads(l, "manage.journal.at", "manage.journal.who", "manage.journal.what", "manage.journal.object", "manage.journal.note"),
	}
	if len(list) > size {
		list = list[:size]
		v.Pager = &ui.PagerProps{Next: "/manage/journal?after=" + list[size-1].ID}
	}
	for _, d := range list {
		note := d.Note
		switch d.Kind {
		case officer.DeedInvite, officer.DeedJoin, officer.DeedChange:
			note = l.roles(officer.ParseRoles(d.Note))
		case officer.DeedAppoint, officer.DeedRecall:
			note = ""
		case officer.DeedRelease:
			load := officer.ParseLoad(d.Note)
			note = l.held(load)
			if load.Invitations > 0 {
				note = join("; ", note, l.T("manage.staff.links", "n", load.Invitations))
			}
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Text: l.DateTime(d.At, s.Zone), Class: "okno-nowrap"},
			{Text: dash(d.Name), Label: l.T("manage.journal.who")},
			{Text: l.T("officer.deed." + string(d.Kind)), Label: l.T("manage.journal.what")},
			{Body: deedObject(&d), Label: l.T("manage.journal.object")},
			{Text: dash(note), Label: l.T("manage.journal.note")},
		}})
	}
	return s.list(w, r, v)
}

// deedObject leads to what was changed.
func deedObject(d *officer.Deed) templ.Component {
	href := ""
	switch d.Kind {
	case officer.DeedJoin, officer.DeedChange, officer.DeedDismiss, officer.DeedAppoint, officer.DeedRecall:
		href = staffTab + "/" + d.Object
	case officer.DeedSetting:
		href = "/settings/" + d.Object
	case officer.DeedPortal:
		href = portalTab
	case officer.DeedDirectory:
		kind, code, _ := strings.Cut(d.Object, "/")
		href = "/manage/directory/" + kind + "/entries/" + code
	case officer.DeedText, officer.DeedMailing:
		kind, code, _ := strings.Cut(d.Object, "/")
		href = "/manage/texts/" + kind + "/entries/" + code
	case officer.DeedCatalogue:
		if d.Object != "" {
			href = "/manage/catalogue/services/" + d.Object
		}
	}
	if href == "" {
		return ui.Num(dash(d.Object))
	}
	return page.Linked(d.Object, href, "")
}
