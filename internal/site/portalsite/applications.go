package portalsite

import (
	"net/http"
	"net/url"
	"path"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

func (s *Site) showApplications(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.applicationList(w, r, v, false)
}

func (s *Site) showArchive(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.applicationList(w, r, v, true)
}

// applicationList is «Мои заявления»: what changed in the last 30 days with the
// drafts, or the archive of all time (SVC-13, SVC-20).
func (s *Site) applicationList(w http.ResponseWriter, r *http.Request, v *visitor, archive bool) error {
	q := r.URL.Query()
	f := application.Filter{Archive: archive, Query: kit.Clean(q.Get("q")), After: q.Get("after")}
	list, err := s.Applications.List(r.Context(), v.acc.ID, f)
	if err != nil {
		return err
	}
	l := s.words(r)
	out := page.Applications{Archive: archive, Query: f.Query, Tabs: []ui.Link{
		{Text: l.t("applications.recent"), Href: "/lk/applications", Current: !archive},
		{Text: l.t("applications.archive"), Href: "/lk/applications/archive", Current: archive},
	}}
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return err
	}
	for i := range list.Applications {
		out.Items = append(out.Items, l.applicationItem(&list.Applications[i], names))
	}
	if list.Next != "" {
		next := url.Values{"after": {list.Next}}
		if f.Query != "" {
			next.Set("q", f.Query)
		}
		out.Pager = &ui.PagerProps{Next: r.URL.Path + "?" + next.Encode(), NextText: l.t("feed.older")}
	}
	if !archive && f.Query == "" && f.After == "" {
		drafts, err := s.Applications.Drafts(r.Context(), v.acc.ID)
		if err != nil {
			return err
		}
		for i := range drafts {
			out.Drafts = append(out.Drafts, l.draftItem(&drafts[i]))
		}
	}
	return kit.Render(w, r, http.StatusOK, s.cabinetPage(r, "applications.title"), page.ApplicationsPage(out))
}

func (w words) draftItem(d *application.Draft) page.DraftItem {
	return page.DraftItem{
		ID: d.ID, Title: w.in(d.Title), Text: w.t("drafts.text", "when", w.moment(d.UpdatedAt)), Href: "/lk/drafts/" + d.ID,
		Kept: w.t("drafts.kept", "date", w.lastDay(d.ExpiresAt)), Unsigned: d.Status == application.StatusUnsigned,
	}
}

// body is the agency as people call it; one that is gone keeps its full name.
func body(a *application.Application, names map[string]string) string {
	if n := names[a.Agency]; n != "" {
		return n
	}
	return a.Body
}

func (w words) applicationItem(a *application.Application, names map[string]string) ui.FeedItem {
	tag := w.statusTag(a)
	return ui.FeedItem{
		Category: w.t("applications.line", "number", a.Number, "agency", body(a, names)), Title: w.in(a.Title), Href: "/lk/applications/" + a.ID,
		When: w.t("applications.changed", "when", w.moment(a.ChangedAt)), Icon: icon.Doc, Act: a.Status.CitizensTurn(), Tag: &tag,
	}
}

// statusTag is the state in a word: yellow when it is the person's turn.
func (w words) statusTag(a *application.Application) ui.TagProps {
	tag := ui.TagProps{Text: w.T("application.status." + string(a.Status))}
	switch {
	case a.Status.CitizensTurn():
		tag.Colour = "yellow"
	case a.Status == application.StatusGranted || a.Outcome == application.StatusGranted:
		tag.Colour = "green"
	case a.Status == application.StatusRefused || a.Outcome == application.StatusRefused:
		tag.Colour = "red"
	case a.Status == application.StatusWithdrawn || a.Status == application.StatusClosed:
		tag.Colour = "grey"
	}
	return tag
}

