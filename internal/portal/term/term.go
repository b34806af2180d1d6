package term

import (
	"fmt"
	"time"
)

// Unit is what a term is counted in.
type Unit string

// The units of terms.
const (
	WorkingDays  Unit = "working"
	CalendarDays Unit = "calendar"
)

// Term is a length of time of the law: {days: 10, unit: working}.
type Term struct {
	Days int  `yaml:"days" json:"days"`
	Unit Unit `yaml:"unit" json:"unit"`
}

// IsZero tells that no term is set.
func (t Term) IsZero() bool { return t == Term{} }

// Check refuses lengths that no regulation has.
func (t Term) Check() error {
	if t.Days < 1 || t.Days > 3660 || t.Unit != WorkingDays && t.Unit != CalendarDays {
		return fmt.Errorf("term of %d %q days: want 1–3660 working or calendar days", t.Days, t.Unit)
	}
	return nil
}

// Date cuts a moment to the calendar day that it has in the zone, as UTC midnight.
func Date(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// AddWorkingDays answers the n-th working day after the day; n = 0 is the day itself.
func (c *Calendar) AddWorkingDays(day time.Time, n int) time.Time {
	day = Date(day, day.Location())
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if c.IsWorking(day) {
			n--
		}
	}
	return day
}

// AddCalendarDays answers the last day of a term of n calendar days that begins after the day: the
// next working day where it would end on a day off (GK RF art. 193).
func (c *Calendar) AddCalendarDays(day time.Time, n int) time.Time {
	day = Date(day, day.Location()).AddDate(0, 0, n)
	return c.NextWorking(day)
}

// NextWorking answers the day itself if it is a working one, else the first working day after it.
func (c *Calendar) NextWorking(day time.Time) time.Time {
	for !c.IsWorking(day) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// LastDay answers the last day of the term that an event on this day begins.
func (c *Calendar) LastDay(day time.Time, t Term) time.Time {
	if t.Unit == CalendarDays {
		return c.AddCalendarDays(day, t.Days)
	}
	return c.AddWorkingDays(day, t.Days)
}

// Due answers the moment at which the term of an event has run out: the midnight that ends its last
// day in the zone. Store it as due_at; what is not done by then is overdue.
func (c *Calendar) Due(event time.Time, t Term, zone *time.Location) time.Time {
	return EndOf(c.LastDay(Date(event, zone), t), zone)
}

// EndOf is the midnight that ends a calendar day in the zone.
func EndOf(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone)
}

// DueDay is the last day of a stored due moment, the one that people are told.
func DueDay(due time.Time, zone *time.Location) time.Time {
	return Date(due.Add(-time.Microsecond), zone)
}

// DaysBetween counts the days after from up to and including to; negative where to is earlier.
func (c *Calendar) DaysBetween(from, to time.Time, u Unit) int {
	from, to = Date(from, from.Location()), Date(to, to.Location())
	sign := 1
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	if u == CalendarDays {
		return sign * int(to.Sub(from)/(24*time.Hour))
	}
	n := 0
	for d := from.AddDate(0, 0, 1); !d.After(to); d = d.AddDate(0, 0, 1) {
		if c.IsWorking(d) {
			n++
		}
	}
	return sign * n
}

// Resume answers the new end of a term that stood still from one moment to another: what was left
// of it on the day it stopped is left on the day it goes on. A term that had run out before it
// stopped stays run out; one that stopped and went on within a day stays as it is.
func (c *Calendar) Resume(due, stopped, resumed time.Time, u Unit, zone *time.Location) time.Time {
	from, to := Date(stopped, zone), Date(resumed, zone)
	if !stopped.Before(due) || !to.After(from) {
		return due
	}
	left := c.DaysBetween(from, DueDay(due, zone), u)
	if u == CalendarDays {
		return EndOf(c.AddCalendarDays(to, left), zone)
	}
	return EndOf(c.NextWorking(c.AddWorkingDays(to, left)), zone)
}

// Progress is where a term stands: day N of M, counted in its unit.
type Progress struct {
	// Day is 0 on the day of the event and may exceed Of when overdue.
	Day, Of int
	// Left is what remains after today; negative is overdue by so many days.
	Left    int
	Overdue bool
	// LastDay is the last day of the term.
	LastDay time.Time
}

// Progress answers where a term stands at the moment.
func (c *Calendar) Progress(event, due, now time.Time, u Unit, zone *time.Location) Progress {
	begin, last, today := Date(event, zone), DueDay(due, zone), Date(now, zone)
	return Progress{
		Day: c.DaysBetween(begin, today, u), Of: c.DaysBetween(begin, last, u),
		Left: c.DaysBetween(today, last, u), Overdue: !now.Before(due), LastDay: last,
	}
}
