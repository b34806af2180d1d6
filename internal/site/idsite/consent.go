package idsite

import (
	"net/http"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/signin"
)

// consentView names client and data in plain words, with the values as far as
// the profile holds them: so one sees what one gives (ID-CNS-01).
func (s *Site) consentView(r *http.Request, f flow, st *signin.Step) (consentView, error) {
	l := i18n.From(r.Context())
	_, who, err := s.visitor(r)
	if err != nil {
		return consentView{}, err
	}
	prof, err := s.Persons.Profile(r.Context(), who.OID)
	if err != nil {
		return consentView{}, err
	}
	v := consentView{
		Flow: f, Client: st.Client.Name, Purpose: st.Client.Purpose, Person: who.FullName(),
		Again: len(st.New) < len(st.Scopes) && len(st.New) > 0,
	}
	for _, scope := range st.Scopes {
		if scope == client.ScopeOpenID {
			continue
		}
		v.Groups = append(v.Groups, consentGroup{
			Name: l.T("idsite.scope." + scope), Value: scopeValue(l, prof, scope), New: slices.Contains(st.New, scope),
		})
	}
	if len(v.Groups) == 0 {
		v.Groups = append(v.Groups, consentGroup{Name: l.T("idsite.scope.openid"), New: true})
	}
	return v, nil
}

// scopeValue is what a client would see now; "" when there is nothing yet, or
// when one line cannot show it.
func scopeValue(l *i18n.Localizer, p *person.Profile, scope string) string {
	switch scope {
	case "fullname":
		return p.FullName()
	case "birthdate":
		if p.BirthDate != nil {
			return l.Date(*p.BirthDate)
		}
	case "gender":
		return sexName(l, p.Sex)
	case "birthplace":
		return p.BirthPlace
	case "snils":
		return snilsText(p.SNILS)
	case "id_doc":
		if p.Identity != nil {
			return documentNumber(p.Identity.Type, p.Identity.Series, p.Identity.Number)
		}
	case "mobile":
		return contactText(p, person.Phone)
	case "email":
		return contactText(p, person.Email)
	case "contacts":
		return joined(contactText(p, person.Phone), contactText(p, person.Email), contactText(p, person.HomePhone))
	case "addresses":
		var all []string
		for _, a := range p.Addresses {
			if !slices.Contains(all, a.Text) {
				all = append(all, a.Text)
			}
		}
		return strings.Join(all, "; ")
	case "kid_fullname":
		var all []string
		for _, c := range p.Children {
			all = append(all, joinWords(c.Surname, c.Given, c.Patronymic))
		}
		return strings.Join(all, ", ")
	}
	return ""
}

func contactText(p *person.Profile, kind person.ContactKind) string {
	c := p.Contact(kind)
	if c == nil || kind != person.HomePhone && !c.Confirmed {
		return ""
	}
	return contactValue(c.Kind, c.Value)
}

func contactValue(kind person.ContactKind, value string) string {
	switch kind {
	case person.Phone:
		return ruid.Phone(value).String()
	case person.Email:
		return ruid.Email(value).String()
	}
	return value
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

func joinWords(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func snilsText(s string) string {
	if s == "" {
		return ""
	}
	return ruid.SNILS(s).String()
}

// documentNumber is series and number as they stand in the document.
func documentNumber(t person.DocumentType, series, number string) string {
	if t == person.RFPassport {
		if p := ruid.Passport(series + number); p.Valid() {
			return p.String()
		}
	}
	return joinWords(series, number)
}

func sexName(l *i18n.Localizer, sex string) string {
	switch sex {
	case "M":
		return l.T("idsite.sex.m")
	case "F":
		return l.T("idsite.sex.f")
	}
	return ""
}
