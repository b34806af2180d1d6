package portalsite

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// supportRoutes are the pages of the support, of error reports and of ratings.
func (s *Site) supportRoutes() {
	m := s.mux
	m.Handle("GET /support", s.showSupport)
	m.Handle("POST /support", s.sendSupport)
	m.Handle("GET /support/sent", s.showSupportSent)
	m.Handle("GET /report", s.showReport)
	m.Handle("POST /report", s.sendReport)
	m.Handle("GET /report/sent", s.showReportSent)
	m.Handle("GET /lk/support", s.person(s.showTickets))
	m.Handle("GET /lk/support/{id}", s.person(s.showTicket))
	m.Handle("POST /lk/support/{id}/message", s.reply(s.writeTicket))
	m.Handle("POST /lk/support/{id}/solve", s.person(s.solveTicket))
	m.Handle("POST /lk/applications/{id}/rate", s.reply(s.rate))
}

// trapField is a field that people do not see and programs fill in.
const trapField = "website"

// signedField has the account of who was signed in when the form was shown.
const signedField = "signed"

// asked is what somebody has typed for the support.
type asked struct {
	key, name, email, text, trap string
	signed                       string // account of who was signed in when the form was shown
	topic                        support.Topic
	kind                         support.Kind
	page, errorID                string // of a report
	kept                         bool   // was parked while the person signed in again
	bad                          kit.Wrong
}

func askedOf(r *http.Request) (asked, error) {
	f, err := kit.FormOf(r)
	if err != nil {
		return asked{}, err
	}
	return askedIn(f)
}

func askedIn(f kit.Form) (asked, error) {
	in := asked{
		name: f.Text("name"), email: f.Text("email"), text: f.Lines("text"), trap: f.Text(trapField), signed: f.Text(signedField),
		topic: support.Topic(f.Text("topic")), kind: support.Kind(f.Text("kind")),
		page: support.CleanPage(f.Text("page")), errorID: support.CleanErrorID(f.Text("error")),
	}
	var err error
	in.key, err = f.Key()
	return in, err
}

// signedOut parks the form of somebody who was signed in when he opened it and
// is not any more: sent as it is, it would be a stranger's.
func (s *Site) signedOut(w http.ResponseWriter, r *http.Request, in asked) (bool, error) {
	if in.signed == "" || visitorOf(r) != nil {
		return false, nil
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return true, err
	}
	return true, s.parkFor(w, r, r.URL.Path, f.Values)
}

// kept is what was parked for a form of the support.
func (s *Site) kept(w http.ResponseWriter, r *http.Request) (asked, bool) {
	p, v := s.unpark(r), visitorOf(r)
	if p == nil || v == nil {
		return asked{}, false
	}
	s.unparked(w)
	in, err := askedIn(kit.Form{Values: p.Values})
	if err != nil || in.signed != v.acc.ID { // the next one at a shared computer does not read it
		return asked{}, false
	}
	in.kept = true
	return in, true
}

// formHidden are the hidden fields that both forms of the support carry.
func formHidden(r *http.Request, in asked) []ui.Hidden {
	out := []ui.Hidden{{Name: kit.KeyField, Value: in.key}}
	if v := visitorOf(r); v != nil {
		out = append(out, ui.Hidden{Name: signedField, Value: v.acc.ID})
	}
	return out
}

// request is what was typed with what the browser says of itself.
func (s *Site) request(w http.ResponseWriter, r *http.Request, in asked) support.Request {
	known := s.mux.Cookie(r, "device") != ""
	out := support.Request{
		Key: in.key, Name: in.name, Email: in.email, Topic: in.topic, Kind: in.kind, Text: in.text, Page: in.page, ErrorID: in.errorID,
		Browser: r.UserAgent(), Locale: kit.L(r).Lang(), Device: s.mux.Device(w, r), Known: known, Network: kit.Network(r),
	}
	if v := visitorOf(r); v != nil {
		c := v.sess.Claims
		out.Owner, out.Email = v.acc.ID, ""
		out.Name = strings.TrimSpace(c.GivenName + " " + c.MiddleName)
	}
	return out
}

