package directory

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/ruid"
)

// Agency is a body of state power or local self-government, or an institution below it.
type Agency struct {
	Code  string `yaml:"code" json:"code"`
	Name  string `yaml:"name" json:"name"`
	Short string `yaml:"short" json:"short"`
	// Level is federal, regional or municipal (CAT-10).
	Level string `yaml:"level" json:"level"`
	Head  Head   `yaml:"head" json:"head"`
	// About says in a sentence what the agency does for citizens.
	About   string   `yaml:"about" json:"about,omitempty"`
	Phones  []Phone  `yaml:"phones" json:"phones,omitempty"`
	Email   string   `yaml:"email" json:"email,omitempty"`
	Site    string   `yaml:"site" json:"site,omitempty"`
	Offices []Office `yaml:"offices" json:"offices,omitempty"`
	Appeals Appeals  `yaml:"appeals" json:"appeals"`
	// Branch is the site of the agency's regional branch (AGY-04).
	Branch string `yaml:"branch" json:"branch,omitempty"`
	// Former are names of the agency in other times (C-65): search finds them too.
	Former []string `yaml:"former" json:"former,omitempty"`
	// TT and EN are its texts in Tatar and English, see [Agency.In].
	TT *Words `yaml:"tt,omitempty" json:"tt,omitempty"`
	EN *Words `yaml:"en,omitempty" json:"en,omitempty"`
}

// Head is who leads the agency.
type Head struct {
	Name string `yaml:"name" json:"name"`
	Post string `yaml:"post" json:"post"`
}

// Phone is a number for citizens; Number is E.164 or a short number ("112").
type Phone struct {
	Number string `yaml:"number" json:"number"`
	Note   string `yaml:"note" json:"note,omitempty"`
}

// String prints the number as people read it.
func (p Phone) String() string {
	if n, err := ruid.ParsePhone(p.Number); err == nil {
		return n.String()
	}
	return p.Number
}

// Office is a place of the agency where citizens are received.
type Office struct {
	Code    string  `yaml:"code" json:"code"`
	Name    string  `yaml:"name" json:"name"`
	Address string  `yaml:"address" json:"address"`
	Phones  []Phone `yaml:"phones" json:"phones,omitempty"`
	Hours   []Hours `yaml:"hours" json:"hours,omitempty"`
	Point   Point   `yaml:"point" json:"point,omitzero"`
}

// Appeals is where appeals of citizens to the agency go (C-21).
type Appeals struct {
	// Mode is internal (the portal's own form) or external (the address in URL).
	Mode string `yaml:"mode" json:"mode"`
	URL  string `yaml:"url" json:"url,omitempty"`
}

// Centre is a service centre: a branch of the MFC, Rostelecom or a bank where operators help.
type Centre struct {
	Code string `yaml:"code" json:"code"`
	Name string `yaml:"name" json:"name"`
	// Operator is who runs it: «МФЦ», «Ростелеком», «РНКБ».
	Operator  string     `yaml:"operator" json:"operator"`
	City      string     `yaml:"city" json:"city"`
	Address   string     `yaml:"address" json:"address"`
	Phones    []Phone    `yaml:"phones" json:"phones,omitempty"`
	Hours     []Hours    `yaml:"hours" json:"hours"`
	Point     Point      `yaml:"point" json:"point"`
	Functions []Function `yaml:"functions" json:"functions"`
	// Note says what to know before going there: entrance, ramp, queue.
	Note string `yaml:"note" json:"note,omitempty"`
	// TT and EN are its texts in Tatar and English, see [Centre.In].
	TT *Words `yaml:"tt,omitempty" json:"tt,omitempty"`
	EN *Words `yaml:"en,omitempty" json:"en,omitempty"`
}

// Function is what a centre may do (MAP-02). Its name for people is "directory.function.<function>".
type Function string

// The functions of centres.
const (
	FunctionRegister Function = "register" // makes an account
	FunctionConfirm  Function = "confirm"  // confirms identity
	FunctionRecover  Function = "recover"  // gives access back
	FunctionHelp     Function = "help"     // helps to use the portal
	FunctionReceive  Function = "receive"  // receives applications on paper, gives out results
)

// Functions are all functions of centres.
var Functions = []Function{FunctionRegister, FunctionConfirm, FunctionRecover, FunctionHelp, FunctionReceive}

// Does tells whether the centre has the function.
func (c *Centre) Does(f Function) bool { return slices.Contains(c.Functions, f) }

// Hours is one line of a timetable: from one weekday to another (1 Monday … 7 Sunday) at the same time.
type Hours struct {
	From  int    `yaml:"from" json:"from"`
	To    int    `yaml:"to" json:"to"`
	Open  string `yaml:"open" json:"open"` // "09:00"
	Close string `yaml:"close" json:"close"`
	Break string `yaml:"break" json:"break,omitempty"` // "13:00-14:00"
}

