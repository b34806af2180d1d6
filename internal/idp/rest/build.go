package rest

import (
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/token"
)

// view is a profile as one token may see it.
type view struct {
	*person.Profile
	access    *token.Access
	verifiers map[string]string
}

func (v *view) verified(on *time.Time, by string) Verified {
	if on == nil {
		return Verified{}
	}
	return Verified{On: on.Unix(), By: by, ByName: v.verifiers[by]}
}

// person fills in what the scopes permit.
func (v *view) person() *Person {
	p := &Person{
		StateFacts: []string{"EntityRoot"}, Trusted: v.Level == person.Confirmed, UpdatedOn: v.UpdatedAt.Unix(), Status: "REGISTERED",
		Verifying: v.Pending != nil && v.Pending.State == person.VersionChecking, RegCtxCfmSte: v.state(), ChosenCfmTypes: []string{},
		OknoLevel: int(v.Level),
	}
	if v.Proofing != nil && v.Level == person.Confirmed {
		p.OknoProofing = v.Proofing.Method
	}
	has := v.access.Has
	if has("fullname") {
		p.FirstName, p.LastName, p.MiddleName = v.Given, v.Surname, v.Patronymic
	}
	if has("birthdate") {
		p.BirthDate = date(v.BirthDate)
	}
	if has("birthplace") {
		p.BirthPlace = v.BirthPlace
	}
	if has("gender") {
		p.Gender = v.Sex
	}
	if has("usr_avt") {
		p.AvatarUUID = v.Avatar
	}
	if has("id_doc") {
		p.Citizenship = v.Citizenship
		if v.Identity != nil {
			p.RIDDoc = number(v.Identity.ID)
		}
	}
	if has("fullname", "birthdate", "birthplace", "gender") {
		p.Verified = v.verified(v.VerifiedAt, v.register("mvd"))
	}
	v.numbers(p)
	p.ETag = etag(p)
	return p
}

// register names who verified the personal data: МВД the person, СФР the SNILS,
// or the centre both.
func (v *view) register(code string) string {
	if v.VerifiedBy == "registers" {
		return code
	}
	return v.VerifiedBy
}

func (v *view) numbers(p *Person) {
	if v.access.Has("snils") && v.SNILS != "" {
		p.SNILS = ruid.SNILS(v.SNILS).String()
		if v.SNILSVerified {
			by := v.verified(v.VerifiedAt, v.register("sfr"))
			p.SNILSVerified = &by
		}
	}
	if v.access.Has("inn") {
		for _, d := range v.Documents {
			if d.Type == person.INN && !d.Replaced {
				p.INN = d.Number
			}
		}
	}
}

// state is regCtxCfmSte, which tells simplified from standard.
func (v *view) state() string {
	switch {
	case v.Level == person.Confirmed:
		return "PCD"
	case v.Level == person.Standard:
		return "PV"
	case v.Pending != nil && v.Pending.State == person.VersionChecking:
		return "PVG"
	case v.Pending != nil && v.Pending.State == person.VersionFailed:
		return "PVF"
	}
	return "PS"
}

var contactTypes = map[person.ContactKind]struct {
	wire   string
	scopes []string
}{
	person.Phone:     {"MBT", []string{"mobile", "contacts"}},
	person.Email:     {"EML", []string{"email", "contacts"}},
	person.HomePhone: {"PHN", []string{"contacts"}},
}

// contacts merges a confirmed contact with the unconfirmed one that is to
// replace it: ESIA shows these as one.
func (v *view) contacts() []any {
	out := []any{}
	byKind := map[person.ContactKind]*Contact{}
	for _, c := range v.Profile.Contacts { // confirmed ones lead
		t := contactTypes[c.Kind]
		if !v.access.Has(t.scopes...) {
			continue
		}
		value := c.Value
		if c.Kind == person.Phone {
			value = ruid.Phone(c.Value).ESIA()
		}
		if first := byKind[c.Kind]; first != nil {
			first.VerifyingValue, first.VrfValStu = value, verifying
			continue
		}
		w := &Contact{StateFacts: identifiable, ID: number(c.ID), Type: t.wire, VrfStu: notVerified, Value: value}
		switch {
		case c.Confirmed:
			w.VrfStu, w.Verified = verified, v.verified(c.ConfirmedAt, "")
		case c.Kind != person.HomePhone:
			w.VrfValStu = verifying
		}
		byKind[c.Kind] = w
		out = append(out, w)
	}
	for _, w := range byKind {
		w.ETag = etag(w)
	}
	return out
}