// openTicket makes the ticket, or a fault that the form can show.
func (s *Site) openTicket(w http.ResponseWriter, r *http.Request, in asked, report bool) (*support.Ticket, error) {
	if in.trap != "" {
		return nil, fault.Invalid("support.invalid", fault.F(trapField, "support.trap"))
	}
	req := s.request(w, r, in)
	req.Report = report
	return s.Support.Open(r.Context(), req)
}

// sent leads to the ticket of who is signed in, else to the page with its number.
func (s *Site) sent(w http.ResponseWriter, r *http.Request, x *support.Ticket, page string) error {
	if x.Owner != "" {
		s.mux.Flash(w, "support.ticket.sent")
		return kit.See(w, r, "/lk/support/"+x.ID)
	}
	return kit.See(w, r, page+"?n="+x.Number)
}

func (s *Site) showSupport(w http.ResponseWriter, r *http.Request) error {
	if in, ok := s.kept(w, r); ok {
		return s.supportPage(w, r, http.StatusOK, in)
	}
	q := r.URL.Query()
	return s.supportPage(w, r, http.StatusOK, asked{key: kit.NewKey(), topic: support.Topic(q.Get("topic")), kind: support.Kind(q.Get("kind"))})
}

func (s *Site) sendSupport(w http.ResponseWriter, r *http.Request) error {
	in, err := askedOf(r)
	if err != nil {
		return err
	}
	if out, err := s.signedOut(w, r, in); out {
		return err
	}
	x, err := s.openTicket(w, r, in, false)
	if err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "text"})
		if !ok {
			return err
		}
		in.bad = bad
		return s.supportPage(w, r, kit.Status(fault.KindOf(err)), in)
	}
	return s.sent(w, r, x, "/support/sent")
}

// supportPage is the form of the support (HLP-05): who is signed in sees what is
// known of him and is not asked for it.
func (s *Site) supportPage(w http.ResponseWriter, r *http.Request, status int, in asked) error {
	s.mux.Device(w, r) // an honest browser is known when it sends the form
	l := s.words(r)
	hours, err := s.answerHours(r, support.QueuePortal)
	if err != nil {
		return err
	}
	out := page.SupportForm{
		Hidden: formHidden(r, in), Lead: l.T("support.form.lead", "n", hours), Error: in.bad.Field, Trap: in.trap,
		Name: in.name, Email: in.email, Text: in.text, Contacts: s.supportContacts(r, l),
	}
	for _, t := range support.Topics {
		out.Topics = append(out.Topics, ui.Option{Value: string(t), Text: l.T("support.topic." + string(t)), Checked: t == in.topic})
	}
	for _, k := range support.Kinds {
		out.Kinds = append(out.Kinds, ui.Option{Value: string(k), Text: l.T("support.kind." + string(k)), Checked: k == in.kind})
	}
	if in.kept {
		out.Kept = l.t("session.kept")
	}
	if v := visitorOf(r); v != nil {
		if out.Known, err = s.knownRows(r, l, v); err != nil {
			return err
		}
	}
	p := s.page(r, l.T("support.form.title"))
	p.Errors = in.bad.Summary
	p.Breadcrumbs = l.crumbs(link(l.t("help.title"), "/help/"))
	return kit.Render(w, r, status, p, page.SupportPage(out))
}

func (s *Site) knownRows(r *http.Request, l words, v *visitor) ([]ui.Row, error) {
	c, err := s.contacts(r, v)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(v.sess.Claims.FamilyName + " " + v.sess.Claims.GivenName + " " + v.sess.Claims.MiddleName)
	rows := []ui.Row{{Key: l.T("support.form.known_name"), Value: name}}
	if c.Email != "" {
		rows = append(rows, ui.Row{Key: l.T("support.form.known_email"), Value: c.Email})
	}
	if c.Mobile != "" {
		rows = append(rows, ui.Row{Key: l.T("support.form.known_phone"), Value: phone(c.Mobile)})
	}
	return rows, nil
}

