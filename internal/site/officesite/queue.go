package officesite

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

const queueSize = 25

// views are the numbers above the queue; each is a filter. The first is what a
// clerk sees when he comes: his own cases and the free ones.
var views = []string{"work", "mine", "late", "today", "week", "unseen", "free", "all", "ended"}

var ended = []application.Status{application.StatusGranted, application.StatusRefused, application.StatusWithdrawn, application.StatusClosed}

// showQueue lists the cases of the own agency, the nearest term first (BO-01).
func (s *Site) showQueue(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	q := r.URL.Query()
	view := q.Get("show")
	if !slices.Contains(views, view) {
		view = views[0]
	}
	paging := kit.PagingOf(r, queueSize)
	f := s.filter(view)
	f.Query, f.Service, f.Page, f.Limit = kit.Clean(q.Get("q")), q.Get("service"), paging.Page, queueSize
	if st := application.Status(q.Get("status")); st.Known() {
		f.Status = []application.Status{st}
	}
	list, err := s.Cases.Queue(r.Context(), o.ID, f)
	if err != nil {
		return err
	}
	paging.Total = list.Total
	l := s.words(r)
	agency, err := s.Directory.Known(r.Context(), o.Agency)
	if err != nil {
		return err
	}
	out := page.Queue{Agency: agency.In(l.Lang()).Name, Query: f.Query, Counts: l.counts(list.Counts, view), Hidden: []ui.Hidden{{Name: "show", Value: view}}}
	services, err := s.Services.ByAgency(r.Context(), o.Agency)
	if err != nil {
		return err
	}
	pick := ui.Choice{Field: ui.Field{ID: "service", Name: "service", Label: l.t("col.service"), Value: f.Service}, Options: []ui.Option{{Text: l.t("queue.any_service")}}}
	for _, sv := range services {
		pick.Options = append(pick.Options, ui.Option{Value: sv.Code, Text: l.in(sv.Title)})
	}
	state := ui.Choice{Field: ui.Field{ID: "status", Name: "status", Label: l.t("col.status"), Value: q.Get("status")}, Options: []ui.Option{{Text: l.t("queue.any_status")}}}
	for _, st := range application.Statuses[2:] {
		state.Options = append(state.Options, ui.Option{Value: string(st), Text: l.T("application.status." + string(st))})
	}
	out.Selects = []ui.Choice{pick, state}
	for i := range list.Rows {
		out.Rows = append(out.Rows, l.row(&list.Rows[i]))
	}
	out.Shown = l.t("queue.shown", "n", len(out.Rows), "of", list.Total)
	out.Pager = paging.Pager()
	if list.Counts.Free > 0 {
		out.Next = &page.NextCase{Action: "/next", Hidden: key()}
	}
	p := kit.Base(r)
	p.Title = l.t("queue.title")
	return kit.Render(w, r, http.StatusOK, p, page.QueuePage(out))
}

func (s *Site) filter(view string) casework.Filter {
	today := term.Date(s.Clock.Now(), s.Zone)
	f := casework.Filter{}
	switch view {
	case "work":
		f.Mine, f.Free = true, true
	case "mine":
		f.Mine = true
	case "free":
		f.Free = true
	case "late":
		f.Late = true
	case "unseen":
		f.Unseen = true
	case "today":
		by := term.EndOf(today, s.Zone)
		f.DueBy = &by
	case "week":
		by := term.EndOf(today.AddDate(0, 0, 7), s.Zone)
		f.DueBy = &by
	case "ended":
		f.Status = ended
	}
	return f
}

func (w words) counts(c application.QueueCounts, view string) []ui.CountLink {
	out := []ui.CountLink{}
	for _, x := range []struct {
		view string
		n    int
	}{{"work", -1}, {"mine", c.Mine}, {"late", c.Late}, {"today", c.Today}, {"week", c.Week}, {"unseen", c.Unseen}, {"all", c.Open}} {
		if x.n < 0 {
			x.n = c.Mine + c.Free
		}
		out = append(out, ui.CountLink{N: x.n, Text: w.t("count."+x.view, "n", x.n), Href: "/?show=" + url.QueryEscape(x.view), Current: x.view == view, Late: x.view == "late" && x.n > 0})
	}
	return out
}

func (w words) row(r *application.QueueRow) ui.DataRow {
	a := &r.Application
	out := ui.DataRow{}
	due := ui.Cell{Text: w.t("queue.register_until", "date", w.lastDay(a.RegisterBy)), Label: w.t("col.due")}
	if a.DueAt != nil {
		due.Text = w.lastDay(*a.DueAt)
	}
	switch tag := w.dueTag(a); {
	case !a.Status.Open():
		due.Text = "—"
	case a.Status == application.StatusMoreInfo && a.AnswerBy != nil:
		due.Text = w.t("queue.answer_until", "date", w.lastDay(*a.AnswerBy))
	case tag.Text != "":
		due.Body = page.TagCell(tag)
		out.State = "today"
		if tag.Colour == "red" {
			out.State = "late"
		}
	}
	note := ""
	if a.Unseen {
		note = w.t("queue.news")
	}
	if a.Capacity == application.CapacityChild {
		note = join(", ", note, w.t("queue.child"))
	}
	holder := a.OfficerName
	if holder == "" {
		holder = "—"
	}
	out.Cells = []ui.Cell{
		due,
		{Body: page.Person(r.Applicant, note, "/cases/"+a.ID)},
		{Text: w.in(a.Title)},
		{Text: a.Number, Numeric: true},
		{Text: w.day(a.SubmittedAt), Label: w.t("col.sent"), Class: "okno-nowrap"},
		{Text: holder, Label: w.t("col.holder")},
		{Body: page.TagCell(w.statusTag(a))},
	}
	return out
}

// dueTag says in a word that a term is over or ends today.
func (w words) dueTag(a *application.Application) ui.TagProps {
	if a.DueAt == nil || !a.Status.Open() || a.Status == application.StatusMoreInfo {
		return ui.TagProps{} // the term stands still while the citizen is asked
	}
	today := term.Date(w.now, w.zone)
	last := term.DueDay(*a.DueAt, w.zone)
	switch late := int(today.Sub(last).Hours() / 24); {
	case late > 0:
		return ui.TagProps{Text: w.t("queue.late", "n", late), Colour: "red"}
	case late == 0:
		return ui.TagProps{Text: w.t("queue.today"), Colour: "yellow"}
	}
	return ui.TagProps{}
}

func (w words) statusTag(a *application.Application) ui.TagProps {
	tag := ui.TagProps{Text: w.t("status." + string(a.Status))}
	switch {
	case a.Unseen && a.Status.Open():
		tag = ui.TagProps{Text: w.t("queue.news"), Colour: "green"}
	case a.Status == application.StatusSent || a.Status == application.StatusRegistered || a.Status.CitizensTurn():
		tag.Colour = "grey"
	case a.Outcome == application.StatusGranted:
		tag.Colour = "green"
	case a.Outcome == application.StatusRefused:
		tag.Colour = "red"
	case !a.Status.Open():
		tag.Colour = "grey"
	}
	return tag
}

// takeNext takes the free case whose term ends first.
func (s *Site) takeNext(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	k, err := f.Key()
	if err != nil {
		return err
	}
	id, err := s.Cases.TakeNext(r.Context(), o.ID, k)
	if fault.Is(err, fault.KindNotFound) {
		return kit.See(w, r, "/")
	}
	if err != nil {
		return err
	}
	return kit.See(w, r, "/cases/"+id)
}

func key() []ui.Hidden { return []ui.Hidden{{Name: kit.KeyField, Value: kit.NewKey()}} }