func (s *Site) showApplication(w http.ResponseWriter, r *http.Request, v *visitor) error {
	var in replyForm
	if p := s.unpark(r); p != nil {
		// Somebody else at this browser may not see the case, and loses nothing of it.
		if _, err := s.Applications.Get(r.Context(), v.acc.ID, r.PathValue("id")); err != nil {
			return err
		}
		in = parkedReply(p)
		s.unparked(w)
	}
	return s.applicationPage(w, r, v, http.StatusOK, in)
}

// parkedReply is what was typed in one of the page's forms when the session had
// ended.
func parkedReply(p *parked) replyForm {
	f := kit.Form{Values: p.Values}
	in := replyForm{kept: true}
	switch path.Base(p.Form) {
	case "answer":
		in.comment = f.Lines("comment")
	case "message":
		in.message = f.Lines("message")
	case "rate":
		in.rated, in.rating = true, f.Lines("opinion")
		in.stars, _ = strconv.Atoi(f.Text("stars")) // nonsense is no mark
	}
	return in
}

// replyForm is what a person has typed for the agency and what is wrong with it.
type replyForm struct {
	comment, message string
	rating           string // comment of the rating
	stars            int
	rated            bool // the rating was sent
	kept             bool // was parked while the person signed in again
	bad              kit.Wrong
	files            string // refused uploads
}

// applicationPage is an application with its history, files and answers
// (SVC-16, SVC-17). Opening it marks its notices as read.
func (s *Site) applicationPage(w http.ResponseWriter, r *http.Request, v *visitor, status int, reply replyForm) error {
	d, err := s.Applications.Get(r.Context(), v.acc.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.Notices.MarkObjectRead(r.Context(), v.acc.ID, application.Holder(d.ID)); err != nil {
		return err
	}
	if v.unread, err = s.Notices.Unread(r.Context(), v.acc.ID); err != nil {
		return err
	}
	l := s.words(r)
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return err
	}
	short := body(&d.Application, names)
	for i := range d.Events {
		if d.Events[i].Body == d.Body {
			d.Events[i].Body = short
		}
	}
	d.Body = short
	out := page.Application{
		Title: l.in(d.Title), Tag: l.statusTag(&d.Application), Updated: l.t("application.updated", "when", l.moment(d.ChangedAt)),
		History: l.history(d), Messages: l.messages(d), Files: l.fileItems(d, document.SideCitizen),
		Sections: l.checkSections(d.Content.Form, func(string) string { return "" }), Facts: l.applicationFacts(d),
		Links: l.applicationLinks(&d.Application),
	}
	if reply.kept {
		out.Kept = l.t("session.kept")
	}
	if out.Term, err = s.term(r, l, d); err != nil {
		return err
	}
	if d.Status == application.StatusMoreInfo {
		if out.Turn, err = s.turn(r, l, v, d, reply); err != nil {
			return err
		}
	}
	if d.Outcome != "" {
		if out.Outcome, err = s.outcome(r, l, d); err != nil {
			return err
		}
	}
	out.Stars = l.stars(d, reply)
	if d.Status.Open() {
		out.Write = &page.Write{
			Action: "/lk/applications/" + d.ID + "/message", Hidden: key(), Value: reply.message, Error: reply.bad.Field("message"), Limit: application.MaxText,
		}
	}
	looks, err := s.Applications.Looks(r.Context(), v.acc.ID, d.ID)
	if err != nil {
		return err
	}
	for _, e := range looks {
		out.Looks = append(out.Looks, l.t("application.look", "when", l.DateTime(e.At, l.zone), "officer", e.Details["officer"], "agency", e.Details["agency"]))
	}
	p := s.page(r, l.in(d.Title))
	p.NoIndex, p.Errors = true, reply.bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.t("lk.title"), "/lk/"), link(l.t("applications.title"), "/lk/applications"), {Text: d.Number}}
	return kit.Render(w, r, status, p, page.ApplicationPage(out))
}

func key() []ui.Hidden { return []ui.Hidden{{Name: kit.KeyField, Value: kit.NewKey()}} }

