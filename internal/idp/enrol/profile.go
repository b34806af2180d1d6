package enrol

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

// AddressForm is an address as typed, by its parts.
type AddressForm struct {
	Zip, Region, City, Street, House, Building, Flat string
}

// AddressFormOf writes a stored address back as its form shows it.
func AddressFormOf(a person.AddressData) AddressForm {
	return AddressForm{Zip: a.Zip, Region: a.Region, City: a.City, Street: a.Street, House: a.House, Building: a.Building, Flat: a.Flat}
}

// Empty tells that nothing was typed, which removes the address.
func (f *AddressForm) Empty() bool {
	return strings.TrimSpace(f.Zip+f.Region+f.City+f.Street+f.House+f.Building+f.Flat) == ""
}

// Read checks the parts and composes the line that people read.
func (f *AddressForm) Read() (person.AddressData, error) {
	a := person.AddressData{Country: "RUS"}
	if f.Empty() {
		return person.AddressData{}, nil
	}
	var bad []fault.Field
	part := func(field, s string, required bool, most int) string {
		if s = strings.TrimSpace(s); s == "" && !required {
			return ""
		}
		s, bad = readText(bad, field, s, most)
		return s
	}
	if a.Zip = strings.TrimSpace(f.Zip); a.Zip != "" && (len(a.Zip) != 6 || strings.Trim(a.Zip, "0123456789") != "") {
		bad = append(bad, fault.F("zip", "enrol.zip_format"))
	}
	a.Region = part("region", f.Region, true, 100)
	a.City = part("city", f.City, true, 100)
	a.Street = part("street", f.Street, false, 150)
	a.House = part("house", f.House, true, 20)
	a.Building = part("building", f.Building, false, 20)
	a.Flat = part("flat", f.Flat, false, 20)
	if len(bad) > 0 {
		return person.AddressData{}, fault.Invalid("enrol.form_invalid", bad...)
	}
	// The usual Russian line; abbreviations by the rules of postal addresses (ПП РФ 234, 2023).
	line := []string{a.Zip, a.Region, a.City, a.Street, prefixed("д. ", a.House), prefixed("корп. ", a.Building), prefixed("кв. ", a.Flat)}
	var parts []string
	for _, p := range line {
		if p != "" {
			parts = append(parts, p)
		}
	}
	a.Text = strings.Join(parts, ", ")
	return a, nil
}

func prefixed(prefix, s string) string {
	if s == "" || !unicode.IsDigit([]rune(s)[0]) { // «дом 5» and «литера А» already say what they are
		return s
	}
	return prefix + s
}

// PutAddress keeps one of the two addresses; an empty form removes it (ID-ACC-11).
func (e *Enrolments) PutAddress(ctx context.Context, s Self, kind person.AddressKind, f AddressForm) error {
	a, err := f.Read()
	if err != nil {
		return err
	}
	return e.edit(ctx, s, "addresses", func(tx *db.Tx) error { return e.Persons.PutAddress(ctx, tx, s.OID, kind, a) })
}

// edit changes a section of the own profile with its line in the journal.
func (e *Enrolments) edit(ctx context.Context, s Self, section string, change func(tx *db.Tx) error) error {
	if s.Restricted != "" {
		return fault.Forbidden("enrol.password_first")
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, s.entry(journal.ProfileChanged, "section", section))
	})
}

// ChildForm is a child's card as typed. SNILS and certificate may follow later.
type ChildForm struct {
	Surname, Given, Patronymic, Sex, BirthDate, SNILS string
	Certificate                                       string // series and number: II-ФР 803317
	CertificateDate, CertificateBy                    string
}

// ChildFormOf writes a card back as its form shows it.
func ChildFormOf(c person.Child) ChildForm {
	f := ChildForm{
		Surname: c.Surname, Given: c.Given, Patronymic: c.Patronymic, Sex: c.Sex, BirthDate: rutext.ShortDate(c.BirthDate),
		Certificate: strings.TrimSpace(c.CertificateSeries + " " + c.CertificateNumber), CertificateBy: c.CertificateBy,
	}
	if c.SNILS != "" {
		f.SNILS = ruid.SNILS(c.SNILS).String()
	}
	if t, err := time.Parse(time.DateOnly, c.CertificateDate); err == nil {
		f.CertificateDate = rutext.ShortDate(t)
	}
	return f
}

