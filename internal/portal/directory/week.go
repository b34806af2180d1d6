package directory

import (
	"regexp"
	"strings"

	"github.com/okno-gov/okno/internal/base/ruid"
)

// Week is a timetable as its editor types it: a line for each weekday from Monday
// on, «09:00–18:00» or with a break «09:00–18:00, 13:00–14:00»; empty is closed.
type Week [7]string

var (
	clockSpan = regexp.MustCompile(`^(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})$`)
	listMark  = regexp.MustCompile(`\s*[,;]\s*`)
)

// Hours reads the week; days that follow each other with the same times become one
// line. What cannot be read is answered by the number of its day, from 0; -1 is none.
func (w Week) Hours() (out []Hours, wrong int) {
	for i, typed := range w {
		typed = strings.TrimSpace(typed)
		if typed == "" {
			continue
		}
		h, ok := readDay(typed)
		if !ok {
			return nil, i
		}
		h.From, h.To = i+1, i+1
		if n := len(out) - 1; n >= 0 && out[n].To == i && out[n].Open == h.Open && out[n].Close == h.Close && out[n].Break == h.Break {
			out[n].To = i + 1
			continue
		}
		out = append(out, h)
	}
	return out, -1
}

func readDay(typed string) (Hours, bool) {
	parts := listMark.Split(typed, -1)
	if len(parts) > 2 {
		return Hours{}, false
	}
	from, to, ok := readSpan(parts[0])
	h := Hours{Open: from, Close: to}
	if ok && len(parts) == 2 {
		var a, b string
		a, b, ok = readSpan(parts[1])
		h.Break = a + "-" + b
		ok = ok && a > from && b < to
	}
	return h, ok
}

func readSpan(s string) (from, to string, ok bool) {
	m := clockSpan.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return "", "", false
	}
	from, to = pad(m[1])+":"+m[2], pad(m[3])+":"+m[4]
	return from, to, timePattern.MatchString(from) && timePattern.MatchString(to) && from < to
}

func pad(hour string) string {
	if len(hour) == 1 {
		return "0" + hour
	}
	return hour
}

// WeekOf prints a timetable for its editor. A day with several lines, which this
// editor cannot show, keeps the first.
func WeekOf(hours []Hours) (w Week) {
	for i := range w {
		for _, h := range hours {
			if h.From > i+1 || h.To < i+1 || w[i] != "" {
				continue
			}
			w[i] = h.Open + "–" + h.Close
			if h.Break != "" {
				w[i] += ", " + strings.Replace(h.Break, "-", "–", 1)
			}
		}
	}
	return w
}

// PhoneLines prints numbers for their editor, one a line: the number as it is
// dialled, after a comma what it is for.
func PhoneLines(phones []Phone) string {
	var out []string
	for _, p := range phones {
		line := p.Number
		if p.Note != "" {
			line += ", " + p.Note
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// ReadPhones reads what [PhoneLines] prints; numbers in any usual spelling become
// canonical, what is no number stays as it was typed for [Agency.Check] to find.
func ReadPhones(lines string) []Phone {
	var out []Phone
	for _, line := range strings.Split(lines, "\n") {
		number, note, _ := strings.Cut(line, ",")
		number, note = strings.TrimSpace(number), strings.TrimSpace(note)
		if number == "" && note == "" {
			continue
		}
		if p, err := ruid.ParsePhone(number); err == nil {
			number = string(p)
		}
		out = append(out, Phone{Number: number, Note: note})
	}
	return out
}