// term is the counter of days while the agency owes a decision.
func (s *Site) term(r *http.Request, l words, d *application.Details) (*ui.TermProps, error) {
	if !d.Status.Open() || d.DueAt == nil || d.RegisteredAt == nil {
		return nil, nil
	}
	sv, err := s.Services.Revision(r.Context(), d.Revision)
	if err != nil {
		return nil, err
	}
	at, unit := l.now, application.TermOf(sv).Unit
	if asked := d.Asked(); asked != nil {
		at = asked.At // the term stands still
	}
	pr := s.Applications.Calendar.Progress(*d.RegisteredAt, *d.DueAt, at, unit, l.zone)
	out := &ui.TermProps{
		Day: min(max(pr.Day, 1), pr.Of), Of: pr.Of, Until: l.Date(pr.LastDay), Yours: d.Status.CitizensTurn(),
		Note: l.t("application.term_note", "unit", string(unit), "from", l.day(*d.RegisteredAt)),
	}
	switch {
	case d.Status == application.StatusMoreInfo:
		out.Until, out.Note = "", l.t("application.term_stopped") // the day is known when it goes on
	case pr.Overdue:
		out.Note = l.t("application.term_over", "date", l.Date(pr.LastDay))
	}
	return out, nil
}

// history is «История обработки», with what is still to come.
func (w words) history(d *application.Details) []ui.Moment {
	var out []ui.Moment
	for i, e := range d.Events {
		m := ui.Moment{
			Title: w.T("application.event." + string(e.Status)), When: w.moment(e.At), DateTime: w.machine(e.At), Text: w.actor(e),
		}
		switch e.Reason {
		case application.ReasonReleased:
			m.Title, m.Text = w.T("application.event.released"), w.t("application.released")
		case application.ReasonTaken:
			m.Title = w.T("application.event.taken")
		}
		if e.Comment != "" {
			m.Text += ": «" + e.Comment + "»"
		}
		if i == len(d.Events)-1 && d.Status.Open() {
			m.State = "now"
			if d.Status.CitizensTurn() {
				m.State = "you"
			}
		}
		out = append(out, m)
	}
	if !d.Status.Open() {
		return out
	}
	if d.RegisteredAt == nil {
		out = append(out, ui.Moment{Title: w.t("application.future_registered"), State: "future", When: w.t("sent.until", "date", w.lastDay(d.RegisterBy))})
	}
	m := ui.Moment{Title: w.t("application.future_decision"), State: "future"}
	if d.DueAt != nil && d.Asked() == nil {
		m.When = w.t("sent.until", "date", w.lastDay(*d.DueAt))
	}
	return append(out, m)
}

// actor is who moved the application: the citizen, an officer of a body, the portal.
func (w words) actor(e application.Event) string {
	switch e.Actor {
	case application.ActorApplicant:
		return w.t("application.you")
	case application.ActorOfficer:
		return joinWith(", ", e.Officer, e.Body)
	}
	return w.t("application.portal")
}

func (w words) messages(d *application.Details) []ui.MessageProps {
	var out []ui.MessageProps
	for _, m := range d.Messages {
		p := ui.MessageProps{From: joinWith(", ", m.Officer, d.Body), When: w.moment(m.At), DateTime: w.machine(m.At), Text: m.Text}
		if m.Side == document.SideCitizen {
			p.From, p.Mine = w.t("application.you"), true
		}
		out = append(out, p)
	}
	return out
}

// fileItems are the files that one side gave, each with its state.
func (w words) fileItems(d *application.Details, side document.Side) []ui.FileItem {
	var out []ui.FileItem
	for _, f := range d.Files {
		if f.Side != side {
			continue
		}
		item := ui.FileItem{Name: f.Name, Note: w.fileNote(f)}
		if f.Scan.Readable() || side == document.SideCitizen && f.Scan != document.ScanInfected {
			item.Links = []ui.Link{{Text: w.t("file.download"), Href: "/lk/applications/" + d.ID + "/files/" + f.Document, Attrs: ui.Attrs{"download": ""}}}
		}
		out = append(out, item)
	}
	return out
}

