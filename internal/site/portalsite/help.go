package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// newsSize is how many news a page shows.
const newsSize = 20

// questions are frequent questions whose answers open in place (HLP-01, HLP-02).
func (w words) questions(list []content.Entry, idp string) []ui.Question {
	var out []ui.Question
	for _, e := range list {
		out = append(out, ui.Question{ID: "q-" + e.Code, Text: w.in(e.Title), Answer: page.Answer(w.in(e.Short), e.Markdown(w.Lang(), idp), "/help/"+e.Code)})
	}
	return out
}

// popularQuestions are those of the main page.
func (s *Site) popularQuestions(r *http.Request, n int) ([]ui.Question, error) {
	list, err := s.Contents.PopularQuestions(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return s.words(r).questions(list, s.IDP), nil
}

// showHelp is the list of questions, or what a search in them found. It is open
// to everybody (HLP-12).
func (s *Site) showHelp(w http.ResponseWriter, r *http.Request) error {
	l := s.words(r)
	b := s.brand(r.Context())
	out := page.Help{Query: kit.Clean(r.URL.Query().Get("q")), Phone: b.Phone, PhoneText: b.PhoneNote.In(l.Lang()), Social: social(b)}
	if b.PhoneShort != "" {
		out.PhoneText = joinWith(". ", out.PhoneText, l.t("help.short", "phone", b.PhoneShort))
	}
	if out.Query != "" {
		found, err := s.Contents.SearchHelp(r.Context(), out.Query)
		if err != nil {
			return err
		}
		out.Searched = true
		for _, e := range found {
			out.Articles = append(out.Articles, page.Item{Title: l.in(e.Title), Text: l.in(e.Short), Href: "/help/" + e.Code})
		}
	} else {
		list, err := s.Contents.Articles(r.Context())
		if err != nil {
			return err
		}
		out.Questions = l.questions(list, s.IDP)
	}
	p := s.page(r, l.t("help.title"))
	p.NoIndex = out.Searched
	p.Breadcrumbs = l.crumbs()
	return kit.Render(w, r, http.StatusOK, p, page.HelpPage(out))
}

// showArticle is one article at its stable address (HLP-11).
func (s *Site) showArticle(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Contents.Article(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	l := s.words(r)
	out := page.Article{Title: l.in(e.Title), Text: e.Markdown(l.Lang(), s.IDP)}
	out.Rate = &page.Rate{Action: "/help/" + e.Code + "/rate", Done: s.mux.TakeFlash(w, r) != ""}
	if !e.Since.IsZero() {
		out.Date = l.t("help.updated", "date", l.Date(e.Since))
	}
	for _, code := range e.Related {
		if rel, err := s.Contents.Article(r.Context(), code); err == nil {
			out.Related = append(out.Related, link(l.in(rel.Title), "/help/"+rel.Code))
		}
	}
	p := s.page(r, out.Title)
	p.Desc = l.in(e.Short)
	// PRT-12: the way to a question leads through the cabinet.
	p.Breadcrumbs = []ui.Link{link(l.t("lk.title"), "/lk/"), link(l.t("help.crumb"), "/help/")}
	return kit.Render(w, r, http.StatusOK, p, page.ArticlePage(out))
}

// rateArticle counts whether an article helped; one voice of a browser, the last
// one counts (HLP-13).
func (s *Site) rateArticle(w http.ResponseWriter, r *http.Request) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := s.ratings.Take(kit.Network(r), 1); err != nil {
		return err
	}
	code := r.PathValue("code")
	if err := s.Contents.Rate(r.Context(), code, crypt.HashToken(s.mux.Device(w, r)), f.Text("useful") == "yes"); err != nil {
		return err
	}
	s.mux.Flash(w, "portal.help.thanks")
	return kit.See(w, r, "/help/"+code)
}

func (s *Site) showNews(w http.ResponseWriter, r *http.Request) error {
	paging := kit.PagingOf(r, newsSize)
	list, total, err := s.Contents.News(r.Context(), paging.Offset(), newsSize)
	if err != nil {
		return err
	}
	paging.Total = total
	l := s.words(r)
	out := page.Listing{Title: l.t("news.title"), Pager: paging.Pager()}
	for _, e := range list {
		out.Items = append(out.Items, page.Item{Title: l.in(e.Title), Text: l.in(e.Short), Href: "/news/" + e.Code})
		out.Dates = append(out.Dates, l.Date(e.Since))
	}
	p := s.page(r, out.Title)
	p.Breadcrumbs = l.crumbs()
	return kit.Render(w, r, http.StatusOK, p, page.ListingPage(out))
}

func (s *Site) showNewsItem(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Contents.NewsItem(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	if v := visitorOf(r); v != nil && v.acc != nil { // who was sent it has read it now
		if err := s.Notices.MarkObjectRead(r.Context(), v.acc.ID, "news/"+e.Code); err != nil {
			return err
		}
		if v.unread, err = s.Notices.Unread(r.Context(), v.acc.ID); err != nil {
			return err
		}
	}
	l := s.words(r)
	p := s.page(r, l.in(e.Title))
	p.Desc = l.in(e.Short)
	p.Breadcrumbs = l.crumbs(link(l.t("news.title"), "/news"))
	return kit.Render(w, r, http.StatusOK, p, page.ArticlePage(page.Article{Title: l.in(e.Title), Text: e.Markdown(l.Lang(), s.IDP), Date: l.Date(e.Since)}))
}

// showActs names the legal acts that the portal rests on (LAW-01).
func (s *Site) showActs(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Contents.Acts(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	out := page.Listing{Title: l.t("acts.title"), Lead: l.t("acts.lead")}
	for _, e := range list {
		out.Items = append(out.Items, page.Item{Title: l.in(e.Title), Text: l.in(e.Short), Href: e.URL})
	}
	p := s.page(r, out.Title)
	p.Breadcrumbs = l.crumbs()
	return kit.Render(w, r, http.StatusOK, p, page.ListingPage(out))
}

// showPrivacy says how personal data are processed.
func (s *Site) showPrivacy(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Contents.Get(r.Context(), content.KindAgreement, content.CodePersonalData)
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.in(e.Title))
	p.Breadcrumbs = l.crumbs()
	return kit.Render(w, r, http.StatusOK, p, page.ArticlePage(page.Article{Title: l.in(e.Title), Text: e.Markdown(l.Lang(), s.IDP), Date: l.t("agreement.version", "version", l.Date(e.Since))}))
}
