package directory

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
)

// Levels are the levels of agencies (CAT-10).
var Levels = slices.Clone(levels)

// The longest texts of an entry, in characters: a page must stay a page.
const (
	maxLine    = 300
	maxText    = 4000
	maxOffices = 500
	maxPhones  = 20
)

// checker gathers what an editor has to mend, in words for people; [File.Lint]
// says the same to who writes the file by hand.
type checker struct{ out []fault.Field }

func (c *checker) add(name, key string) { c.out = append(c.out, fault.F(name, key)) }

func (c *checker) need(name, v string) {
	if strings.TrimSpace(v) == "" {
		c.add(name, "directory.missing."+name)
	}
	c.line(name, v)
}

func (c *checker) line(name, v string) {
	if len([]rune(v)) > maxLine {
		c.add(name, "directory.too_long")
	}
}

func (c *checker) url(name, v string) {
	if v == "" {
		return
	}
	if u, err := url.Parse(v); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		c.add(name, "directory.bad_url")
	}
	c.line(name, v)
}

func (c *checker) code(v string) {
	if !codePattern.MatchString(v) {
		c.add("code", "directory.bad_code")
	}
}

func (c *checker) phones(name string, list []Phone) {
	if len(list) > maxPhones {
		c.add(name, "directory.too_many_phones")
	}
	for _, p := range list {
		if _, err := ruid.ParsePhone(p.Number); err != nil && !shortNumber.MatchString(p.Number) {
			c.out = append(c.out, fault.F(name, "directory.bad_phone", "phone", p.Number))
			return
		}
		c.line(name, p.Note)
	}
}

func (c *checker) hours(hours []Hours) {
	l := &linter{seen: map[string]bool{}}
	l.hours("", hours)
	if len(l.out) > 0 {
		c.add("hours", "directory.bad_hours")
	}
}

func (c *checker) point(p Point, required bool) {
	l := &linter{seen: map[string]bool{}}
	l.point("", p, required)
	if len(l.out) > 0 {
		c.add("lat", "directory.bad_point")
	}
}

// Check answers what is wrong with an agency: fields code name short level head_name
// head_post about phones email site branch appeals_url office.
func (a *Agency) Check() []fault.Field {
	c := &checker{}
	c.code(a.Code)
	c.need("name", a.Name)
	c.need("short", a.Short)
	c.need("head_name", a.Head.Name)
	c.need("head_post", a.Head.Post)
	if !slices.Contains(levels, a.Level) {
		c.add("level", "directory.missing.level")
	}
	if len([]rune(a.About)) > maxText {
		c.add("about", "directory.too_long")
	}
	c.phones("phones", a.Phones)
	if a.Email != "" {
		if _, err := ruid.ParseEmail(a.Email); err != nil {
			c.add("email", "directory.bad_email")
		}
	}
	c.url("site", a.Site)
	c.url("branch", a.Branch)
	switch a.Appeals.Mode {
	case "internal":
	case "external":
		if a.Appeals.URL == "" {
			c.add("appeals_url", "directory.missing.appeals_url")
		}
		c.url("appeals_url", a.Appeals.URL)
	default:
		c.add("appeals_mode", "directory.missing.appeals_mode")
	}
	if len(a.Offices) == 0 || len(a.Offices) > maxOffices {
		c.add("office", "directory.missing.office")
	}
	for i := range a.Offices {
		if len(c.out) == 0 {
			c.out = append(c.out, a.Offices[i].Check()...)
		}
	}
	return c.out
}

// Check answers what is wrong with an office: fields code name address phones hours lat.
func (o *Office) Check() []fault.Field {
	c := &checker{}
	c.code(o.Code)
	c.need("name", o.Name)
	c.need("address", o.Address)
	c.phones("phones", o.Phones)
	c.hours(o.Hours)
	c.point(o.Point, false)
	return c.out
}

// Check answers what is wrong with a centre: fields code name operator city address
// phones hours lat functions note.
func (x *Centre) Check() []fault.Field {
	c := &checker{}
	c.code(x.Code)
	c.need("name", x.Name)
	c.need("operator", x.Operator)
	c.need("city", x.City)
	c.need("address", x.Address)
	c.line("note", x.Note)
	c.phones("phones", x.Phones)
	if len(x.Hours) == 0 {
		c.add("hours", "directory.missing.hours")
	}
	c.hours(x.Hours)
	c.point(x.Point, true)
	if len(x.Functions) == 0 {
		c.add("functions", "directory.missing.functions")
	}
	for _, f := range x.Functions {
		if !slices.Contains(Functions, f) {
			c.add("functions", "directory.missing.functions")
		}
	}
	return c.out
}

// check is all of it; whatever the checks for people should miss, the linter of
// files finds.
func (e *Entry) check() error {
	var wrong []fault.Field
	f := &File{}
	if e.Kind == KindAgency {
		wrong, f.Agencies = e.Agency.Check(), []Agency{*e.Agency}
	} else {
		wrong, f.Centres = e.Centre.Check(), []Centre{*e.Centre}
	}
	if len(wrong) > 0 {
		return fault.Invalid("directory.invalid", wrong...)
	}
	if p := f.Lint(); len(p) > 0 {
		return fault.Invalid("directory.invalid", fault.F("name", "directory.invalid")).Wrap(p)
	}
	return nil
}

// PutOffice puts an office in its place, a new one at the end.
func (a *Agency) PutOffice(o Office) {
	a.Offices = slices.Clone(a.Offices)
	for i := range a.Offices {
		if a.Offices[i].Code == o.Code {
			a.Offices[i] = o
			return
		}
	}
	a.Offices = append(a.Offices, o)
}

// Office finds an office of the agency by its code, nil where there is none.
func (a *Agency) Office(code string) *Office {
	for i := range a.Offices {
		if a.Offices[i].Code == code {
			return &a.Offices[i]
		}
	}
	return nil
}

// DropOffice takes an office away; the last one stays, [Agency.Check] says so.
func (a *Agency) DropOffice(code string) {
	a.Offices = slices.DeleteFunc(slices.Clone(a.Offices), func(o Office) bool { return o.Code == code })
}

// FreeOfficeCode is a code that no office of the agency has.
func (a *Agency) FreeOfficeCode() string {
	for n := len(a.Offices) + 1; ; n++ {
		if code := "office-" + strconv.Itoa(n); a.Office(code) == nil {
			return code
		}
	}
}
