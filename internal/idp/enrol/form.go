package enrol

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Form is the personal-data form as typed: twelve fields (ID-VER-01, C-55) and
// the kind of document, which follows from the citizenship (ID-VER-02).
type Form struct {
	Surname     string `json:"surname"`
	Given       string `json:"name"`
	Patronymic  string `json:"patronymic"`
	Sex         string `json:"sex"`        // M or F
	BirthDate   string `json:"birth_date"` // as people write it: 17.04.1991
	BirthPlace  string `json:"birth_place"`
	SNILS       string `json:"snils"`
	Citizenship string `json:"citizenship"` // three letters; RUS means the passport of the RF
	Document    string `json:"document"`    // series and number: 71 11 904513
	IssueDate   string `json:"issue_date"`
	IssuerCode  string `json:"issuer_code"` // NNN-NNN, with the passport of the RF alone
	IssuedBy    string `json:"issued_by"`
}

// Type is the kind of identity document that the form describes.
func (f *Form) Type() person.DocumentType {
	if f.Citizenship == "" || f.Citizenship == "RUS" {
		return person.RFPassport
	}
	return person.ForeignID
}

func formAAD(oid person.OID) string { return "enrol.form:" + person.FormatOID(oid) }

// GetForm returns the form as it was left: what was typed last, else the data in
// force, else the name of the registration (ID-REG-25, ID-VER-09).
func (e *Enrolments) GetForm(ctx context.Context, oid person.OID) (*Form, error) {
	var f Form
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		sealed, err := db.Find[[]byte](ctx, tx, `SELECT sealed FROM enrol.form WHERE oid = $1`, oid)
		if err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		if sealed != nil {
			return e.open(*sealed, formAAD(oid), &f)
		}
		v, err := e.Persons.LatestVersion(ctx, tx, oid)
		if err != nil {
			return err
		}
		if v != nil {
			f = formOf(v.Data)
			return nil
		}
		who, err := e.Persons.GetTx(ctx, tx, oid)
		if err != nil {
			return err
		}
		f = Form{Surname: who.Surname, Given: who.Given, Patronymic: who.Patronymic, Citizenship: "RUS"}
		return nil
	})
	return &f, err
}

// SaveForm keeps the form as typed, complete or not.
func (e *Enrolments) SaveForm(ctx context.Context, oid person.OID, f Form) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.saveForm(ctx, tx, oid, f) })
}

