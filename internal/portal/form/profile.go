package form

import (
	"slices"
	"strings"
	"time"
)

// Profile is a dated copy of what the identity provider knows about the applicant: the only source
// of prefilled values. It is pure data, safe to store as the snapshot of a draft or application.
// Dates are "2006-01-02", identifiers are in their canonical form (digits only).
type Profile struct {
	Subject string    `json:"subject"` // the person's public number at the identity provider
	Level   string    `json:"level"`   // simplified, standard or confirmed
	TakenAt time.Time `json:"taken_at"`

	Person     Person   `json:"person"`
	SNILS      Value    `json:"snils"`
	INN        Value    `json:"inn"`
	IDDocument Document `json:"id_document"`
	// Documents are the others: birth_certificate, oms_policy, driver_licence …
	Documents []Document `json:"documents,omitempty"`
	Phone     Value      `json:"phone"`
	Email     Value      `json:"email"`
	// Registration is the address of registration, Residence the one of actual living.
	Registration Address `json:"registration"`
	Residence    Address `json:"residence"`
	Children     []Child `json:"children,omitempty"`
}

// Mark tells where a value comes from. Only a verified one is read-only in a form.
type Mark struct {
	Verified bool      `json:"verified,omitempty"`
	Source   string    `json:"source,omitempty"` // the register that answered, as people know it: «МВД»
	On       time.Time `json:"on,omitzero"`
}

// Value is one fact with its origin.
type Value struct {
	Value string `json:"value"`
	Mark
}

// Person is who someone is. Sex is "M" or "F", Citizenship an ISO 3166 code of three letters.
type Person struct {
	Surname     string `json:"surname"`
	Name        string `json:"name"`
	Patronymic  string `json:"patronymic,omitempty"`
	BirthDate   string `json:"birth_date,omitempty"`
	BirthPlace  string `json:"birth_place,omitempty"`
	Sex         string `json:"sex,omitempty"`
	Citizenship string `json:"citizenship,omitempty"`
	Mark
}

// Document is a paper of the person; Type is one of [DocumentTypes].
type Document struct {
	Type       string `json:"type"`
	Number     string `json:"number"` // with its series
	IssueDate  string `json:"issue_date,omitempty"`
	IssueCode  string `json:"issue_code,omitempty"`
	IssuedBy   string `json:"issued_by,omitempty"`
	ExpiryDate string `json:"expiry_date,omitempty"`
	Mark
}

