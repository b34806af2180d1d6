package officesite

import (
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// What a form with definitions may carry: Cyrillic letters take six bytes there.
const (
	maxDefinition  = 8 << 20
	maxArchiveForm = catalogue.MaxArchive + 1<<20
)

const catalogueTab = "/manage/catalogue"

func serviceAt(code string) string { return catalogueTab + "/services/" + code }

func proposalAt(id string) string { return catalogueTab + "/proposals/" + id }

// catalogueRoutes are the editor of the catalogue (BO-11, CAT-13).
func (s *Site) catalogueRoutes() {
	m := s.mux
	m.Handle("GET /manage/catalogue", s.editor(s.showCatalogue))
	m.Handle("GET /manage/catalogue/upload", s.editor(s.showUpload))
	m.Handle("POST /manage/catalogue/upload", s.editor(s.upload), kit.Body(maxArchiveForm), kit.Deadline(uploadTime))
	m.Handle("GET /manage/catalogue/archive", s.editor(s.download))
	m.Handle("GET /manage/catalogue/searches", s.editor(s.showSearches))
	m.Handle("GET /manage/catalogue/new", s.editor(s.newSource))
	m.Handle("POST /manage/catalogue/new", s.editor(s.checkSource), kit.Body(maxDefinition))
	m.Handle("GET /manage/catalogue/services/{code}", s.editor(s.showService))
	m.Handle("GET /manage/catalogue/services/{code}/edit", s.editor(s.editSource))
	m.Handle("POST /manage/catalogue/services/{code}/edit", s.editor(s.checkSource), kit.Body(maxDefinition))
	m.Handle("GET /manage/catalogue/services/{code}/card", s.editor(s.showCard))
	m.Handle("POST /manage/catalogue/services/{code}/card", s.editor(s.checkCard), kit.Body(maxDefinition))
	m.Handle("POST /manage/catalogue/services/{code}/weight", s.editor(s.weigh))
	m.Handle("POST /manage/catalogue/services/{code}/withdraw", s.editor(s.withdrawService))
	m.Handle("POST /manage/catalogue/services/{code}/keep", s.editor(s.keepService))
	m.Handle("POST /manage/catalogue/services/{code}/return", s.editor(s.returnService))
	m.Handle("GET /manage/catalogue/proposals/{id}", s.editor(s.showProposal))
	m.Handle("GET /manage/catalogue/proposals/{id}/services/{code}", s.editor(s.previewProposed))
	m.Handle("POST /manage/catalogue/proposals/{id}/publish", s.editor(s.publishProposal))
	m.Handle("POST /manage/catalogue/proposals/{id}/drop", s.editor(s.dropProposal))
}

// showCatalogue lists the services of the portal, withdrawn ones too.
func (s *Site) showCatalogue(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	q := r.URL.Query()
	query, agency, popular := kit.Clean(q.Get("q")), q.Get("agency"), q.Get("order") == "popular"
	all, err := s.Services.Listing(r.Context(), query, agency)
	if err != nil {
		return err
	}
	if popular {
		if all, err = s.byPopularity(r, all); err != nil {
			return err
		}
	}
	paging := kit.PagingOf(r, queueSize)
	paging.Total = len(all)
	from := min(paging.Offset(), len(all))
	list := all[from:min(from+queueSize, len(all))]
	l := s.words(r)
	agencies, err := s.agencies(r)
	if err != nil {
		return err
	}
	v := page.List{
		Manage: s.manage(w, r, o, catalogueTab, l.T("manage.tab.catalogue"), l.T("manage.catalogue.lead")), Action: catalogueTab, Query: query,
		SearchLabel: l.T("manage.catalogue.search"), Label: l.T("manage.tab.catalogue"), Empty: l.T("manage.catalogue.empty"), EmptyText: l.T("manage.catalogue.empty_text"),
		Shown: l.T("manage.shown", "n", len(list), "of", paging.Total), Pager: paging.Pager(),
		Head: heads(l, "manage.catalogue.service", "manage.staff.agency", "manage.catalogue.weight", "manage.text.changed", "manage.state"),
	}
	v.Buttons = []ui.ButtonProps{
		{Text: l.T("manage.catalogue.download"), Href: catalogueTab + "/archive", Kind: "secondary", Class: "okno-m0"},
		{Text: l.T("manage.catalogue.new"), Href: catalogueTab + "/new", Kind: "secondary", Class: "okno-m0"},
		{Text: l.T("manage.catalogue.upload"), Href: catalogueTab + "/upload", Class: "okno-m0"},
	}
	v.Selects = []ui.Choice{
		{Field: ui.Field{ID: "agency", Name: "agency", Label: l.T("manage.staff.agency"), Value: agency}, Options: append([]ui.Option{{Text: l.T("manage.any")}}, agencies...)},
		{Field: ui.Field{ID: "order", Name: "order", Label: l.T("manage.catalogue.order"), Value: q.Get("order")}, Options: []ui.Option{{Text: l.T("manage.catalogue.by_title")}, {Value: "popular", Text: l.T("manage.catalogue.by_popular")}}},
	}
	if s.Misses != nil {
		v.Below = []templ.Component{ui.Links([]ui.Link{{Text: l.T("manage.searches.title"), Href: catalogueTab + "/searches"}})}
	}
	names := map[string]string{}
	for _, a := range agencies {
		names[a.Value] = a.Text
	}
	for i := range list {
		x := &list[i]
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: page.Linked(l.in(x.Title), serviceAt(x.Code), x.Code)},
			{Text: dash(names[x.Agency]), Label: l.T("manage.staff.agency")},
			{Text: strconv.Itoa(x.Weight), Label: l.T("manage.catalogue.weight"), Numeric: true},
			{Text: l.moment(x.ChangedAt), Label: l.T("manage.text.changed")},
			{Body: page.TagCell(l.serviceTag(x)), Label: l.T("manage.state")},
		}})
	}
	return s.list(w, r, v)
}

