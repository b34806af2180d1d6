package term

import (
	"strings"
	"testing"
	"time"

	_ "time/tzdata"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// The vectors are those of the decrees: N 1314 of 10.08.2023 and N 1335 of 04.10.2024.
func TestProductionCalendar(t *testing.T) {
	t.Parallel()
	c := Russian()
	for typ, days := range map[DayType]string{
		Off: "2025-05-02 2025-05-08 2025-06-13 2025-11-03 2025-12-31 2025-01-01 2025-11-04 2025-11-02 " +
			"2024-04-29 2024-04-30 2024-05-10 2024-12-30 2024-12-31 2026-01-09 2026-12-31 2026-03-09 2026-05-11",
		Short:   "2025-03-07 2025-04-30 2025-06-11 2025-11-01 2026-04-30 2026-05-08 2026-06-11 2026-11-03",
		Working: "2025-05-05 2025-11-05 2026-01-12 2024-12-27",
	} {
		for _, d := range strings.Fields(days) {
			if got := c.Type(date(d)); got != typ {
				t.Errorf("%s is of type %d, want %d", d, got, typ)
			}
		}
	}
	for _, d := range strings.Fields("2024-04-27 2024-11-02 2024-12-28 2025-11-01") {
		if !c.IsWorking(date(d)) {
			t.Errorf("the Saturday %s is a working one by decree", d)
		}
	}
}

// SVC-27: the last day of a term.
func TestLastDay(t *testing.T) {
	t.Parallel()
	c := Russian()
	for _, v := range []struct {
		from string
		term Term
		want string
	}{
		{"2026-11-24", Term{1, WorkingDays}, "2026-11-25"},
		{"2026-11-27", Term{1, WorkingDays}, "2026-11-30"},
		{"2026-11-03", Term{1, WorkingDays}, "2026-11-05"},   // 4 November
		{"2025-10-31", Term{1, WorkingDays}, "2025-11-01"},   // a working Saturday
		{"2025-10-31", Term{2, WorkingDays}, "2025-11-05"},   // then 2, 3 and 4 November are off
		{"2025-12-30", Term{5, WorkingDays}, "2026-01-16"},   // over the holidays
		{"2026-11-24", Term{30, CalendarDays}, "2026-12-24"}, // 59-FZ
		{"2026-12-02", Term{30, CalendarDays}, "2027-01-11"}, // 1 January, a holiday, in a provisional year
		{"2026-10-25", Term{10, CalendarDays}, "2026-11-05"}, // ends on 4 November
	} {
		if got := c.LastDay(date(v.from), v.term); !got.Equal(date(v.want)) {
			t.Errorf("%s + %v = %s, want %s", v.from, v.term, got.Format(time.DateOnly), v.want)
		}
	}
}

// SVC-16, SVC-27: the term runs out at midnight of the portal's zone, and the day of the event is
// the day in that zone.
func TestDueInZone(t *testing.T) {
	t.Parallel()
	c := Russian()
	tyumen, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		t.Fatal(err)
	}
	filed := time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC) // 24 November, 00:30 in Tyumen
	due := c.Due(filed, Term{1, WorkingDays}, tyumen)
	if want := time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC); !due.Equal(want) {
		t.Fatalf("due %s, want %s", due, want)
	}
	if got := DueDay(due, tyumen); !got.Equal(date("2026-11-25")) {
		t.Errorf("last day %s", got)
	}
	p := c.Progress(filed, due, due.Add(-time.Microsecond), WorkingDays, tyumen)
	if p.Overdue || p.Day != 1 || p.Of != 1 || p.Left != 0 {
		t.Errorf("one microsecond before: %+v", p)
	}
	p = c.Progress(filed, due, due, WorkingDays, tyumen)
	if !p.Overdue || p.Day != 2 || p.Left != -1 {
		t.Errorf("at midnight: %+v", p)
	}
}

