package opssite

import (
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/site/kit"
)

func (s *Site) render(w http.ResponseWriter, r *http.Request, titleKey string, body templ.Component) error {
	p := kit.Base(r)
	p.Title = kit.L(r).T(titleKey)
	return kit.Render(w, r, http.StatusOK, p, body)
}

func (s *Site) showHome(w http.ResponseWriter, r *http.Request) error {
	states := s.states(r.Context())
	return s.render(w, r, "ops.home.title", homePage(homeView{
		words: s.words(r), Troubles: s.troubles(states, s.Destinations()), States: states,
		Version: s.Version, Since: s.Started, Offset: s.Clock.Offset(),
	}))
}

func (s *Site) showJobs(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, "ops.jobs.title", jobsPage(s.words(r), s.states(r.Context())))
}

func (s *Site) showDeliveries(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, "ops.deliveries.title", deliveriesPage(s.words(r), s.states(r.Context())))
}

func (s *Site) showOutside(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, "ops.outside.title", outsidePage(s.words(r), s.Destinations(), s.states(r.Context())))
}

func (s *Site) showJournals(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, "ops.journals.title", journalsPage(s.words(r), s.states(r.Context()), nil))
}

// verified is the outcome of a verification for its page.
type verified struct {
	System string // code
	*ledger.Report
}

// verifyJournal recomputes a whole chain. It reads alone, so a repeated press
// does no harm.
func (s *Site) verifyJournal(w http.ResponseWriter, r *http.Request) error {
	sys, err := s.system(r)
	if err != nil {
		return err
	}
	report, err := sys.Ledger.Verify(r.Context())
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		s.Log.ErrorContext(r.Context(), "journal does not fit", "system", sys.Code, "problems", len(report.Problems))
	}
	return s.render(w, r, "ops.journals.title", journalsPage(s.words(r), s.states(r.Context()), &verified{sys.Code, report}))
}

func (s *Site) showPages(w http.ResponseWriter, r *http.Request) error {
	list, err := slowest(s.Gatherer)
	if err != nil {
		return err
	}
	return s.render(w, r, "ops.pages.title", slowPage(s.words(r), list[:min(len(list), shown)]))
}

// words are the reader's language with this site's ways to write values.
type words struct {
	*i18n.Localizer
	zone *time.Location
}

func (s *Site) words(r *http.Request) words {
	z := s.Zone
	if z == nil {
		z = time.UTC
	}
	return words{kit.L(r), z}
}

func (w words) when(t time.Time) string {
	if t.IsZero() {
		return w.T("ops.never")
	}
	return w.DateTime(t, w.zone)
}

// state names a state of jobs or messages; an unknown one keeps its own name.
func (w words) state(group, name string) string {
	if key := "ops." + group + "." + strings.TrimPrefix(name, subjectOperations+"."); w.Has(key) {
		return w.T(key)
	}
	return name
}

// ms writes seconds as milliseconds.
func (w words) ms(seconds float64) string {
	if math.IsInf(seconds, 1) {
		return w.T("ops.pages.slowest")
	}
	return w.T("ops.pages.ms", "n", w.N(int64(math.Round(seconds*1000))))
}