// searchesShown bounds the searches without result on the editor's page.
const searchesShown = 200

// showSearches tells the editor what people call services by and do not find (BO-30):
// what to add to the words for the search.
func (s *Site) showSearches(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	if s.Misses == nil {
		return fault.NotFound("catalogue.not_found")
	}
	list, rare, err := s.Misses.Common(r.Context(), searchesShown)
	if err != nil {
		return err
	}
	l := s.words(r)
	v := page.List{
		Manage: s.manage(w, r, o, catalogueTab, l.T("manage.searches.title"), l.T("manage.searches.lead")), Label: l.T("manage.searches.title"),
		Empty: l.T("manage.searches.empty"), EmptyText: l.T("manage.searches.empty_text"), Shown: l.T("manage.shown", "n", len(list), "of", len(list)),
		Head: heads(l, "manage.searches.query", "manage.searches.times", "manage.searches.last"),
	}
	for _, m := range list {
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Text: m.Query},
			{Text: strconv.FormatInt(m.Times, 10), Label: l.T("manage.searches.times"), Numeric: true},
			{Text: l.Date(m.LastDay), Label: l.T("manage.searches.last")},
		}})
	}
	if rare > 0 {
		v.Below = append(v.Below, ui.P(l.T("manage.searches.rare", "n", rare)))
	}
	v.Below = append(v.Below, ui.Links([]ui.Link{{Text: l.T("manage.searches.back"), Href: catalogueTab}}))
	return s.list(w, r, v)
}

// byPopularity puts the published services in the order of the main page.
func (s *Site) byPopularity(r *http.Request, list []catalogue.Listed) ([]catalogue.Listed, error) {
	order, err := s.Services.Popular(r.Context(), len(list)+1000)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, x := range order {
		at[x.Code] = i + 1
	}
	list = slices.DeleteFunc(list, func(x catalogue.Listed) bool { return at[x.Code] == 0 })
	slices.SortFunc(list, func(a, b catalogue.Listed) int { return at[a.Code] - at[b.Code] })
	return list, nil
}

