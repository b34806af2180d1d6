package rutext

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// monthsGenitive are the months as they stand after a day: «21 ноября».
var monthsGenitive = [...]string{
	"января", "февраля", "марта", "апреля", "мая", "июня",
	"июля", "августа", "сентября", "октября", "ноября", "декабря",
}

var monthsNominative = [...]string{
	"январь", "февраль", "март", "апрель", "май", "июнь",
	"июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
}

var weekdays = [...]string{"воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"}

// ErrDate says that a text is not a date of the calendar.
var ErrDate = errors.New("rutext: not a date")

// Date gives «21 ноября 2026», the day in t's own zone.
func Date(t time.Time) string {
	return fmt.Sprintf("%d%s%s%s%d", t.Day(), NBSP, monthsGenitive[t.Month()-1], NBSP, t.Year())
}

// DayMonth gives «21 ноября».
func DayMonth(t time.Time) string {
	return fmt.Sprintf("%d%s%s", t.Day(), NBSP, monthsGenitive[t.Month()-1])
}

// MonthYear gives «ноябрь 2026», the heading of a calendar.
func MonthYear(t time.Time) string {
	return monthsNominative[t.Month()-1] + NBSP + strconv.Itoa(t.Year())
}

// ShortDate gives «21.11.2026», the form of documents and input fields.
func ShortDate(t time.Time) string { return t.Format("02.01.2006") }

// Weekday gives «суббота».
func Weekday(t time.Time) string { return weekdays[t.Weekday()] }

// Time gives «09:40».
func Time(t time.Time) string { return t.Format("15:04") }

// DateTime gives «21 ноября 2026 в 09:40».
func DateTime(t time.Time) string { return Date(t) + " в" + NBSP + Time(t) }

// ParseDate reads a calendar date in the ways people write it: «21.11.2026», «21/11/2026», «21-11-2026»,
// «2026-11-21», «21 ноября 2026» with or without «г.». The result is midnight UTC of that day.
// A day that the calendar does not have is refused, never moved to the next month.
func ParseDate(s string) (time.Time, error) {
	s = strings.ToLower(strings.TrimSpace(strings.ReplaceAll(s, NBSP, " ")))
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "."), "г"), "года"))
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '/' || r == '-' || r == ' ' })
	if len(parts) != 3 || s[0] < '0' || s[0] > '9' {
		return time.Time{}, ErrDate
	}
	day, month, year := parts[0], parts[1], parts[2]
	if len(day) == 4 {
		day, year = year, day
	}
	m := 0
	for i, name := range monthsGenitive {
		if month == name {
			m = i + 1
		}
	}
	if m == 0 {
		m = smallNumber(month, 2)
	}
	d, y := smallNumber(day, 2), smallNumber(year, 4)
	if d < 1 || m < 1 || len(year) != 4 || y < 1 {
		return time.Time{}, ErrDate
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return time.Time{}, ErrDate
	}
	return t, nil
}

// smallNumber reads at most max ASCII digits, −1 if s is anything else.
func smallNumber(s string, max int) int {
	if s == "" || len(s) > max {
		return -1
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}
