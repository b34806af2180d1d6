package officesite

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// maxOpinions is how many comments the page of ratings shows.
const maxOpinions = 30

// showRatings is what citizens think of services and of articles (SVC-23,
// HLP-13): what is to be mended comes first.
func (s *Site) showRatings(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	l := s.words(r)
	out := page.Ratings{}
	services, err := s.Cases.Applications.Ratings(r.Context(), "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(services, func(a, b application.Rating) int { return cmp.Compare(a.Average, b.Average) })
	for _, x := range services {
		title := x.Service
		if sv, err := s.Services.Card(r.Context(), x.Service); err == nil {
			title = l.in(sv.Title)
		}
		out.Services = append(out.Services, page.Rated{Title: title, First: l.N(int64(x.Count)), Second: l.decimal(x.Average)})
	}
	articles, err := s.Contents.Ratings(r.Context())
	if err != nil {
		return err
	}
	for _, x := range articles {
		title := x.Code
		if e, err := s.Contents.Article(r.Context(), x.Code); err == nil {
			title = l.in(e.Title)
		}
		out.Articles = append(out.Articles, page.Rated{Title: title, First: l.N(x.Useful), Second: l.N(x.Useless)})
	}
	opinions, err := s.Cases.Applications.Opinions(r.Context(), maxOpinions)
	if err != nil {
		return err
	}
	for _, x := range opinions {
		out.Opinions = append(out.Opinions, ui.MessageProps{
			From: l.T("support.ratings.opinion", "service", l.in(x.Title), "n", x.Stars), When: l.day(x.Decided), DateTime: l.machine(x.Decided), Text: x.Text,
		})
	}
	p := kit.Base(r)
	p.Title = l.T("support.ratings.title")
	return kit.Render(w, r, http.StatusOK, p, page.RatingsPage(out))
}

// decimal writes a mean mark with one digit after the comma.
func (w words) decimal(x float64) string {
	s := strconv.FormatFloat(x, 'f', 1, 64)
	if w.Lang() == "en" {
		return s
	}
	return strings.Replace(s, ".", ",", 1)
}
