package enrol_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/enrol"
)

var legalDay = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// Whatever is typed is either refused with named fields or read into sane data.
func FuzzForm(f *testing.F) {
	good := form()
	f.Add(good.Surname, good.BirthDate, good.SNILS, good.Citizenship, good.Document, good.IssueDate, good.IssuerCode, good.IssuedBy)
	f.Add("О'Нил", "29.02.2000", "11223344595", "UZB", "AD 4471029", "1.1.2020", "", "МВД")
	f.Add("", "31.02.1991", "000", "XXX", "№№№", "0.0.0", "---", "<>")
	f.Fuzz(func(t *testing.T, surname, birth, snils, citizenship, document, issue, code, by string) {
		in := form()
		in.Surname, in.BirthDate, in.SNILS, in.Citizenship = surname, birth, snils, citizenship
		in.Document, in.IssueDate, in.IssuerCode, in.IssuedBy = document, issue, code, by
		d, err := in.Read(legalDay)
		if err != nil {
			if e, ok := fault.As(err); !ok || e.Kind != fault.KindInvalid || len(e.Fields) == 0 {
				t.Fatalf("refused without naming a field: %v", err)
			}
			return
		}
		if len(d.SNILS) != 11 || d.BirthDate.After(legalDay) || d.Document.Number == "" || strings.ContainsAny(d.Surname+d.Document.IssuedBy, "<>\n") {
			t.Errorf("read %+v", d)
		}
	})
}

// The parts of a foreign number are letters and digits and together what was typed.
func FuzzForeignNumber(f *testing.F) {
	for _, s := range []string{"AD 4471029", "ad4471029", "4471029", "ЁЖ-12345", "A", "", "AD*1", "１２３４"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		series, number, err := enrol.ReadForeignNumber(s)
		if err != nil {
			return
		}
		n := utf8.RuneCountInString(series + number)
		if n < 4 || n > 20 || number == "" || number[0] < '0' || number[0] > '9' || !utf8.ValidString(series+number) {
			t.Errorf("%q is read as %q %q", s, series, number)
		}
		again, same, err := enrol.ReadForeignNumber(series + " " + number)
		if err != nil || again != series || same != number {
			t.Errorf("%q %q does not read as itself: %q %q, %v", series, number, again, same, err)
		}
	})
}