func (w words) serviceTag(x *catalogue.Listed) ui.TagProps {
	switch {
	case !x.Published:
		return ui.TagProps{Text: w.T("manage.text.withdrawn"), Colour: "grey"}
	case x.WithdrawAt != nil:
		return ui.TagProps{Text: w.T("manage.catalogue.until", "day", w.lastDay(*x.WithdrawAt)), Colour: "yellow"}
	}
	return ui.TagProps{Text: w.T("manage.catalogue.published"), Colour: "green"}
}

// download is the published catalogue as an archive: to be edited and uploaded, or
// given to another region (G-34).
func (s *Site) download(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	raw, err := s.Services.Archive(r.Context(), s.Code)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", kit.Attachment("catalogue-"+s.Code+".zip"))
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	_, err = w.Write(raw)
	return err
}

func (s *Site) showUpload(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.uploadPage(w, r, o, http.StatusOK, nil, kit.Wrong{})
}

func (s *Site) uploadPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, problems catalogue.Problems, bad kit.Wrong) error {
	l := s.words(r)
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, l.T("manage.catalogue.upload"), l.T("manage.catalogue.upload_lead"))}
	if len(problems) > 0 {
		v.Main = append(v.Main, page.Panel("report", l.T("manage.catalogue.report"), true, page.Report(l.T("manage.catalogue.report_text", "n", len(problems)), l.problems(problems))))
	}
	file := ui.FileField{Field: ui.Field{Name: "archive", Label: l.T("manage.catalogue.archive"), Hint: l.T("manage.catalogue.archive_hint"), Error: bad.Field("archive"), Required: true}, Accept: ".zip"}
	v.Main = append(v.Main, page.Panel("upload", l.T("manage.catalogue.file"), false, page.FormOf(page.Form{
		Action: catalogueTab + "/upload", Hidden: key(), Files: true, Fields: []templ.Component{ui.File(file)}, Button: l.T("manage.catalogue.check"),
		Back: &ui.Link{Text: l.T("manage.back"), Href: catalogueTab},
	})))
	return s.sheet(w, r, status, bad, nil, v)
}

// upload reads an archive and keeps it to be compared; what is wrong with it is a
// report on the same page.
func (s *Site) upload(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	var raw []byte
	f, err := kit.UploadOf(r, func(u kit.Upload) (err error) {
		if u.Field != "archive" {
			return fault.Invalid("kit.bad_form")
		}
		raw, err = io.ReadAll(io.LimitReader(u.Body, catalogue.MaxArchive+1))
		return err
	})
	if err != nil {
		return err
	}
	k, err := f.Key()
	if err != nil {
		return err
	}
	files, err := catalogue.ReadArchive(raw, s.Code)
	if err != nil {
		return s.settled(w, r, err, "archive", "", "", func(status int, bad kit.Wrong) error {
			return s.uploadPage(w, r, o, status, nil, bad)
		})
	}
	id, problems, err := s.Services.Propose(r.Context(), k, o.ID, s.Code, files)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		bad, _ := kit.WrongOf(r, fault.Invalid("manage.catalogue.has_problems", fault.F("archive", "manage.catalogue.has_problems")), nil)
		return s.uploadPage(w, r, o, http.StatusUnprocessableEntity, problems, bad)
	}
	return kit.See(w, r, proposalAt(id))
}

// showProposal is what an upload would change.
func (s *Site) showProposal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.proposalPage(w, r, o, http.StatusOK, "", kit.Wrong{})
}

