package portalsite

import (
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// maxStars is the best mark (G-07).
const maxStars = 5

// stars asks to rate the service of a decided application, or shows the mark that
// was given (SVC-23).
func (w words) stars(d *application.Details, in replyForm) *page.Stars {
	if d.Outcome == "" {
		return nil
	}
	out := &page.Stars{
		Action: "/lk/applications/" + d.ID + "/rate", Given: d.Stars, Comment: in.rating, Open: in.rated && (in.kept || in.bad.Any()),
		Error: in.bad.Field("stars"), CommentError: in.bad.Field("opinion"), Limit: application.MaxText,
	}
	mark := in.stars
	if mark == 0 {
		mark = d.Stars
	}
	for n := 1; n <= maxStars; n++ {
		v := strconv.Itoa(n)
		out.Options = append(out.Options, ui.Option{Value: v, Text: w.T("support.rating." + v), Checked: n == mark})
	}
	return out
}

// rate keeps the mark and the comment.
func (s *Site) rate(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in := replyForm{rated: true, rating: f.Lines("opinion")}
	in.stars, _ = strconv.Atoi(f.Text("stars")) // nonsense is no mark: the fault says what to choose
	if err := s.Applications.Rate(r.Context(), v.acc.ID, r.PathValue("id"), in.stars, in.rating); err != nil {
		return s.replyFault(w, r, v, ratingField(err), in)
	}
	return kit.See(w, r, "/lk/applications/"+r.PathValue("id")+"#rating")
}

// ratingField puts a fault of the comment at the field of this page, which has
// other comments too.
func ratingField(err error) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	c := *e
	c.Fields = nil
	for _, f := range e.Fields {
		if f.Name == "comment" {
			f.Name = "opinion"
		}
		c.Fields = append(c.Fields, f)
	}
	return &c
}
