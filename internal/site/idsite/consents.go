package idsite

import (
	"net/http"
	"strings"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// consentsView is «Согласия и доверенности» (ID-CNS-04, ID-CNS-10).
type consentsView struct {
	Flash   string
	Side    []ui.Link
	Records []consentRecord
	Paging  kit.Paging
}

// consentRecord is one permission with its whole record.
type consentRecord struct {
	ID, Client string
	Rows       []ui.Row
	Tag        ui.TagProps
	InForce    bool
	Purpose    string
}

const consentsPerPage = 20

func (s *Site) showConsents(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	paging := kit.PagingOf(r, consentsPerPage)
	list, err := s.Consents.List(r.Context(), m.who.OID, consentsPerPage+1, paging.Offset())
	if err != nil {
		return err
	}
	paging.Total = paging.Offset() + len(list)
	v := consentsView{Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/consents"), Paging: paging}
	for i, c := range list {
		if i < consentsPerPage {
			v.Records = append(v.Records, s.consentRecord(l, c))
		}
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.nav.consents")
	return kit.Render(w, r, http.StatusOK, p, consentsPage(v))
}

func (s *Site) consentRecord(l *i18n.Localizer, c consent.Consent) consentRecord {
	status := c.Status(s.Clock.Now())
	out := consentRecord{
		ID: c.ID, Client: c.ClientName, InForce: status == "in_force", Purpose: c.Purpose,
		Tag: ui.TagProps{Text: l.T("idsite.consent.status." + status), Colour: map[bool]string{true: "green", false: "grey"}[status == "in_force"]},
	}
	add := func(key, value string) {
		if value != "" {
			out.Rows = append(out.Rows, ui.Row{Key: l.T(key), Value: value})
		}
	}
	add("idsite.consent.scopes", scopeNames(l, c.Scopes))
	add("idsite.consent.purpose", c.Purpose)
	add("idsite.consent.given", l.DateTime(c.GivenAt, s.Zone))
	if out.InForce {
		add("idsite.consent.expires", l.Date(c.ExpiresAt.In(s.Zone)))
	}
	if c.EndedAt != nil {
		add("idsite.consent.ended", l.DateTime(*c.EndedAt, s.Zone))
	}
	add("idsite.consent.version", c.TextVersion)
	return out
}

// scopeNames lists what was permitted in plain words.
func scopeNames(l *i18n.Localizer, scopes []string) string {
	var out []string
	for _, s := range scopes {
		if s != client.ScopeOpenID {
			out = append(out, l.T("idsite.scope."+s))
		}
	}
	if len(out) == 0 {
		return l.T("idsite.scope.openid")
	}
	return strings.Join(out, "; ")
}

// withdrawConsent asks once more, naming what stops working.
func (s *Site) showWithdraw(w http.ResponseWriter, r *http.Request, m me) error {
	c, err := s.Consents.Get(r.Context(), m.who.OID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if !c.InForce(s.Clock.Now()) {
		return kit.See(w, r, "/profile/consents")
	}
	p := kit.Base(r)
	p.Title = kit.L(r).T("idsite.consent.withdraw")
	p.Back = &ui.Link{Href: "/profile/consents"}
	return kit.Render(w, r, http.StatusOK, p, withdrawPage(s.consentRecord(kit.L(r), *c)))
}

// withdraw ends a permission; tokens die with it (ID-CNS-03).
func (s *Site) withdraw(w http.ResponseWriter, r *http.Request, m me) error {
	if err := s.Consents.Withdraw(r.Context(), m.who.OID, r.PathValue("id")); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.consent.withdrawn")
	return kit.See(w, r, "/profile/consents")
}

// exportConsents gives the complete records as a file.
func (s *Site) exportConsents(w http.ResponseWriter, r *http.Request, m me) error {
	list, err := s.Consents.List(r.Context(), m.who.OID, 1000, 0)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", kit.Attachment("consents.json"))
	return kit.JSON(w, http.StatusOK, list)
}

// portalsView is «Авторизованные порталы» (ID-CNS-07).
type portalsView struct {
	Side  []ui.Link
	Cards []ui.Card
}

func (s *Site) showPortals(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	list, err := s.Consents.Portals(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := portalsView{Side: side(l, "/profile/portals")}
	for _, p := range list {
		v.Cards = append(v.Cards, ui.Card{
			Title: p.Name, Href: p.HomeURL, Level: 2,
			Text: l.T("idsite.portals.last", "at", l.DateTime(p.LastAt, s.Zone), "n", p.Count),
		})
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.nav.portals")
	return kit.Render(w, r, http.StatusOK, p, portalsPage(v))
}
