// Package exchange holds the portal's adapters to the outside: the profile API
// of the identity provider, its security events, the virus scanner. Each fills
// an interface of the context or site that needs it; app alone imports it.
package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/form"
)

// ProfileReader reads a person's profile by the REST API of ESIA (our
// requirements/esia-protocol.md, section 7), ours or the real one. What Okno's
// identity provider adds (who verified a value and when) is used when it is there.
type ProfileReader struct {
	Base  string // of the provider, without a slash at the end
	HTTP  *http.Client
	Clock *clock.Clock
	// OnRead gets each profile that was read, such as to keep its contacts for
	// messages; nil for none.
	OnRead func(ctx context.Context, p form.Profile) error
}

// maxProfile bounds the answer: a family with many papers has some 50 kB.
const maxProfile = 2 << 20

const elements = "?embed=(contacts.elements,addresses.elements,documents.elements,kids.elements)"

// Profile reads everything that the access token permits. A provider that is
// away is fault Unavailable profile.away, a token that is no longer good fault
// Unauthenticated profile.signed_out.
func (p *ProfileReader) Profile(ctx context.Context, token, subject string) (form.Profile, error) {
	var w wirePerson
	path := "/rs/prns/" + url.PathEscape(subject)
	if err := p.get(ctx, path+elements, token, &w); err != nil {
		return form.Profile{}, err
	}
	out := w.profile(subject, p.Clock.Now())
	for i := range w.Kids.Elements {
		kid := &w.Kids.Elements[i]
		child := kid.child()
		var docs collection[wireDocument]
		// A provider that keeps the certificate to itself must not cost the form.
		if err := p.get(ctx, path+"/kids/"+strconv.FormatInt(kid.ID, 10)+"/docs?embed=(elements)", token, &docs); err == nil {
			for _, d := range docs.Elements {
				if strings.HasSuffix(d.Type, "BRTH_CERT") {
					child.BirthCertificate = strings.TrimSpace(d.Series + " " + d.Number)
				}
			}
		} else if !fault.Is(err, fault.KindForbidden) {
			return form.Profile{}, err
		}
		out.Children = append(out.Children, child)
	}
	if p.OnRead != nil {
		if err := p.OnRead(ctx, out); err != nil {
			return form.Profile{}, err
		}
	}
	return out, nil
}

func (p *ProfileReader) get(ctx context.Context, path, token string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Base+path, nil)
	if err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	res, err := p.HTTP.Do(req)
	if err != nil {
		return fault.Unavailable("profile.away").Wrap(withoutURL(err))
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return fault.Unauthenticated("profile.signed_out")
	case res.StatusCode == http.StatusForbidden:
		return fault.Forbidden("profile.forbidden")
	case res.StatusCode != http.StatusOK:
		return fault.Unavailable("profile.away").Wrap(fmt.Errorf("status %d", res.StatusCode))
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxProfile)).Decode(v); err != nil {
		return fault.Unavailable("profile.away").Wrap(err)
	}
	return nil
}

// withoutURL drops the address, which names the person, from an error.
func withoutURL(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost carries the address
		return u.Err
	}
	return err
}

type collection[T any] struct {
	Elements []T `json:"elements"`
}

type wireMark struct {
	On     int64  `json:"vrfOn"`
	By     string `json:"vrfBy"`
	ByName string `json:"vrfByName"`
}

func (m wireMark) mark(verified bool) form.Mark {
	if !verified {
		return form.Mark{}
	}
	out := form.Mark{Verified: true, Source: m.ByName}
	if out.Source == "" {
		out.Source = m.By
	}
	if m.On > 0 {
		out.On = time.Unix(m.On, 0).UTC()
	}
	return out
}

type wirePerson struct {
	FirstName   string    `json:"firstName"`
	LastName    string    `json:"lastName"`
	MiddleName  string    `json:"middleName"`
	BirthDate   string    `json:"birthDate"`
	BirthPlace  string    `json:"birthPlace"`
	Gender      string    `json:"gender"`
	Trusted     bool      `json:"trusted"`
	Citizenship string    `json:"citizenship"`
	SNILS       string    `json:"snils"`
	INN         string    `json:"inn"`
	State       string    `json:"regCtxCfmSte"`
	Level       int       `json:"oknoLevel"`
	SNILSMark   *wireMark `json:"oknoSnils"`
	wireMark

	Contacts  collection[wireContact]  `json:"contacts"`
	Addresses collection[wireAddress]  `json:"addresses"`
	Documents collection[wireDocument] `json:"documents"`
	Kids      collection[wireKid]      `json:"kids"`
}

type wireContact struct {
	Type   string `json:"type"`
	Status string `json:"vrfStu"`
	Value  string `json:"value"`
	wireMark
}

type wireAddress struct {
	Type       string `json:"type"`
	Line       string `json:"addressStr"`
	FIAS       string `json:"fiasCode"`
	Zip        string `json:"zipCode"`
	Region     string `json:"region"`
	Area       string `json:"area"`
	City       string `json:"city"`
	District   string `json:"district"`
	Settlement string `json:"settlement"`
	Street     string `json:"street"`
	House      string `json:"house"`
	Building   string `json:"building"`
	Flat       string `json:"flat"`
}