// Read checks the card; a child is younger than 18 on the legal day.
func (f *ChildForm) Read(today time.Time) (birth time.Time, c person.ChildData, err error) {
	var bad []fault.Field
	c.Surname, bad = readName(bad, "surname", f.Surname, true)
	c.Given, bad = readName(bad, "name", f.Given, true)
	c.Patronymic, bad = readName(bad, "patronymic", f.Patronymic, false)
	if c.Sex = f.Sex; c.Sex != "M" && c.Sex != "F" {
		bad = append(bad, fault.F("sex", "enrol.sex_missing"))
	}
	var born bool
	birth, born, bad = readDate(bad, "birth_date", f.BirthDate, today)
	if born && !birth.AddDate(18, 0, 0).After(today) {
		bad = append(bad, fault.F("birth_date", "enrol.child_adult"))
	}
	if strings.TrimSpace(f.SNILS) != "" {
		n, err := ruid.ParseSNILS(f.SNILS)
		if bad = identifier(bad, "snils", f.SNILS, err); err == nil {
			c.SNILS = string(n)
		}
	}
	if strings.TrimSpace(f.Certificate) != "" {
		n, err := ruid.ParseBirthCertificate(f.Certificate)
		if bad = identifier(bad, "certificate", f.Certificate, err); err == nil {
			c.CertificateSeries, c.CertificateNumber, _ = strings.Cut(string(n), " ")
		}
	}
	if strings.TrimSpace(f.CertificateDate) != "" {
		t, ok, more := readDate(bad, "certificate_date", f.CertificateDate, today)
		bad = more
		switch {
		case ok && born && t.Before(birth):
			bad = append(bad, fault.F("certificate_date", "enrol.issue_before_birth"))
		case ok:
			c.CertificateDate = t.Format(time.DateOnly)
		}
	}
	if strings.TrimSpace(f.CertificateBy) != "" {
		c.CertificateBy, bad = readText(bad, "certificate_by", f.CertificateBy, 300)
	}
	if len(bad) > 0 {
		return birth, c, fault.Invalid("enrol.form_invalid", bad...)
	}
	return birth, c, nil
}

// PutChild adds a child's card (empty id) or changes one; it returns the id.
func (e *Enrolments) PutChild(ctx context.Context, s Self, id string, f ChildForm) (string, error) {
	birth, c, err := f.Read(e.today())
	if err != nil {
		return "", err
	}
	err = e.edit(ctx, s, "children", func(tx *db.Tx) (err error) {
		id, err = e.Persons.PutChild(ctx, tx, s.OID, id, birth, c)
		return err
	})
	return id, err
}

// RemoveChild deletes a card.
func (e *Enrolments) RemoveChild(ctx context.Context, s Self, id string) error {
	return e.edit(ctx, s, "children", func(tx *db.Tx) error { return e.Persons.RemoveChild(ctx, tx, s.OID, id) })
}

// VehicleForm is a vehicle as typed.
type VehicleForm struct {
	Name, Plate, Certificate string
}

// Read checks plate and registration certificate; the certificate is optional.
func (f *VehicleForm) Read() (person.VehicleData, error) {
	var v person.VehicleData
	var bad []fault.Field
	v.Name, bad = readText(bad, "vehicle", f.Name, 100)
	p, err := ruid.ParsePlate(f.Plate)
	bad = identifier(bad, "plate", f.Plate, err)
	v.Plate = string(p)
	if strings.TrimSpace(f.Certificate) != "" {
		n, err := ruid.ParseVehicleCert(f.Certificate)
		if bad = identifier(bad, "certificate", f.Certificate, err); err == nil {
			runes := []rune(string(n))
			v.CertificateSeries, v.CertificateNumber = string(runes[:4]), string(runes[4:])
		}
	}
	if len(bad) > 0 {
		return v, fault.Invalid("enrol.form_invalid", bad...)
	}
	return v, nil
}

// AddVehicle adds a vehicle and returns its id.
func (e *Enrolments) AddVehicle(ctx context.Context, s Self, f VehicleForm) (id string, err error) {
	v, err := f.Read()
	if err != nil {
		return "", err
	}
	err = e.edit(ctx, s, "vehicles", func(tx *db.Tx) (err error) {
		id, err = e.Persons.AddVehicle(ctx, tx, s.OID, v)
		return err
	})
	return id, err
}

// RemoveVehicle deletes a vehicle.
func (e *Enrolments) RemoveVehicle(ctx context.Context, s Self, id string) error {
	return e.edit(ctx, s, "vehicles", func(tx *db.Tx) error { return e.Persons.RemoveVehicle(ctx, tx, s.OID, id) })
}
