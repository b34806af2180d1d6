package form

import (
	"testing"
	"time"
)

// caseProfile is a profile as cases write it: short, one mark for all that a register checked.
type caseProfile struct {
	Level     string     `yaml:"level"`
	Checked   string     `yaml:"checked"` // day of the register's answer; empty: nothing is verified
	Person    casePerson `yaml:"person"`
	SNILS     string     `yaml:"snils"`
	INN       string     `yaml:"inn"`
	Passport  string     `yaml:"passport"`
	IssueDate string     `yaml:"issue_date"`
	IssueCode string     `yaml:"issue_code"`
	IssuedBy  string     `yaml:"issued_by"`
	Phone     string     `yaml:"phone"`
	Email     string     `yaml:"email"`
	Address   string     `yaml:"address"`
	Postcode  string     `yaml:"postcode"`
	Children  []struct {
		ID               string `yaml:"id"`
		casePerson       `yaml:",inline"`
		SNILS            string `yaml:"snils"`
		BirthCertificate string `yaml:"birth_certificate"`
		Verified         bool   `yaml:"verified"`
	} `yaml:"children"`
	Documents []struct {
		Type   string `yaml:"type"`
		Number string `yaml:"number"`
	} `yaml:"documents"`
}

type casePerson struct {
	Surname    string `yaml:"surname"`
	Name       string `yaml:"name"`
	Patronymic string `yaml:"patronymic"`
	BirthDate  string `yaml:"birth_date"`
	BirthPlace string `yaml:"birth_place"`
	Sex        string `yaml:"sex"`
}

func (p casePerson) person(m Mark) Person {
	return Person{
		Surname: p.Surname, Name: p.Name, Patronymic: p.Patronymic, BirthDate: p.BirthDate,
		BirthPlace: p.BirthPlace, Sex: p.Sex, Citizenship: "RUS", Mark: m,
	}
}

func (c *caseProfile) profile(t *testing.T) Profile {
	t.Helper()
	var mark Mark
	if c.Checked != "" {
		on, err := time.Parse(time.DateOnly, c.Checked)
		if err != nil {
			t.Fatal(err)
		}
		mark = Mark{Verified: true, Source: "МВД", On: on}
	}
	p := Profile{
		Subject: "1000000001", Level: c.Level, Person: c.Person.person(mark),
		SNILS: Value{c.SNILS, mark}, INN: Value{c.INN, mark},
		Phone: Value{Value: c.Phone, Mark: Mark{Verified: c.Phone != ""}},
		Email: Value{Value: c.Email, Mark: Mark{Verified: c.Email != ""}},
	}
	if c.Passport != "" {
		p.IDDocument = Document{
			Type: "passport_rf", Number: c.Passport, IssueDate: c.IssueDate, IssueCode: c.IssueCode, IssuedBy: c.IssuedBy, Mark: mark,
		}
	}
	p.Registration = Address{Line: c.Address, Postcode: c.Postcode}
	for _, k := range c.Children {
		var m Mark
		if k.Verified {
			m = Mark{Verified: true, Source: "ЗАГС", On: mark.On}
		}
		p.Children = append(p.Children, Child{ID: k.ID, Person: k.person(m), SNILS: k.SNILS, BirthCertificate: k.BirthCertificate})
	}
	for _, d := range c.Documents {
		p.Documents = append(p.Documents, Document{Type: d.Type, Number: d.Number, Mark: mark})
	}
	return p
}
