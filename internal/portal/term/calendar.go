package term

import (
	"embed"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DayType is what a day is in the production calendar.
type DayType uint8

// The types of days.
const (
	Off     DayType = iota + 1 // weekend, holiday or day off by decree
	Short                      // working, one hour less before a holiday
	Working                    // also a Saturday that a decree made working
)

// Calendar knows the working days of a country. Any number of goroutines may ask it; [Years] puts
// imported years into it.
type Calendar struct {
	years atomic.Pointer[map[int]*Year]
}

func newCalendar(years map[int]*Year) *Calendar {
	c := &Calendar{}
	c.years.Store(&years)
	return c
}

func (c *Calendar) year(n int) *Year { return (*c.years.Load())[n] }

// set puts a year in; the readers of this moment keep the table that they have.
func (c *Calendar) set(y *Year) {
	for {
		old := c.years.Load()
		years := maps.Clone(*old)
		years[y.Year] = y
		if c.years.CompareAndSwap(old, &years) {
			return
		}
	}
}

// Year is the production calendar of one year: only the days that differ from the week's order.
type Year struct {
	Year int
	// Decree is the act that moved the days, where the data name it.
	Decree string
	days   map[int]DayType // month*100+day
}

//go:embed data/*.xml
var data embed.FS

// Russian answers a calendar of its own with the years that the program carries. They are parsed once.
func Russian() *Calendar { return newCalendar(*embedded().years.Load()) }

var embedded = sync.OnceValue(func() *Calendar {
	c, err := Load(data)
	if err != nil {
		panic("term: the embedded calendar is broken: " + err.Error()) // a build that cannot pass its tests
	}
	return c
})

// Load reads every *.xml file of the file system, in any folder.
func Load(fsys fs.FS) (*Calendar, error) {
	years := map[int]*Year{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".xml" {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		y, err := ParseXML(f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		years[y.Year] = y
		return nil
	})
	return newCalendar(years), err
}

// ParseXML reads one year in the format of xmlcalendar.
func ParseXML(r io.Reader) (*Year, error) {
	var doc struct {
		Year    int    `xml:"year,attr"`
		Lang    string `xml:"lang,attr"`
		Country string `xml:"country,attr"` // some years of the data set leave it out
		Days    []struct {
			D string  `xml:"d,attr"`
			T DayType `xml:"t,attr"`
		} `xml:"days>day"`
	}
	if err := xml.NewDecoder(r).Decode(&doc); err != nil {
		return nil, fmt.Errorf("read production calendar: %w", err)
	}
	if doc.Year < 1993 || doc.Year > 2200 || doc.Country != "ru" && (doc.Country != "" || doc.Lang != "ru") {
		return nil, fmt.Errorf("read production calendar: year %d of country %q", doc.Year, doc.Country)
	}
	y := &Year{Year: doc.Year, days: map[int]DayType{}}
	for _, d := range doc.Days {
		t, err := time.Parse("2006.01.02", fmt.Sprintf("%d.%s", doc.Year, d.D))
		if err != nil || d.T < Off || d.T > Working {
			return nil, fmt.Errorf("read production calendar of %d: day %q of type %d", doc.Year, d.D, d.T)
		}
		y.days[key(t)] = d.T
	}
	if len(y.days) < 8 {
		return nil, fmt.Errorf("read production calendar of %d: only %d days, a year has more holidays", doc.Year, len(y.days))
	}
	return y, nil
}

// With answers a calendar in which the year is replaced.
func (c *Calendar) With(y *Year) *Calendar {
	years := maps.Clone(*c.years.Load())
	years[y.Year] = y
	return newCalendar(years)
}

// Years are the years with data, in order.
func (c *Calendar) Years() []int { return slices.Sorted(maps.Keys(*c.years.Load())) }

// Provisional tells that the year has no data: its terms may change when the decree comes.
func (c *Calendar) Provisional(year int) bool { return c.year(year) == nil }

// Type answers what the calendar day is; of the time only year, month and day count.
func (c *Calendar) Type(day time.Time) DayType {
	if y := c.year(day.Year()); y != nil {
		if t, ok := y.days[key(day)]; ok {
			return t
		}
		if weekend(day) {
			return Off
		}
		return Working
	}
	return byLabourCode(day)
}

// IsWorking tells whether work is done on the day, be it a short one.
func (c *Calendar) IsWorking(day time.Time) bool { return c.Type(day) != Off }

func key(t time.Time) int { return int(t.Month())*100 + t.Day() }

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

// holidays of the Labour Code, art. 112.
var holidays = []int{101, 102, 103, 104, 105, 106, 107, 108, 223, 308, 501, 509, 612, 1104}

// byLabourCode is the year without its decree: weekends, holidays, and a holiday on a weekend moved
// to the next working day; those of January are moved by decree only.
func byLabourCode(day time.Time) DayType {
	if slices.Contains(holidays, key(day)) || weekend(day) {
		return Off
	}
	for back := 1; back <= 3; back++ {
		before := day.AddDate(0, 0, -back)
		if slices.Contains(holidays, key(before)) && weekend(before) && before.Month() != time.January {
			return Off
		}
		if !weekend(before) {
			break
		}
	}
	if slices.Contains(holidays, key(day.AddDate(0, 0, 1))) {
		return Short
	}
	return Working
}
