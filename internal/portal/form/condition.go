package form

import (
	"slices"
	"strconv"
	"time"
)

// Condition is an expression over the answers given so far. Exactly one form is used at a time:
//
//	{field: changed, is: yes}        the answer is (or, of checkboxes, contains) this value
//	{field: way, in: [post, desk]}   the answer is one of these
//	{field: rooms, above: 3}         a number or date above (below) a bound; dates as in Field.Min
//	{present: old_name}              any answer is there
//	{profile: citizenship, is: RUS}  a fact of the applicant: citizenship, sex, level
//	{age: {of: child, from: 3, to: 7}}  completed years on the day, both inclusive; of: subject is
//	                                 the child of the form where there is one, else the applicant
//	{all: […]} {any: […]} {not: …}
//
// A field that is not shown counts as not answered.
type Condition struct {
	All     []Condition `yaml:"all,omitempty" json:"all,omitempty"`
	Any     []Condition `yaml:"any,omitempty" json:"any,omitempty"`
	Not     *Condition  `yaml:"not,omitempty" json:"not,omitempty"`
	Field   string      `yaml:"field,omitempty" json:"field,omitempty"`
	Profile string      `yaml:"profile,omitempty" json:"profile,omitempty"`
	Is      string      `yaml:"is,omitempty" json:"is,omitempty"`
	In      []string    `yaml:"in,omitempty" json:"in,omitempty"`
	Above   string      `yaml:"above,omitempty" json:"above,omitempty"`
	Below   string      `yaml:"below,omitempty" json:"below,omitempty"`
	Present string      `yaml:"present,omitempty" json:"present,omitempty"`
	Age     *AgeRange   `yaml:"age,omitempty" json:"age,omitempty"`
}

// AgeRange is an interval of completed years, both ends inclusive.
type AgeRange struct {
	Of   string `yaml:"of" json:"of"`
	From *int   `yaml:"from,omitempty" json:"from,omitempty"`
	To   *int   `yaml:"to,omitempty" json:"to,omitempty"`
}

// facts is what conditions are asked about; *evaluation fulfils it.
type facts interface {
	canonical(ref string) []string
	birthOf(ref string) (time.Time, bool)
	profileFact(name string) string
	today() time.Time
}

func (c *Condition) holds(f facts) bool {
	switch {
	case c == nil:
		return true
	case len(c.All) > 0:
		for i := range c.All {
			if !c.All[i].holds(f) {
				return false
			}
		}
		return true
	case len(c.Any) > 0:
		for i := range c.Any {
			if c.Any[i].holds(f) {
				return true
			}
		}
		return false
	case c.Not != nil:
		return !c.Not.holds(f)
	case c.Present != "":
		return len(f.canonical(c.Present)) > 0
	case c.Age != nil:
		return c.Age.holds(f)
	case c.Profile != "":
		return c.matches([]string{f.profileFact(c.Profile)}, f.today())
	}
	return c.matches(f.canonical(c.Field), f.today())
}

func (c *Condition) matches(values []string, today time.Time) bool {
	for _, v := range values {
		switch {
		case c.Is != "" && v == c.Is, c.Is == "" && slices.Contains(c.In, v):
			return true
		case c.Above != "" && compare(v, c.Above, today) > 0, c.Below != "" && compare(v, c.Below, today) < 0:
			return true
		}
	}
	return false
}

func (a *AgeRange) holds(f facts) bool {
	born, ok := f.birthOf(a.Of)
	if !ok {
		return false
	}
	years := Age(born, f.today())
	return (a.From == nil || years >= *a.From) && (a.To == nil || years <= *a.To)
}

// compare orders two numbers or two dates; the bound may be relative to today. What cannot be
// compared is equal, so that neither "above" nor "below" holds.
func compare(v, bound string, today time.Time) int {
	if b, err := ParseBound(bound, today); err == nil {
		d, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return 0
		}
		return d.Compare(b)
	}
	x, err1 := strconv.ParseFloat(v, 64)
	y, err2 := strconv.ParseFloat(bound, 64)
	switch {
	case err1 != nil || err2 != nil || x == y:
		return 0
	case x > y:
		return 1
	}
	return -1
}

// refs calls f with every reference to an answer that the condition makes.
func (c *Condition) refs(f func(ref string)) {
	if c == nil {
		return
	}
	for i := range c.All {
		c.All[i].refs(f)
	}
	for i := range c.Any {
		c.Any[i].refs(f)
	}
	c.Not.refs(f)
	for _, r := range []string{c.Field, c.Present} {
		if r != "" {
			f(r)
		}
	}
	if c.Age != nil && c.Age.Of != "subject" && c.Age.Of != "applicant" {
		f(c.Age.Of)
	}
}