func (w words) fileNote(f application.File) string {
	size := w.size(f.Size)
	switch f.Scan {
	case document.ScanInfected:
		return w.t("file.infected", "size", size)
	case document.ScanWaiting, document.ScanReceived:
		return w.t("file.waiting", "size", size)
	case document.ScanUnchecked:
		return w.t("file.unchecked", "size", size)
	}
	return w.t("file.there", "size", size)
}

func (w words) applicationFacts(d *application.Details) []ui.Fact {
	out := []ui.Fact{
		{Name: w.t("application.number"), Text: d.Number, Num: true},
		{Name: w.t("application.agency"), Body: ui.A(link(d.Body, "/agencies/"+d.Agency)), Note: d.OfficerName},
		{Name: w.t("application.applicant"), Text: d.Content.Applicant},
		{Name: w.t("application.sent"), Text: w.DateTime(d.SubmittedAt, w.zone)},
	}
	if d.Capacity == application.CapacityChild {
		out = append(out, ui.Fact{Name: w.t("application.for_child"), Text: d.Content.Subject})
	}
	return out
}

func (w words) applicationLinks(a *application.Application) []ui.Link {
	at := "/lk/applications/" + a.ID
	out := []ui.Link{
		{Text: w.t("application.receipt"), Href: at + "/receipt.pdf", Icon: icon.Download},
		{Text: w.t("application.print"), Href: at + "/application.pdf", Icon: icon.Print},
	}
	if application.Permits(a.Status, application.StatusWithdrawn, application.ActorApplicant) {
		out = append(out, ui.Link{Text: w.t("application.withdraw"), Href: at + "/withdraw", Icon: icon.Close})
	}
	return out
}

// turn is the question of the agency with the form of the answer.
func (s *Site) turn(r *http.Request, l words, v *visitor, d *application.Details, reply replyForm) (*page.Turn, error) {
	out := &page.Turn{
		Title: l.t("turn.title"), Action: "/lk/applications/" + d.ID + "/answer", Hidden: key(), Comment: reply.comment,
		Types:  l.t("turn.file_hint", "size", l.size(form.MaxFileSize), "types", joinWith(", ", form.FileTypes...)),
		Accept: page.Accept(form.FileTypes), FileError: reply.files, CommentError: reply.bad.Field("comment"), Limit: application.MaxText,
	}
	if e := d.Asked(); e != nil {
		out.Text = l.t("turn.asks", "name", joinWith(", ", e.Officer, e.Body), "text", e.Comment)
	}
	if day := d.AnswerDay(l.zone); day != nil {
		out.Until = l.t("turn.until", "date", l.Date(*day))
	}
	files, err := s.Applications.ReplyFiles(r.Context(), v.acc.ID, d.ID)
	for _, f := range files {
		out.Files = append(out.Files, ui.FileItem{
			Name: f.Name, Note: l.fileNote(application.File{Size: f.Size, Scan: f.Scan}), Body: page.RemoveButton(f.ID, f.Name),
		})
	}
	return out, err
}

// outcome is the decision with the agency's files (SVC-18, SVC-25).
func (s *Site) outcome(r *http.Request, l words, d *application.Details) (*page.Outcome, error) {
	out := &page.Outcome{Good: d.Outcome == application.StatusGranted, Title: l.t("outcome." + string(d.Outcome)), Files: l.fileItems(d, document.SideAgency)}
	for i := len(d.Events) - 1; i >= 0; i-- {
		if e := d.Events[i]; e.Status == d.Outcome && e.Reason == "" {
			out.Text = e.Comment
			break
		}
	}
	if d.Outcome == application.StatusRefused {
		sv, err := s.Services.Revision(r.Context(), d.Revision)
		if err != nil {
			return nil, err
		}
		if g, ok := sv.Ground(d.Ground); ok {
			out.Ground = withLaw(l.in(g.Text), l.in(g.Law))
		}
		out.Text = l.t("outcome.refused_text", "reason", out.Text)
	}
	return out, nil
}