func (s *Site) supportContacts(r *http.Request, l words) page.Contacts {
	b := s.brand(r.Context())
	c := page.Contacts{Phone: b.Phone, Social: social(b)}
	if b.PhoneShort != "" {
		c.Short = l.T("support.form.short", "phone", b.PhoneShort)
	}
	return c
}

func (s *Site) answerHours(r *http.Request, q support.Queue) (n int, err error) {
	key := support.PortalHours
	if q == support.QueueIdentity {
		key = support.IdentityHours
	}
	err = s.Support.DB.Read(r.Context(), func(tx *db.Tx) error {
		n, err = setting.Get(r.Context(), tx, key)
		return err
	})
	return n, err
}

var ticketNumber = regexp.MustCompile(`^\d{4}-\d{4}$`)

func (s *Site) showSupportSent(w http.ResponseWriter, r *http.Request) error {
	return s.sentPage(w, r, "support.form.title", "/support", "support.sent.text")
}

func (s *Site) sentPage(w http.ResponseWriter, r *http.Request, title, form, text string) error {
	n := r.URL.Query().Get("n")
	if !ticketNumber.MatchString(n) {
		return kit.See(w, r, form)
	}
	l := s.words(r)
	p := s.page(r, l.T("support.sent.title"))
	p.NoIndex = true
	p.Breadcrumbs = l.crumbs(link(l.T(title), form))
	return kit.Render(w, r, http.StatusOK, p, page.SupportSentPage(n, l.T(text)))
}

// showTickets is «Мои обращения в поддержку».
func (s *Site) showTickets(w http.ResponseWriter, r *http.Request, v *visitor) error {
	list, err := s.Support.List(r.Context(), v.acc.ID, r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	l := s.words(r)
	out := page.Tickets{}
	for i := range list.Tickets {
		x := &list.Tickets[i]
		tag := l.ticketTag(x)
		item := ui.FeedItem{
			Category: l.T("support.mine.line", "number", x.Number), Title: l.T("support.topic." + string(x.Topic)), Href: "/lk/support/" + x.ID,
			When: l.T("support.mine.changed", "when", l.moment(x.ChangedAt)), Icon: icon.Message, Tag: &tag,
		}
		if x.Status.Open() && !x.Late(l.now) {
			item.Text = l.T("support.mine.until", "when", l.DateTime(x.DueAt, l.zone))
		}
		out.Items = append(out.Items, item)
	}
	if list.Next != "" {
		out.Pager = &ui.PagerProps{Next: "/lk/support?after=" + query(list.Next), NextText: l.T("support.mine.older")}
	}
	p := s.page(r, l.T("support.mine.title"))
	p.NoIndex = true
	p.Breadcrumbs = []ui.Link{link(l.t("lk.title"), "/lk/")}
	return kit.Render(w, r, http.StatusOK, p, page.TicketsPage(out))
}

func (w words) ticketTag(x *support.Ticket) ui.TagProps {
	tag := ui.TagProps{Text: w.T("support.status." + string(x.Status))}
	switch x.Status {
	case support.StatusAnswered:
		tag.Colour = "green"
	case support.StatusClosed:
		tag.Colour = "grey"
	}
	return tag
}

func (s *Site) showTicket(w http.ResponseWriter, r *http.Request, v *visitor) error {
	text := ""
	if p := s.unpark(r); p != nil {
		// Somebody else at this browser may not see the ticket, and loses nothing of it.
		if _, err := s.Support.Get(r.Context(), v.acc.ID, r.PathValue("id")); err != nil {
			return err
		}
		text = kit.Form{Values: p.Values}.Lines("text")
		s.unparked(w)
	}
	return s.ticketPage(w, r, v, http.StatusOK, text, kit.Wrong{})
}

// ticketPage is one ticket with its letters. Opening it marks its notices read.
func (s *Site) ticketPage(w http.ResponseWriter, r *http.Request, v *visitor, status int, text string, bad kit.Wrong) error {
	d, err := s.Support.Get(r.Context(), v.acc.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.Notices.MarkObjectRead(r.Context(), v.acc.ID, support.Object(d.ID)); err != nil {
		return err
	}
	if v.unread, err = s.Notices.Unread(r.Context(), v.acc.ID); err != nil {
		return err
	}
	hours, err := s.answerHours(r, d.Queue)
	if err != nil {
		return err
	}
	l := s.words(r)
	at := "/lk/support/" + d.ID
	out := page.Ticket{
		Title: l.T("support.ticket.title", "number", d.Number), Tag: l.ticketTag(&d.Ticket), Flash: s.mux.TakeFlash(w, r), State: l.ticketState(&d.Ticket),
		Messages: l.ticketMessages(d), Facts: l.ticketFacts(&d.Ticket),
	}
	if text != "" && !bad.Any() {
		out.Kept = l.t("session.kept")
	}
	if d.Status != support.StatusClosed {
		out.WriteLabel = l.T("support.ticket.more")
		if d.Status == support.StatusAnswered {
			out.WriteLabel, out.WriteHint = l.T("support.ticket.more_answered"), l.T("support.ticket.more_hint", "n", hours)
		}
		out.Write = &page.Write{Action: at + "/message", Hidden: key(), Value: text, Error: bad.Field("text"), Limit: support.MaxText}
		out.Solve = at + "/solve"
	}
	p := s.page(r, out.Title)
	p.NoIndex, p.Errors = true, bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.t("lk.title"), "/lk/"), link(l.T("support.mine.title"), "/lk/support")}
	return kit.Render(w, r, status, p, page.TicketPage(out))
}