func TestDaysBetween(t *testing.T) {
	t.Parallel()
	c := Russian()
	if n := c.DaysBetween(date("2025-12-30"), date("2026-01-16"), WorkingDays); n != 5 {
		t.Errorf("working days %d", n)
	}
	if n := c.DaysBetween(date("2026-01-16"), date("2025-12-30"), CalendarDays); n != -17 {
		t.Errorf("calendar days back %d", n)
	}
}

// What was left of a term when it stopped is left when it goes on, by the days of
// the portal's zone and in the term's own unit.
func TestResume(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		t.Fatal(err)
	}
	c := Russian()
	at := func(s string) time.Time {
		m, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, x := range []struct {
		why                         string
		unit                        Unit
		last, stopped, resumed, new string
	}{
		{"five days of standing still", CalendarDays, "2026-12-24", "2026-11-24 14:00", "2026-11-29 09:00", "2026-12-29"},
		{"it would end on a Saturday", CalendarDays, "2026-12-24", "2026-11-24 14:00", "2026-11-26 09:00", "2026-12-28"},
		{"within a day", CalendarDays, "2026-12-24", "2026-11-24 00:00", "2026-11-24 23:59", "2026-12-24"},
		{"over midnight of the zone", CalendarDays, "2026-12-23", "2026-11-24 23:59", "2026-11-25 00:00", "2026-12-24"},
		{"stopped in the last minute", CalendarDays, "2026-12-24", "2026-12-24 23:59", "2026-12-25 10:00", "2026-12-25"},
		{"run out before", CalendarDays, "2026-12-24", "2026-12-25 00:00", "2027-01-25 10:00", "2026-12-24"},
		{"working days, over a weekend", WorkingDays, "2026-11-27", "2026-11-25 10:00", "2026-11-30 10:00", "2026-12-02"},
		{"answered on a Sunday", WorkingDays, "2026-11-27", "2026-11-27 10:00", "2026-11-29 10:00", "2026-11-30"},
	} {
		due := EndOf(date(x.last), zone)
		got := c.Resume(due, at(x.stopped), at(x.resumed), x.unit, zone)
		if want := EndOf(date(x.new), zone); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", x.why, DueDay(got, zone).Format(time.DateOnly), x.new)
		}
		if got.Before(due) {
			t.Errorf("%s: standing still made it shorter", x.why)
		}
	}
}

// Without data the Labour Code speaks, and the calendar says that it is provisional.
func TestProvisionalYear(t *testing.T) {
	t.Parallel()
	c := Russian()
	if !c.Provisional(2028) || c.Provisional(2026) {
		t.Error("2028 has no data, 2026 has")
	}
	for d, want := range map[string]DayType{
		"2027-02-23": Off, "2027-03-08": Off, "2027-05-03": Off, // 1 May 2027 is a Saturday
		"2027-05-10": Off, "2027-06-14": Off, "2027-06-11": Short, "2027-05-04": Working, "2027-01-11": Working,
	} {
		if got := c.Type(date(d)); got != want {
			t.Errorf("%s: %d, want %d", d, got, want)
		}
	}
	y, err := ParseXML(strings.NewReader(`<calendar year="2028" country="ru"><days>` +
		`<day d="01.01" t="1"/><day d="01.02" t="1"/><day d="01.03" t="1"/><day d="01.04" t="1"/>` +
		`<day d="01.05" t="1"/><day d="01.06" t="1"/><day d="01.07" t="1"/><day d="06.19" t="1"/></days></calendar>`))
	if err != nil {
		t.Fatal(err)
	}
	if with := c.With(y); with.IsWorking(date("2028-06-19")) || with.Provisional(2028) || !c.IsWorking(date("2028-06-19")) {
		t.Error("the imported year must rule the new calendar and leave the old one alone")
	}
}

func TestParseXMLRefuses(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"", "<calendar/>", `<calendar year="2026" country="kz"/>`, `<calendar year="2026" country="ru"/>`,
		`<calendar year="2026" country="ru"><days><day d="02.30" t="1"/></days></calendar>`,
	} {
		if _, err := ParseXML(strings.NewReader(src)); err == nil {
			t.Errorf("%q was taken", src)
		}
	}
}
