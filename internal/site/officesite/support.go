package officesite

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// supportRoutes are the workplace of the support, and what citizens think of
// services and articles.
func (s *Site) supportRoutes() {
	m := s.mux
	m.Handle("GET /support", s.agent(s.showBoard))
	m.Handle("GET /support/new", s.agent(s.showCall))
	m.Handle("POST /support/new", s.agent(s.saveCall))
	m.Handle("GET /support/tickets/{id}", s.agent(s.showTicket))
	m.Handle("POST /support/tickets/{id}/take", s.agent(s.takeTicket))
	m.Handle("POST /support/tickets/{id}/put-back", s.agent(s.putBackTicket))
	m.Handle("POST /support/tickets/{id}/insert", s.agent(s.insertTemplate))
	m.Handle("POST /support/tickets/{id}/answer", s.agent(s.answerTicket))
	m.Handle("POST /support/tickets/{id}/move", s.agent(s.moveTicket))
	m.Handle("POST /support/tickets/{id}/close", s.agent(s.closeTicket))
	m.Handle("POST /support/tickets/{id}/note", s.agent(s.noteTicket))
	m.Handle("GET /support/templates", s.agent(s.showTemplates))
	m.Handle("GET /support/templates/new", s.agent(s.newTemplate))
	m.Handle("GET /support/templates/{id}", s.agent(s.showTemplate))
	m.Handle("POST /support/templates/{id}", s.agent(s.saveTemplate))
	m.Handle("POST /support/templates/{id}/delete", s.agent(s.dropTemplate))
	m.Handle("GET /ratings", s.admin(s.showRatings))
}

// soon is when a term begins to press.
const soon = 4 * time.Hour

// showBoard is the queue of the support (BO-21), the nearest term first.
func (s *Site) showBoard(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	q := r.URL.Query()
	view := support.View(q.Get("show"))
	if !slices.Contains(support.Views, view) {
		view = support.ViewWork
	}
	paging := kit.PagingOf(r, queueSize)
	f := support.Filter{View: view, Query: kit.Clean(q.Get("q")), Page: paging.Page, Limit: queueSize}
	if queue := support.Queue(q.Get("queue")); slices.Contains(support.Queues, queue) {
		f.Queue = queue
	}
	if f.Query != "" {
		f.View = "" // who looks for a number wants it wherever it is
	}
	b, err := s.Support.Board(r.Context(), o.ID, f)
	if err != nil {
		return err
	}
	paging.Total = b.Total
	l := s.words(r)
	out := page.Board{
		Counts: l.boardCounts(b.Counts, view, f), Query: f.Query, Hidden: []ui.Hidden{{Name: "show", Value: string(view)}}, Searched: f.Query != "",
		Queue: l.queueChoice(f.Queue), Shown: l.T("support.desk.shown", "n", len(b.Rows), "of", b.Total), Pager: paging.Pager(),
		Done: f.View == "" || f.View == support.ViewAnswered || f.View == support.ViewClosed,
	}
	for i := range b.Rows {
		out.Rows = append(out.Rows, l.ticketRow(&b.Rows[i]))
	}
	p := kit.Base(r)
	p.Title = l.T("support.desk.title")
	return kit.Render(w, r, http.StatusOK, p, page.BoardPage(out))
}

func (w words) queueChoice(now support.Queue) ui.Choice {
	c := ui.Choice{Field: ui.Field{Name: "queue", Label: w.T("support.desk.queue"), Value: string(now)}, Options: []ui.Option{{Text: w.T("support.desk.any_queue")}}}
	for _, q := range support.Queues {
		c.Options = append(c.Options, ui.Option{Value: string(q), Text: w.T("support.queue." + string(q))})
	}
	return c
}

func (w words) boardCounts(c support.Counts, view support.View, f support.Filter) []ui.CountLink {
	numbers := map[support.View]int{
		support.ViewWork: c.Mine + c.Free, support.ViewMine: c.Mine, support.ViewFree: c.Free, support.ViewLate: c.Late, support.ViewOpen: c.Open,
		support.ViewAnswered: c.Answered,
	}
	var out []ui.CountLink
	for _, v := range support.Views {
		n, counted := numbers[v]
		if !counted {
			continue // closed ones are not counted: they are all there ever were
		}
		to := url.Values{"show": {string(v)}}
		if f.Queue != "" {
			to.Set("queue", string(f.Queue))
		}
		out = append(out, ui.CountLink{
			N: n, Text: w.T("support.desk.view."+string(v), "n", n), Href: "/support?" + to.Encode(),
			Current: v == view && f.Query == "", Late: v == support.ViewLate && n > 0,
		})
	}
	return out
}

func (w words) ticketRow(r *support.Row) ui.DataRow {
	out := ui.DataRow{}
	due := ui.Cell{Text: "—", Label: w.T("support.desk.col.due")}
	if r.Status.Open() {
		due.Text = w.moment(r.DueAt)
		if tag := w.termTag(&r.Ticket); tag.Text != "" {
			due.Text, due.Body = "", page.Due(w.moment(r.DueAt), tag)
			out.State = map[bool]string{true: "late", false: "today"}[r.Late(w.now)]
		}
	}
	name := r.Name
	if name == "" {
		name = w.T("support.desk.anonymous")
	}
	holder := r.OfficerName
	if holder == "" {
		holder = "—"
	}
	tag := w.ticketTag(&r.Ticket)
	out.Cells = []ui.Cell{
		due,
		{Body: page.Person(r.Head, name, "/support/tickets/"+r.ID)},
		{Text: w.T("support.topic." + string(r.Topic)), Label: w.T("support.desk.col.topic")},
		{Text: r.Number, Numeric: true, Class: "okno-nowrap"},
		{Text: w.moment(r.CreatedAt), Label: w.T("support.desk.col.sent")},
		{Text: holder, Label: w.T("support.desk.col.holder")},
		{Body: page.TagCell(tag)},
	}
	return out
}

// termTag says in a word that a term is over or nearly.
func (w words) termTag(x *support.Ticket) ui.TagProps {
	left := x.DueAt.Sub(w.now)
	switch {
	case !x.Status.Open():
	case left <= 0:
		return ui.TagProps{Text: w.T("support.desk.late", "n", int(-left/time.Hour)), Colour: "red"}
	case left < soon:
		return ui.TagProps{Text: w.T("support.desk.soon", "n", int(left/time.Hour)), Colour: "yellow"}
	}
	return ui.TagProps{}
}

func (w words) ticketTag(x *support.Ticket) ui.TagProps {
	tag := ui.TagProps{Text: w.T("support.status." + string(x.Status))}
	switch x.Status {
	case support.StatusNew, support.StatusClosed:
		tag.Colour = "grey"
	case support.StatusAnswered:
		tag.Colour = "green"
	}
	return tag
}
