package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// categories lists the CLDR plural categories that integers have in a language, nil for an unknown language.
func categories(lang string) []string {
	switch lang {
	case "ru":
		return []string{"one", "few", "many"}
	case "tt", "en":
		return []string{"one", "other"}
	}
	return nil
}

// category gives the CLDR plural category of n.
func category(lang string, n int64) string {
	if lang == "ru" {
		return rutext.Plural(n, "one", "few", "many")
	}
	if n == 1 || n == -1 {
		return "one"
	}
	return "other"
}

// languageRange reads one item of Accept-Language: primary subtag and quality (0 if malformed).
func languageRange(item string) (tag string, quality float64) {
	tag, params, weighted := strings.Cut(strings.TrimSpace(item), ";")
	tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if !weighted {
		return tag, 1
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
	q, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !(q >= 0 && q <= 1) {
		return tag, 0
	}
	return tag, q
}

// Tatar months as they stand in «2026 елның 21 ноябре».
var monthsTatar = [...]string{
	"гыйнвары", "феврале", "марты", "апреле", "мае", "июне",
	"июле", "августы", "сентябре", "октябре", "ноябре", "декабре",
}

// Date writes the day of t in t's own zone: «21 ноября 2026», «2026 елның 21 ноябре», "21 November 2026".
// Dates of birth and of documents have no zone: keep them in UTC.
func (l *Localizer) Date(t time.Time) string {
	switch l.Lang() {
	case "tt":
		return fmt.Sprintf("%d%sелның %d%s%s", t.Year(), rutext.NBSP, t.Day(), rutext.NBSP, monthsTatar[t.Month()-1])
	case "en":
		return fmt.Sprintf("%d%s%s%s%d", t.Day(), rutext.NBSP, t.Month(), rutext.NBSP, t.Year())
	}
	return rutext.Date(t)
}

// Time writes the time of day of t in the zone: «09:40».
func (l *Localizer) Time(t time.Time, zone *time.Location) string { return rutext.Time(t.In(zone)) }

// DateTime writes t in the zone: «21 ноября 2026 в 09:40».
func (l *Localizer) DateTime(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	switch l.Lang() {
	case "tt":
		return l.Date(t) + ", сәгать" + rutext.NBSP + rutext.Time(t)
	case "en":
		return l.Date(t) + " at" + rutext.NBSP + rutext.Time(t)
	}
	return rutext.DateTime(t)
}

var (
	weekdaysTatar = [...]string{"якшәмбе", "дүшәмбе", "сишәмбе", "чәршәмбе", "пәнҗешәмбе", "җомга", "шимбә"}
	monthNames    = map[string][12]string{
		"ru": {"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"},
		"tt": {"гыйнвар", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"},
	}
)

// Weekday names the day of t in t's own zone: «суббота».
func (l *Localizer) Weekday(t time.Time) string {
	switch l.Lang() {
	case "tt":
		return weekdaysTatar[t.Weekday()]
	case "en":
		return t.Weekday().String()
	}
	return rutext.Weekday(t)
}

// MonthYear names the month of t in t's own zone: «ноябрь 2026», the heading of a calendar.
func (l *Localizer) MonthYear(t time.Time) string {
	if names, ok := monthNames[l.Lang()]; ok {
		return names[t.Month()-1] + rutext.NBSP + strconv.Itoa(t.Year())
	}
	return t.Month().String() + rutext.NBSP + strconv.Itoa(t.Year())
}