type wireDocument struct {
	Type       string `json:"type"`
	Status     string `json:"vrfStu"`
	Series     string `json:"series"`
	Number     string `json:"number"`
	IssueDate  string `json:"issueDate"`
	IssueID    string `json:"issueId"`
	IssuedBy   string `json:"issuedBy"`
	ExpiryDate string `json:"expiryDate"`
	wireMark
}

type wireKid struct {
	ID         int64  `json:"id"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	MiddleName string `json:"middleName"`
	BirthDate  string `json:"birthDate"`
	Gender     string `json:"gender"`
	SNILS      string `json:"snils"`
	Trusted    bool   `json:"trusted"`
	wireMark
}

const verified = "VERIFIED"

// level tells the three levels apart, also by what the real ESIA says.
func (w *wirePerson) level() string {
	switch {
	case w.Level == 3 || w.Trusted:
		return "confirmed"
	case w.Level == 2 || w.Level == 0 && (w.State == "PV" || w.State == "PCF" || w.State == "PCD"):
		return "standard"
	}
	return "simplified"
}

func (w *wirePerson) profile(subject string, now time.Time) form.Profile {
	level := w.level()
	sure := level != "simplified"
	out := form.Profile{
		Subject: subject, Level: level, TakenAt: now,
		Person: form.Person{
			Surname: w.LastName, Name: w.FirstName, Patronymic: w.MiddleName, BirthDate: isoDate(w.BirthDate), BirthPlace: w.BirthPlace,
			Sex: w.Gender, Citizenship: w.Citizenship, Mark: w.mark(sure),
		},
		INN: form.Value{Value: w.INN},
	}
	if s, err := ruid.ParseSNILS(w.SNILS); err == nil {
		out.SNILS = form.Value{Value: string(s), Mark: w.mark(sure)}
		if w.SNILSMark != nil {
			out.SNILS.Mark = w.SNILSMark.mark(w.SNILSMark.On > 0)
		}
	}
	for _, c := range w.Contacts.Elements {
		c.into(&out)
	}
	for _, a := range w.Addresses.Elements {
		a.into(&out)
	}
	for _, d := range w.Documents.Elements {
		d.into(&out)
	}
	return out
}

func (c *wireContact) into(p *form.Profile) {
	mark := c.mark(c.Status == verified)
	switch c.Type {
	case "MBT":
		if v, err := ruid.ParseMobile(c.Value); err == nil {
			p.Phone = form.Value{Value: string(v), Mark: mark}
		}
	case "EML":
		if v, err := ruid.ParseEmail(c.Value); err == nil {
			p.Email = form.Value{Value: string(v), Mark: mark}
		}
	}
}

func (a *wireAddress) into(p *form.Profile) {
	out := form.Address{
		Line: a.Line, Postcode: a.Zip, Region: a.Region, District: firstOf(a.Area, a.District), City: firstOf(a.City, a.Settlement),
		Street: a.Street, House: a.House, Building: a.Building, Flat: a.Flat, FIAS: a.FIAS,
	}
	switch a.Type {
	case "PRG":
		p.Registration = out
	case "PLV":
		p.Residence = out
	}
}

// documentType are the form's names of ESIA's document types.
var documentType = map[string]string{
	"RF_PASSPORT": "passport_rf", "FID_DOC": "foreign_document", "FRGN_PASS": "international_passport",
	"RF_DRIVING_LICENSE": "driver_licence", "MLTR_ID": "military_id", "MDCL_PLCY": "oms_policy",
	"BRTH_CERT": "birth_certificate", "RF_BRTH_CERT": "birth_certificate", "MRRG_CERT": "marriage_certificate",
	"DVRC_CERT": "divorce_certificate", "VHCL_CERT": "vehicle_certificate",
}

func (d *wireDocument) into(p *form.Profile) {
	t, known := documentType[d.Type]
	if !known {
		return
	}
	out := form.Document{
		Type: t, Number: strings.TrimSpace(d.Series + " " + d.Number), IssueDate: isoDate(d.IssueDate), IssueCode: d.IssueID,
		IssuedBy: d.IssuedBy, ExpiryDate: isoDate(d.ExpiryDate), Mark: d.mark(d.Status == verified),
	}
	if t == "passport_rf" || t == "driver_licence" || t == "vehicle_certificate" {
		out.Number = strings.ReplaceAll(out.Number, " ", "") // canonical: digits only
	}
	if d.Type != "RF_PASSPORT" && d.Type != "FID_DOC" {
		p.Documents = append(p.Documents, out)
		return
	}
	// A verified identity document is in force until a newer one has passed its check.
	if p.IDDocument.Number == "" || out.Verified {
		p.IDDocument = out
	}
}

func (k *wireKid) child() form.Child {
	out := form.Child{
		ID: strconv.FormatInt(k.ID, 10),
		Person: form.Person{
			Surname: k.LastName, Name: k.FirstName, Patronymic: k.MiddleName, BirthDate: isoDate(k.BirthDate), Sex: k.Gender, Mark: k.mark(k.Trusted),
		},
	}
	if s, err := ruid.ParseSNILS(k.SNILS); err == nil {
		out.SNILS = string(s)
	}
	return out
}

// isoDate turns 17.04.1991 into 1991-04-17.
func isoDate(s string) string {
	t, err := time.Parse("02.01.2006", s)
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