// ticketState says who has the turn and until when.
func (w words) ticketState(x *support.Ticket) string {
	switch {
	case x.Status == support.StatusClosed:
		return w.T("support.ticket.closed", "why", lower(w.T("support.ending."+string(x.Ending))))
	case x.Late(w.now):
		return w.T("support.ticket.late", "when", w.DateTime(x.DueAt, w.zone))
	case x.Status.Open():
		return w.T("support.ticket.due", "when", w.DateTime(x.DueAt, w.zone))
	}
	return ""
}

func lower(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToLower(string(r[0])) + string(r[1:])
}

func (w words) ticketMessages(d *support.Details) []ui.MessageProps {
	var out []ui.MessageProps
	for _, m := range d.Messages {
		p := ui.MessageProps{From: w.T("support.ticket.support", "name", m.Officer), When: w.moment(m.At), DateTime: w.machine(m.At), Body: page.Paragraphs(m.Text)}
		if m.Side == support.SideCitizen {
			p.From, p.Mine = w.T("support.ticket.you"), true
		}
		out = append(out, p)
	}
	return out
}

func (w words) ticketFacts(x *support.Ticket) []ui.Fact {
	out := []ui.Fact{
		{Name: w.T("support.ticket.number"), Text: x.Number, Num: true},
		{Name: w.T("support.ticket.topic"), Text: w.T("support.topic." + string(x.Topic))},
		{Name: w.T("support.ticket.kind"), Text: w.T("support.noun." + string(x.Kind))},
		{Name: w.T("support.ticket.opened"), Text: w.DateTime(x.CreatedAt, w.zone)},
	}
	if x.Page != "" {
		out = append(out, ui.Fact{Name: w.T("support.ticket.page"), Text: x.Page})
	}
	if x.ErrorID != "" {
		out = append(out, ui.Fact{Name: w.T("support.ticket.error"), Text: x.ErrorID, Num: true})
	}
	return out
}

func (s *Site) writeTicket(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	formKey, err := f.Key()
	if err != nil {
		return err
	}
	text := f.Lines("text")
	if err := s.Support.Write(r.Context(), v.acc.ID, r.PathValue("id"), formKey, text); err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "messages"})
		if !ok {
			return err
		}
		return s.ticketPage(w, r, v, kit.Status(fault.KindOf(err)), text, bad)
	}
	return kit.See(w, r, "/lk/support/"+r.PathValue("id")+"#messages")
}

func (s *Site) solveTicket(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.Support.Solve(r.Context(), v.acc.ID, r.PathValue("id")); err != nil {
		return err
	}
	return kit.See(w, r, "/lk/support/"+r.PathValue("id"))
}