// answer sends what the agency asked for: text, files or both.
func (s *Site) answer(w http.ResponseWriter, r *http.Request, v *visitor) error {
	l, id := s.words(r), r.PathValue("id")
	var reply replyForm
	posted, err := readStep(r, func(u kit.Upload) error {
		_, err := s.Applications.UploadReply(r.Context(), v.acc.ID, id, document.Upload{Name: u.Name, Body: u.Body})
		if text, ok := uploadError(l, err, u.Name); ok {
			reply.files = joinWith("; ", reply.files, text)
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	f := kit.Form{Values: posted}
	reply.comment = f.Lines("comment")
	if file := f.Text("remove"); file != "" {
		if err := s.Applications.DropReplyFile(r.Context(), v.acc.ID, id, file); err != nil {
			return err
		}
		return s.applicationPage(w, r, v, http.StatusOK, reply)
	}
	if reply.files != "" {
		reply.bad.Summary = []ui.FieldError{{Field: "file", Text: reply.files}}
		return s.applicationPage(w, r, v, http.StatusUnprocessableEntity, reply)
	}
	formKey, err := f.Key()
	if err != nil {
		return err
	}
	held, err := s.Applications.ReplyFiles(r.Context(), v.acc.ID, id)
	if err != nil {
		return err
	}
	send := application.Reply{Owner: v.acc.ID, Application: id, Key: formKey, Text: reply.comment}
	for _, d := range held {
		send.Files = append(send.Files, d.ID)
	}
	if err := s.Applications.Answer(r.Context(), send); err != nil {
		return s.replyFault(w, r, v, err, reply)
	}
	return kit.See(w, r, "/lk/applications/"+id)
}

// write sends a message to the agency.
func (s *Site) write(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	formKey, err := f.Key()
	if err != nil {
		return err
	}
	reply := replyForm{message: f.Lines("message")}
	err = s.Applications.Write(r.Context(), application.Reply{Owner: v.acc.ID, Application: r.PathValue("id"), Key: formKey, Text: reply.message})
	if err != nil {
		return s.replyFault(w, r, v, err, reply)
	}
	return kit.See(w, r, "/lk/applications/"+r.PathValue("id")+"#messages")
}

// replyFault shows a fault on the application's page with what was typed.
func (s *Site) replyFault(w http.ResponseWriter, r *http.Request, v *visitor, err error, reply replyForm) error {
	bad, ok := kit.WrongOf(r, err, nil)
	if !ok || fault.Is(err, fault.KindForbidden) {
		return err
	}
	reply.bad = bad
	return s.applicationPage(w, r, v, kit.Status(fault.KindOf(err)), reply)
}

func (s *Site) askWithdraw(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.Applications.Get(r.Context(), v.acc.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	l := s.words(r)
	at := "/lk/applications/" + d.ID
	if !application.Permits(d.Status, application.StatusWithdrawn, application.ActorApplicant) {
		return kit.See(w, r, at)
	}
	p := s.page(r, l.t("application.withdraw_title"))
	p.Back = &ui.Link{Href: at}
	return kit.Render(w, r, http.StatusOK, p, page.ConfirmPage(page.Confirm{
		Title: l.t("application.withdraw_title"), Text: l.t("application.withdraw_text"), Button: l.t("application.withdraw"),
		Action: at + "/withdraw", Back: link(l.t("application.withdraw_keep"), at),
	}))
}

func (s *Site) withdraw(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.Applications.Withdraw(r.Context(), v.acc.ID, r.PathValue("id")); err != nil {
		return err
	}
	return kit.See(w, r, "/lk/applications/"+r.PathValue("id"))
}