func (s *Site) proposalPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, reason string, bad kit.Wrong) error {
	p, err := s.Services.Proposal(r.Context(), r.PathValue("id"), o.ID, s.Code)
	if err != nil {
		return err
	}
	l := s.words(r)
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, l.T("manage.catalogue.compare"), l.T("manage.catalogue.compare_lead")), SideLabel: l.T("manage.publish")}
	if len(p.Shelves) > 0 {
		v.Main = append(v.Main, page.Panel("shelves", l.T("manage.catalogue.shelves"), false, page.ChangedTable(l.T("manage.catalogue.shelves"), changes(p.Shelves))))
	}
	same := 0
	for i := range p.Steps {
		st := &p.Steps[i]
		if st.Kind == "same" {
			same++
			continue
		}
		id := "service-" + strconv.Itoa(i)
		parts := []templ.Component{
			page.TagCell(ui.TagProps{Text: l.T("manage.catalogue.step." + st.Kind), Colour: map[string]string{"new": "green", "again": "yellow"}[st.Kind]}),
			ui.Links([]ui.Link{{Text: l.T("manage.catalogue.see", "title", l.in(st.Service.Title)), Href: proposalAt(p.ID) + "/services/" + st.Service.Code}}),
		}
		if st.Meanwhile {
			parts = append(parts, ui.Inset(ui.InsetProps{Text: l.T("manage.catalogue.meanwhile_step")}))
		}
		if len(st.Differences) > 0 {
			parts = append(parts, page.ChangedTable(l.in(st.Service.Title), changes(st.Differences)))
		}
		v.Main = append(v.Main, page.Panel(id, l.in(st.Service.Title), false, parts...))
	}
	if same > 0 {
		v.Main = append(v.Main, ui.P(l.T("manage.catalogue.same", "n", same)))
	}
	drop := page.FormOf(page.Form{Action: proposalAt(p.ID) + "/drop", Button: l.T("manage.catalogue.drop"), Kind: "secondary"})
	if !p.Changes() {
		v.Side = []templ.Component{page.Panel("publish", l.T("manage.publish"), true, ui.P(l.T("manage.catalogue.nothing")), drop)}
		return s.sheet(w, r, status, bad, nil, v)
	}
	f := field{l, bad, "manage.catalogue."}
	v.Side = []templ.Component{page.Panel("publish", l.T("manage.publish"), true, page.FormOf(page.Form{
		Action: proposalAt(p.ID) + "/publish", Hidden: []ui.Hidden{version(p.Seen)}, Fields: []templ.Component{f.area("reason", reason, 2)}, Button: l.T("manage.publish"),
	}), drop)}
	return s.sheet(w, r, status, bad, nil, v)
}

func changes(list []catalogue.Difference) []page.Changed {
	var out []page.Changed
	for _, d := range list {
		out = append(out, page.Changed(d))
	}
	return out
}

func (s *Site) previewProposed(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	p, err := s.Services.Proposal(r.Context(), r.PathValue("id"), o.ID, s.Code)
	if err != nil {
		return err
	}
	sv := p.Service(r.PathValue("code"))
	if sv == nil {
		return fault.NotFound("catalogue.not_found")
	}
	l := s.words(r)
	preview, err := s.preview(r, l, sv, l.T("manage.catalogue.not_yet"))
	if err != nil {
		return err
	}
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, l.in(sv.Title), l.T("manage.catalogue.not_yet")), Main: []templ.Component{preview}}
	return s.sheet(w, r, http.StatusOK, kit.Wrong{}, &ui.Link{Href: proposalAt(p.ID)}, v)
}

func (s *Site) publishProposal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	seen, err := versionOf(f)
	if err != nil {
		return err
	}
	reason := f.Lines("reason")
	by := catalogue.Edit{By: o.ID, Reason: reason, Within: s.Officers.Editing(o.ID, officer.DeedCatalogue, "", reason)}
	_, err = s.Services.Accept(r.Context(), by, r.PathValue("id"), s.Code, seen)
	return s.settled(w, r, err, "reason", "manage.published", catalogueTab, func(status int, bad kit.Wrong) error {
		return s.proposalPage(w, r, o, status, reason, bad)
	})
}

func (s *Site) dropProposal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	err := s.Services.Drop(r.Context(), r.PathValue("id"), o.ID)
	return s.settled(w, r, err, "", "manage.catalogue.dropped", catalogueTab, nil)
}