func (e *Enrolments) saveForm(ctx context.Context, tx *db.Tx, oid person.OID, f Form) error {
	for _, s := range []string{f.Surname, f.Given, f.Patronymic, f.BirthPlace, f.IssuedBy, f.Document, f.SNILS, f.BirthDate, f.IssueDate, f.IssuerCode} {
		if len(s) > 2000 {
			return fault.Invalid("enrol.form_invalid")
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO enrol.form (oid, sealed, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (oid) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`, oid, e.seal(f, formAAD(oid)), e.Clock.Now())
	if err != nil {
		return fmt.Errorf("save form: %w", err)
	}
	return nil
}

// formOf writes data back as the form shows them.
func formOf(d person.Data) Form {
	f := Form{
		Surname: d.Surname, Given: d.Given, Patronymic: d.Patronymic, Sex: d.Sex, BirthDate: rutext.ShortDate(d.BirthDate),
		BirthPlace: d.BirthPlace, SNILS: ruid.SNILS(d.SNILS).String(), Citizenship: d.Citizenship, IssuedBy: d.Document.IssuedBy,
	}
	if t, err := time.Parse(time.DateOnly, d.Document.IssueDate); err == nil {
		f.IssueDate = rutext.ShortDate(t)
	}
	if d.DocumentType == person.RFPassport {
		f.Document = ruid.Passport(d.Document.Series + d.Document.Number).String()
		f.IssuerCode = ruid.DepartmentCode(d.Document.IssueID).String()
	} else {
		f.Document = strings.TrimSpace(d.Document.Series + " " + d.Document.Number)
	}
	return f
}

// Read checks all fields and normalises them; today is the legal day. Faults are
// Invalid enrol.form_invalid with every wrong field.
func (f *Form) Read(today time.Time) (person.Data, error) {
	d := person.Data{Citizenship: f.Citizenship, DocumentType: f.Type()}
	var bad []fault.Field
	d.Surname, bad = readName(bad, "surname", f.Surname, true)
	d.Given, bad = readName(bad, "name", f.Given, true)
	d.Patronymic, bad = readName(bad, "patronymic", f.Patronymic, false)
	if d.Sex = f.Sex; d.Sex != "M" && d.Sex != "F" {
		bad = append(bad, fault.F("sex", "enrol.sex_missing"))
	}
	var born, issued bool
	d.BirthDate, born, bad = readDate(bad, "birth_date", f.BirthDate, today)
	if born && d.BirthDate.Before(today.AddDate(-130, 0, 0)) {
		born, bad = false, append(bad, fault.F("birth_date", "enrol.birth_date_old"))
	}
	d.BirthPlace, bad = readText(bad, "birth_place", f.BirthPlace, 300)
	snils, err := ruid.ParseSNILS(f.SNILS)
	if bad = identifier(bad, "snils", f.SNILS, err); err == nil {
		d.SNILS = string(snils)
	}
	if !knownCountry(f.Citizenship) {
		bad = append(bad, fault.F("citizenship", "enrol.citizenship_missing"))
	}
	issueDate, issued, bad := readDate(bad, "issue_date", f.IssueDate, today)
	d.Document.IssueDate = issueDate.Format(time.DateOnly)
	d.Document.IssuedBy, bad = readText(bad, "issued_by", f.IssuedBy, 300)
	bad = f.readDocument(bad, &d.Document)
	if born && issued {
		bad = checkIssue(bad, d, issueDate)
	}
	if len(bad) > 0 {
		return person.Data{}, fault.Invalid("enrol.form_invalid", bad...)
	}
	return d, nil
}

func (f *Form) readDocument(bad []fault.Field, doc *person.DocumentData) []fault.Field {
	if f.Type() == person.RFPassport {
		p, err := ruid.ParsePassport(f.Document)
		if bad = identifier(bad, "document", f.Document, err); err == nil {
			doc.Series, doc.Number = p.Series(), p.Number()
		}
		code, err := ruid.ParseDepartmentCode(f.IssuerCode)
		if bad = identifier(bad, "issuer_code", f.IssuerCode, err); err == nil {
			doc.IssueID = string(code)
		}
		return bad
	}
	series, number, err := ReadForeignNumber(f.Document)
	if err != nil {
		if strings.TrimSpace(f.Document) == "" {
			return append(bad, fault.F("document", "enrol.document_missing"))
		}
		return append(bad, fault.F("document", "enrol.document_foreign_format"))
	}
	doc.Series, doc.Number = series, number
	return bad
}

var errForeignNumber = errors.New("enrol: not a document number")

// ReadForeignNumber parts series and number of a document of another state:
// the letters in front are the series; up to 20 letters and digits in all.
func ReadForeignNumber(s string) (series, number string, err error) {
	s = strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '№' {
			return -1
		}
		return r
	}, s))
	if n := utf8.RuneCountInString(s); n < 4 || n > 20 {
		return "", "", errForeignNumber
	}
	cut := len(s)
	for i, r := range s {
		if !unicode.IsLetter(r) && (r < '0' || r > '9') {
			return "", "", errForeignNumber
		}
		if r >= '0' && r <= '9' && cut == len(s) {
			cut = i
		}
	}
	if cut == len(s) {
		return "", "", errForeignNumber
	}
	return s[:cut], s[cut:], nil
}

func readDate(bad []fault.Field, field, s string, today time.Time) (time.Time, bool, []fault.Field) {
	if strings.TrimSpace(s) == "" {
		return time.Time{}, false, append(bad, fault.F(field, "enrol."+field+"_missing"))
	}
	t, err := rutext.ParseDate(s)
	if err != nil {
		return t, false, append(bad, fault.F(field, "enrol.date_format"))
	}
	if t.After(today) {
		return t, false, append(bad, fault.F(field, "enrol.date_future"))
	}
	return t, true, bad
}

func readText(bad []fault.Field, field, s string, most int) (string, []fault.Field) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return s, append(bad, fault.F(field, "enrol."+field+"_missing"))
	case utf8.RuneCountInString(s) > most:
		return s, append(bad, fault.F(field, "enrol.text_long", "most", most))
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '<' || r == '>' {
			return s, append(bad, fault.F(field, "enrol.text_format"))
		}
	}
	return s, bad
}

// identifier turns ruid's reason into the message at a field.
func identifier(bad []fault.Field, field, s string, err error) []fault.Field {
	if err == nil {
		return bad
	}
	if strings.TrimSpace(s) == "" {
		return append(bad, fault.F(field, "enrol."+field+"_missing"))
	}
	var e *ruid.Error
	if errors.As(err, &e) {
		return append(bad, fault.F(field, e.Key()))
	}
	return append(bad, fault.F(field, "enrol.text_format"))
}

// checkIssue holds the two dates together: nobody has a document from before the
// birth, and the passport of the RF is given from 14 years on (ПП РФ 2267).
func checkIssue(bad []fault.Field, d person.Data, issue time.Time) []fault.Field {
	if issue.Before(d.BirthDate) {
		return append(bad, fault.F("issue_date", "enrol.issue_before_birth"))
	}
	if d.DocumentType == person.RFPassport && issue.Before(d.BirthDate.AddDate(14, 0, 0)) {
		return append(bad, fault.F("issue_date", "enrol.issue_before_14"))
	}
	return bad
}
