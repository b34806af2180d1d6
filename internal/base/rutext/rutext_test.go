package rutext

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 40, 59, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{Date(at), "21 ноября 2026"},
		{DayMonth(at), "21 ноября"},
		{MonthYear(at), "ноябрь 2026"},
		{ShortDate(at), "21.11.2026"},
		{Weekday(at), "суббота"},
		{Time(at), "09:40"},
		{DateTime(at), "21 ноября 2026 в 09:40"},
	} {
		if got := strings.ReplaceAll(c.got, NBSP, " "); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"21.11.2026": "2026-11-21", "21/11/2026": "2026-11-21", "2026-11-21": "2026-11-21", " 1.2.2026 ": "2026-02-01",
		"21 ноября 2026": "2026-11-21", "21 Ноября 2026 г.": "2026-11-21", "29.02.2024": "2024-02-29", "3 мая 2026 года": "2026-05-03",
	} {
		got, err := ParseDate(in)
		if err != nil || got.Format(time.DateOnly) != want {
			t.Errorf("ParseDate(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "29.02.2026", "31.04.2026", "00.01.2026", "1.13.2026", "21.11.26", "21.11", "завтра", "-1.02.2026", "21.11.2026.1"} {
		if got, err := ParseDate(in); err == nil {
			t.Errorf("ParseDate(%q) = %v, want refusal", in, got)
		}
	}
}

func TestParseDateReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 80000).Draw(t, "days"))
		for _, s := range []string{Date(day), ShortDate(day), day.Format(time.DateOnly)} {
			if got, err := ParseDate(s); err != nil || !got.Equal(day) {
				t.Fatalf("ParseDate(%q) = %v, %v", s, got, err)
			}
		}
	})
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for kopecks, want := range map[int64]string{
		0: "0,00 ₽", 5: "0,05 ₽", 150000: "1 500,00 ₽", 123456789: "1 234 567,89 ₽", -99: "−0,99 ₽", 10000: "100,00 ₽",
		math.MinInt64: "−92 233 720 368 547 758,08 ₽",
	} {
		if got := strings.ReplaceAll(Money(kopecks), NBSP, " "); got != want {
			t.Errorf("Money(%d) = %q, want %q", kopecks, got, want)
		}
	}
	for in, want := range map[string]int64{"1 500": 150000, "1500,5": 150050, "1 500.00 ₽": 150000, "10 руб.": 1000, "0,01": 1} {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "1,234", "1,", ",5", "1e3", "1.2.3", "99999999999999999999", "+5", "пять"} {
		if got, err := ParseMoney(in); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want refusal", in, got)
		}
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, 1<<53).Draw(t, "kopecks")
		if got, err := ParseMoney(Money(want)); err != nil || got != want {
			t.Fatalf("ParseMoney(Money(%d)) = %d, %v", want, got, err)
		}
	})
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 уведомлений", 1: "1 уведомление", 2: "2 уведомления", 4: "4 уведомления", 5: "5 уведомлений", 11: "11 уведомлений",
		12: "12 уведомлений", 21: "21 уведомление", 22: "22 уведомления", 111: "111 уведомлений", 1001: "1 001 уведомление", -3: "−3 уведомления",
	} {
		if got := strings.ReplaceAll(Count(n, "уведомление", "уведомления", "уведомлений"), NBSP, " "); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	same := [][2]string{
		{"Мамин-Сибиряк", "МАМИН  СИБИРЯК"},
		{"Фёдор", " федор "},
		{"Иванов\u00a0\u2011Петров", "иванов петров"},
		{"О’Коннор", "О'коннор"},
		{"Андре\u0438\u0306", "Андрей"},
	}
	for _, pair := range same {
		if MatchKey(pair[0]) != MatchKey(pair[1]) {
			t.Errorf("%q and %q must match: %q, %q", pair[0], pair[1], MatchKey(pair[0]), MatchKey(pair[1]))
		}
	}
	if MatchKey("Андрей") == MatchKey("Андреи") {
		t.Error("й and и are different letters")
	}
	for _, c := range []struct{ surname, given, patronymic, want string }{
		{"Соколова", "Анна", "Викторовна", "Соколова А. В."},
		{"Соколова", "Анна", "", "Соколова А."},
		{"Соколова", "Анна-Мария", "", "Соколова А.-М."},
		{"", "Cher", "", "C."},
		{"Sting", "", "", "Sting"},
	} {
		if got := strings.ReplaceAll(Initials(c.surname, c.given, c.patronymic), NBSP, " "); got != c.want {
			t.Errorf("Initials = %q, want %q", got, c.want)
		}
	}
	if got := FullName(" Соколова ", "", "Викторовна"); got != "Соколова Викторовна" {
		t.Errorf("FullName = %q", got)
	}
}

func TestMatchKeyIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := MatchKey(rapid.String().Draw(t, "name"))
		if again := MatchKey(key); again != key {
			t.Fatalf("MatchKey(%q) = %q", key, again)
		}
	})
}

func TestTypography(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ответ в срок — до 5 дней": "Ответ в~срок~— до~5~дней",
		"№ 5 по ст. 12":            "№~5~по~ст.~12",
		"Если бы знать":            "Если~бы знать",
		"обычные слова":            "обычные слова",
		"":                         "",
	} {
		if got := strings.ReplaceAll(NoBreak(in), NBSP, "~"); got != want {
			t.Errorf("NoBreak(%q) = %q, want %q", in, got, want)
		}
	}
	if got := ToCyrillicLayout("pfgbcm r dhfxe"); got != "запись к врачу" {
		t.Errorf("ToCyrillicLayout = %q", got)
	}
	if got := ToLatinLayout("пщыгыдгпш"); got != "gosuslugi" {
		t.Errorf("ToLatinLayout = %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune(layoutLatin+" 0"))).Draw(t, "s")
		if back := ToLatinLayout(ToCyrillicLayout(s)); back != s {
			t.Fatalf("layouts do not reverse: %q → %q", s, back)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("21.11.2026")
	f.Add("1 500,00 ₽")
	f.Fuzz(func(t *testing.T, s string) {
		if day, err := ParseDate(s); err == nil {
			if again, err := ParseDate(ShortDate(day)); err != nil || !again.Equal(day) {
				t.Fatalf("%q → %v → %v, %v", s, day, again, err)
			}
		}
		if kopecks, err := ParseMoney(s); err == nil && kopecks < 0 {
			t.Fatalf("negative amount from %q", s)
		}
		NoBreak(s)
	})
}
