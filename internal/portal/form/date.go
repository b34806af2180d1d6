package form

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Age is the number of completed years on the day. Who was born on 29 February completes a year on
// 1 March of a common year: a year ends with the day before the birthday returns (GK RF art. 191).
func Age(born, on time.Time) int {
	years := on.Year() - born.Year()
	if on.Month() < born.Month() || on.Month() == born.Month() && on.Day() < born.Day() {
		years--
	}
	return years
}

var boundPattern = regexp.MustCompile(`^today(?:([+-])(\d{1,4})([dmy]))?$`)

// ParseBound reads a bound of dates: "2020-01-31", "today", "today-14y", "today+30d", "today-3m".
func ParseBound(s string, today time.Time) (time.Time, error) {
	m := boundPattern.FindStringSubmatch(s)
	if m == nil {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return t, fmt.Errorf("date bound %q is neither a date nor relative to today", s)
		}
		return t, nil
	}
	n, _ := strconv.Atoi(m[2])
	if m[1] == "-" {
		n = -n
	}
	switch m[3] {
	case "d":
		return today.AddDate(0, 0, n), nil
	case "m":
		return today.AddDate(0, n, 0), nil
	case "y":
		return today.AddDate(n, 0, 0), nil
	}
	return today, nil
}

// Day cuts a moment to the calendar day that it has in its location, as UTC midnight: the form of
// every date in this package.
func Day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// parseDate reads a date in the ways people write it, and refuses days that do not exist and years
// outside 1900–2199.
func parseDate(s string) (time.Time, bool) {
	t, err := rutext.ParseDate(s)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return time.Time{}, false
	}
	return t, true
}
