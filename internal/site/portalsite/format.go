package portalsite

import (
	"net/http"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
)

// words are the texts of a request with the portal's own prefix, and what is
// printed of times and sizes in the portal's zone.
type words struct {
	*i18n.Localizer
	zone *time.Location
	now  time.Time
}

func (s *Site) words(r *http.Request) words {
	return words{kit.L(r), s.Zone, s.Clock.Now()}
}

// t is the text of the key portal.<key>.
func (w words) t(key string, args ...any) string { return w.T("portal."+key, args...) }

// in is a text of a definition in the reader's language.
func (w words) in(t form.Text) string { return t.In(w.Lang()) }

// moment says when something was: «сегодня в 09:40», «21 ноября 2026 в 09:40».
func (w words) moment(at time.Time) string {
	clock := w.Time(at, w.zone)
	if w.daysAgo(at) == 0 {
		return w.t("today_at", "time", clock)
	}
	return w.DateTime(at, w.zone)
}

// day is the calendar day of a moment in the portal's zone.
func (w words) day(at time.Time) string { return w.Date(at.In(w.zone)) }

// lastDay is the day that a term ends with: its end is the midnight after it.
func (w words) lastDay(due time.Time) string { return w.day(due.Add(-time.Second)) }

// daysAgo counts the midnights between at and now.
func (w words) daysAgo(at time.Time) int {
	return int(form.Day(w.now.In(w.zone)).Sub(form.Day(at.In(w.zone))).Hours() / 24)
}

// size writes a number of bytes: «84 кБ», «2,4 МБ».
func (w words) size(n int64) string { return kit.SizeText(w.Localizer, n) }

// machine is the time for the attribute datetime.
func (w words) machine(at time.Time) string { return at.In(w.zone).Format(time.RFC3339) }

// capital makes the first letter a capital one.
func capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[0])) + string(r[1:])
}