// OpenAt tells whether the timetable is open at a moment of local time. Holidays are not known to it.
func OpenAt(hours []Hours, t time.Time) bool {
	day := int(t.Weekday())
	if day == 0 {
		day = 7
	}
	now := t.Format("15:04")
	for _, h := range hours {
		if day < h.From || day > h.To || now < h.Open || now >= h.Close {
			continue
		}
		from, to, pause := strings.Cut(h.Break, "-")
		if !pause || now < from || now >= to {
			return true
		}
	}
	return false
}

// Problems are all mistakes of a set of entries.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

var (
	codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,59}$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
	shortNumber = regexp.MustCompile(`^\d{3,6}$`)
	levels      = []string{"federal", "regional", "municipal"}
)

// Lint answers every mistake of a directory file.
func (f *File) Lint() Problems {
	l := &linter{seen: map[string]bool{}}
	for i := range f.Agencies {
		l.agency(&f.Agencies[i])
	}
	for i := range f.Centres {
		l.centre(&f.Centres[i])
	}
	return l.out
}

type linter struct {
	out  Problems
	seen map[string]bool
}

func (l *linter) add(at, format string, args ...any) {
	l.out = append(l.out, at+": "+fmt.Sprintf(format, args...))
}

func (l *linter) code(at, code string) {
	if !codePattern.MatchString(code) {
		l.add(at, "code %q: lower-case Latin letters, digits and hyphens", code)
	}
	if l.seen[at] {
		l.add(at, "stands twice")
	}
	l.seen[at] = true
}

func (l *linter) agency(a *Agency) {
	at := "agency " + a.Code
	l.code(at, a.Code)
	if a.Name == "" || a.Short == "" || a.Head.Name == "" || a.Head.Post == "" {
		l.add(at, "needs name, short name and head with post (AGY-01)")
	}
	if !slices.Contains(levels, a.Level) {
		l.add(at, "level %q is none of %v", a.Level, levels)
	}
	if len(a.Offices) == 0 {
		l.add(at, "needs an office: the place where citizens are received")
	}
	if a.Appeals.Mode != "internal" && (a.Appeals.Mode != "external" || a.Appeals.URL == "") {
		l.add(at, "appeals: mode internal, or external with its url")
	}
	for _, u := range []string{a.Site, a.Branch, a.Appeals.URL} {
		l.url(at, u)
	}
	if a.Email != "" {
		if _, err := ruid.ParseEmail(a.Email); err != nil {
			l.add(at, "email %q", a.Email)
		}
	}
	l.phones(at, a.Phones)
	for i := range a.Offices {
		o := &a.Offices[i]
		where := at + " office " + o.Code
		l.code(where, o.Code)
		if o.Name == "" || o.Address == "" {
			l.add(where, "needs name and address")
		}
		l.phones(where, o.Phones)
		l.hours(where, o.Hours)
		l.point(where, o.Point, false)
	}
}

func (l *linter) centre(c *Centre) {
	at := "centre " + c.Code
	l.code(at, c.Code)
	if c.Name == "" || c.Address == "" || c.Operator == "" || c.City == "" {
		l.add(at, "needs name, operator, city and address")
	}
	if len(c.Functions) == 0 || len(c.Hours) == 0 {
		l.add(at, "needs functions and hours")
	}
	for _, f := range c.Functions {
		if !slices.Contains(Functions, f) {
			l.add(at, "function %q is none of %v", f, Functions)
		}
	}
	l.phones(at, c.Phones)
	l.hours(at, c.Hours)
	l.point(at, c.Point, true)
}

func (l *linter) url(at, s string) {
	if s == "" {
		return
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		l.add(at, "address %q", s)
	}
}

func (l *linter) phones(at string, phones []Phone) {
	for _, p := range phones {
		if _, err := ruid.ParsePhone(p.Number); err != nil && !shortNumber.MatchString(p.Number) {
			l.add(at, "phone %q", p.Number)
		}
	}
}

func (l *linter) hours(at string, hours []Hours) {
	for _, h := range hours {
		from, to, pause := strings.Cut(h.Break, "-")
		switch {
		case h.From < 1 || h.To > 7 || h.From > h.To:
			l.add(at, "hours: weekdays %d–%d, want 1–7 in order", h.From, h.To)
		case !timePattern.MatchString(h.Open) || !timePattern.MatchString(h.Close) || h.Open >= h.Close:
			l.add(at, "hours: %q–%q", h.Open, h.Close)
		case h.Break != "" && (!pause || !timePattern.MatchString(from) || !timePattern.MatchString(to) || from >= to):
			l.add(at, "hours: break %q, want 13:00-14:00", h.Break)
		}
	}
}

func (l *linter) point(at string, p Point, required bool) {
	if p == (Point{}) && !required {
		return
	}
	// The territory of Russia: anything else is latitude and longitude mixed up.
	if p.Lat < 41 || p.Lat > 82 || p.Lon < 19 || p.Lon > 180 {
		l.add(at, "point %v is not in Russia", p)
	}
}