// Address in the parts of the federal address register (FIAS); Line is the whole as one text.
type Address struct {
	Line     string `json:"line,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Region   string `json:"region,omitempty"`
	District string `json:"district,omitempty"`
	City     string `json:"city,omitempty"`
	Street   string `json:"street,omitempty"`
	House    string `json:"house,omitempty"`
	Building string `json:"building,omitempty"`
	Flat     string `json:"flat,omitempty"`
	FIAS     string `json:"fias,omitempty"`
	Mark
}

// Child is a child of the profile's section «Семья и дети».
type Child struct {
	ID string `json:"id"`
	Person
	SNILS            string `json:"snils,omitempty"`
	BirthCertificate string `json:"birth_certificate,omitempty"`
}

// bound is what a binding gives: values by part ("" for a field without parts) and their origin.
type bound struct {
	parts map[string]string
	mark  Mark
}

// bindings are the possible values of Field.From and which kinds they fit.
var bindings = map[string]struct {
	kinds []Kind
	get   func(*Profile) bound
}{
	"profile.person": {[]Kind{KindPerson}, func(p *Profile) bound {
		parts := p.Person.parts()
		parts["snils"] = p.SNILS.Value
		return bound{parts, p.Person.Mark}
	}},
	"profile.person.surname":    {[]Kind{KindText}, func(p *Profile) bound { return single(p.Person.Surname, p.Person.Mark) }},
	"profile.person.name":       {[]Kind{KindText}, func(p *Profile) bound { return single(p.Person.Name, p.Person.Mark) }},
	"profile.person.patronymic": {[]Kind{KindText}, func(p *Profile) bound { return single(p.Person.Patronymic, p.Person.Mark) }},
	"profile.birth_date":        {[]Kind{KindDate}, func(p *Profile) bound { return single(p.Person.BirthDate, p.Person.Mark) }},
	"profile.birth_place":       {[]Kind{KindText, KindTextarea}, func(p *Profile) bound { return single(p.Person.BirthPlace, p.Person.Mark) }},
	"profile.snils":             {[]Kind{KindSNILS}, func(p *Profile) bound { return single(p.SNILS.Value, p.SNILS.Mark) }},
	"profile.inn":               {[]Kind{KindINN}, func(p *Profile) bound { return single(p.INN.Value, p.INN.Mark) }},
	"profile.phone":             {[]Kind{KindPhone}, func(p *Profile) bound { return single(p.Phone.Value, p.Phone.Mark) }},
	"profile.email":             {[]Kind{KindEmail}, func(p *Profile) bound { return single(p.Email.Value, p.Email.Mark) }},
	"profile.id_document":       {[]Kind{KindDocument}, func(p *Profile) bound { return p.IDDocument.bound() }},
	"profile.address.registration": {[]Kind{KindAddress}, func(p *Profile) bound {
		return bound{p.Registration.parts(), p.Registration.Mark}
	}},
	"profile.address.residence": {[]Kind{KindAddress}, func(p *Profile) bound {
		if p.Residence.empty() {
			return bound{p.Registration.parts(), p.Registration.Mark}
		}
		return bound{p.Residence.parts(), p.Residence.Mark}
	}},
	"profile.children": {[]Kind{KindChild}, nil},
}

// documentBinding is the prefix of bindings to a document of the profile by its type:
// "profile.documents.oms_policy". It fits document fields, and text fields for the number alone.
const documentBinding = "profile.documents."

func (p *Profile) lookup(f *Field) bound {
	if t, ok := strings.CutPrefix(f.From, documentBinding); ok {
		for i := range p.Documents {
			if p.Documents[i].Type == t {
				if f.Kind == KindDocument {
					return p.Documents[i].bound()
				}
				return single(p.Documents[i].Number, p.Documents[i].Mark)
			}
		}
		return bound{}
	}
	if b, ok := bindings[f.From]; ok && b.get != nil {
		return b.get(p)
	}
	return bound{}
}

func bindingFits(from string, k Kind) bool {
	if t, ok := strings.CutPrefix(from, documentBinding); ok {
		_, known := documentTypes[t]
		return known && (k == KindDocument || k == KindText)
	}
	return slices.Contains(bindings[from].kinds, k)
}

func single(v string, m Mark) bound { return bound{map[string]string{"": v}, m} }

func (p *Person) parts() map[string]string {
	return map[string]string{
		"surname": p.Surname, "name": p.Name, "patronymic": p.Patronymic, "birth_date": p.BirthDate,
		"birth_place": p.BirthPlace, "sex": p.Sex, "citizenship": p.Citizenship,
	}
}

func (d *Document) bound() bound {
	return bound{map[string]string{
		"type": d.Type, "number": d.Number, "issue_date": d.IssueDate, "issue_code": d.IssueCode,
		"issued_by": d.IssuedBy, "expiry_date": d.ExpiryDate,
	}, d.Mark}
}

func (a *Address) parts() map[string]string {
	m := map[string]string{
		"line": a.Line, "postcode": a.Postcode, "region": a.Region, "district": a.District, "city": a.City,
		"street": a.Street, "house": a.House, "building": a.Building, "flat": a.Flat,
	}
	if a.Line == "" {
		m["line"] = joinNonEmpty(", ", a.Region, a.District, a.City, a.Street,
			prefixed("д. ", a.House), prefixed("корп. ", a.Building), prefixed("кв. ", a.Flat))
	}
	return m
}

func (a *Address) empty() bool {
	return a.Line == "" && a.City == "" && a.Street == "" && a.Region == ""
}

func (c *Child) parts() map[string]string {
	m := c.Person.parts()
	m["snils"], m["birth_certificate"] = c.SNILS, c.BirthCertificate
	return m
}

func (p *Profile) child(id string) *Child {
	for i := range p.Children {
		if p.Children[i].ID == id {
			return &p.Children[i]
		}
	}
	return nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func joinNonEmpty(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