func (v *view) addresses() []any {
	out := []any{}
	for _, a := range v.Profile.Addresses {
		w := &Address{
			StateFacts: identifiable, ID: number(a.ID), Type: string(a.Kind), AddressStr: a.Text, FiasCode: a.FIAS, ZipCode: a.Zip,
			CountryID: a.Country, Region: a.Region, Area: a.Area, City: a.City, District: a.District, Settlement: a.Settlement,
			Street: a.Street, House: a.House, Building: a.Building, Frame: a.Frame, Flat: a.Flat, VrfStu: notVerified,
		}
		w.ETag = etag(w)
		out = append(out, w)
	}
	return out
}

// documentScopes tells which scope opens which kind of document.
var documentScopes = map[person.DocumentType]string{
	person.RFPassport: "id_doc", person.ForeignID: "id_doc", person.DrivingLicence: "drivers_licence_doc",
	person.ForeignPassport: "foreign_passport_doc", person.MilitaryID: "military_doc", person.MedicalPolicy: "medical_doc", person.INN: "inn",
}

func (v *view) documents() []any {
	out := []any{}
	for _, d := range v.Profile.Documents {
		if d.Replaced || !v.access.Has(documentScopes[d.Type]) {
			continue
		}
		w := &Document{
			StateFacts: identifiable, ID: number(d.ID), Type: string(d.Type), VrfStu: notVerified, Series: d.Series, Number: d.Number,
			IssueDate: isoDate(d.IssueDate), IssueID: strings.ReplaceAll(d.IssueID, "-", ""), IssuedBy: d.IssuedBy,
			ExpiryDate: isoDate(d.ExpiryDate), FirstName: d.GivenLatin, LastName: d.SurnameLatin,
		}
		w.status(v, d.State, d.StateAt, d.VerifiedBy)
		w.ETag = etag(w)
		out = append(out, w)
	}
	return out
}

func (d *Document) status(v *view, s person.DocumentState, at time.Time, by string) {
	switch s {
	case person.DocumentVerified:
		d.VrfStu, d.Verified = verified, v.verified(&at, by)
	case person.DocumentChecking:
		d.VrfValStu = verifying
	case person.DocumentNotFound:
		d.VrfValStu = failed
	}
}

func (v *view) vehicles() []any {
	out := []any{}
	for _, c := range v.Profile.Vehicles {
		w := &Vehicle{StateFacts: identifiable, ID: number(c.ID), Name: c.Name, NumberPlate: c.Plate}
		if c.CertificateNumber != "" {
			w.RegCertificate = &RegCertificate{c.CertificateSeries, c.CertificateNumber}
		}
		w.ETag = etag(w)
		out = append(out, w)
	}
	return out
}

func (v *view) kids() []any {
	out := []any{}
	for _, c := range v.Children {
		out = append(out, v.kid(c))
	}
	return out
}

func (v *view) kid(c person.Child) *Kid {
	k := &Kid{StateFacts: identifiable, ID: number(c.ID), Trusted: c.State == person.DocumentVerified, UpdatedOn: c.StateAt.Unix()}
	has := v.access.Has
	if has("kid_fullname") {
		k.FirstName, k.LastName, k.MiddleName = c.Given, c.Surname, c.Patronymic
	}
	if has("kid_birthdate") {
		k.BirthDate = date(&c.BirthDate)
	}
	if has("kid_gender") {
		k.Gender = c.Sex
	}
	if has("kid_snils") && c.SNILS != "" {
		k.SNILS = ruid.SNILS(c.SNILS).String()
	}
	if c.State == person.DocumentVerified {
		k.Verified = v.verified(&c.StateAt, "")
	}
	k.ETag = etag(k)
	return k
}

// kidDocuments is the birth certificate, if the card has it.
func (v *view) kidDocuments(c person.Child) []any {
	if c.CertificateNumber == "" || !v.access.Has("kid_birth_cert_doc") {
		return []any{}
	}
	d := &Document{
		StateFacts: identifiable, ID: number(c.ID + ":birth"), Type: "BRTH_CERT", VrfStu: notVerified, Series: c.CertificateSeries, Number: c.CertificateNumber,
		IssueDate: isoDate(c.CertificateDate), IssuedBy: c.CertificateBy, ActNo: c.RecordNumber,
	}
	d.status(v, c.State, c.StateAt, "")
	d.ETag = etag(d)
	return []any{d}
}
