package portalsite

import (
	"net/http"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// showService is the card of a service (SVC-01). Who is signed in sees what of it
// is in the profile already, and the next door when the level is too low.
func (s *Site) showService(w http.ResponseWriter, r *http.Request) error {
	sv, err := s.Services.Card(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	body, err := s.Directory.Known(r.Context(), sv.Agency)
	if err != nil {
		return err
	}
	l, v := s.words(r), visitorOf(r)
	agency := body.In(l.Lang())
	out := page.Service{
		Title: l.in(sv.Title), Caption: agency.Short + ", " + l.t("level."+sv.Level), Short: l.in(sv.Short),
		Result: l.in(sv.Result), Description: l.in(sv.Body), Facts: l.serviceFacts(sv, agency.Name),
	}
	if sv.Form != nil || len(sv.Documents) > 0 {
		out.NeedsNote = l.t("service.needs_note")
	}
	for _, d := range sv.Documents {
		if n := l.need(d, v); v != nil || n.Done {
			out.Needs = append(out.Needs, n)
		} else {
			out.Documents = append(out.Documents, joinWith(": ", n.Text, n.Note))
		}
	}
	for _, g := range sv.Refusal {
		out.Refusals = append(out.Refusals, withLaw(l.in(g.Text), l.in(g.Law)))
	}
	for _, g := range sv.Reception {
		out.Suspensions = append(out.Suspensions, withLaw(l.in(g.Text), l.in(g.Law)))
	}
	for _, a := range sv.Acts {
		out.Acts = append(out.Acts, link(l.in(a.Title), a.URL))
	}
	for _, p := range sv.Places {
		out.Places = append(out.Places, page.Place{Name: l.in(p.Name), Address: l.in(p.Address), Hours: l.in(p.Hours), Phone: phoneList(p.Phones)})
	}
	if err := s.serviceDoors(r, v, sv, &out); err != nil {
		return err
	}
	p := s.page(r, l.in(sv.Title))
	p.Desc = l.in(sv.Short)
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"))
	if len(sv.Categories) > 0 {
		if cat, err := s.Services.Category(r.Context(), sv.Categories[0]); err == nil {
			p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"), link(l.in(cat.Title), "/categories/"+cat.Code))
		}
	}
	return kit.Render(w, r, http.StatusOK, p, page.ServicePage(out))
}

func phoneList(list []string) string {
	var out []string
	for _, n := range list {
		out = append(out, phone(n))
	}
	return strings.Join(out, ", ")
}

func withLaw(text, law string) string {
	if law == "" {
		return text
	}
	return text + " (" + law + ")"
}

// need is one thing that the service wants: who is signed in sees that it is
// there already.
func (w words) need(d catalogue.Document, v *visitor) ui.Need {
	n := ui.Need{Text: w.in(d.Label), Note: w.in(d.Note)}
	switch {
	case d.By == "agency":
		n.Done = true
		if n.Note == "" {
			n.Note = w.t("service.by_agency")
		}
	case d.Profile != "" && v != nil && v.acc.Level >= account.LevelStandard:
		n.Done = true
		n.Note = w.t("service.in_profile")
	case n.Note == "" && d.By == "form":
		n.Note = w.t("service.ask")
	}
	return n
}

func (w words) serviceFacts(sv *catalogue.Service, agency string) []ui.Fact {
	var out []ui.Fact
	add := func(name, text, note string) {
		if text != "" {
			out = append(out, ui.Fact{Name: name, Text: text, Note: note})
		}
	}
	add(w.t("service.agency"), agency, "")
	out[len(out)-1].Body = ui.A(link(agency, "/agencies/"+sv.Agency))
	channel := sv.Delivery
	if channel == catalogue.DeliveryExternal && sv.ExternalURL == "" {
		channel = "elsewhere"
	}
	add(w.t("service.channel"), w.t("service.channel."+channel), "")
	add(w.t("service.term"), capital(w.term(sv)), w.in(sv.TermNote))
	if !sv.Registration.IsZero() {
		add(w.t("service.registration"), capital(w.t("days."+string(sv.Registration.Unit), "n", sv.Registration.Days)), "")
	}
	add(w.t("service.cost"), w.price(sv.Fee), w.in(sv.Fee.Note))
	for _, x := range sv.Fee.Variants {
		add(w.in(x.Label), w.Money(x.Amount), "")
	}
	var who []string
	for _, a := range sv.Applicants {
		who = append(who, w.in(a))
	}
	add(w.t("service.who"), strings.Join(who, "; "), "")
	if sv.Delivery == catalogue.DeliveryRemote {
		add(w.t("service.level"), w.t("level_from."+sv.MinLevel), "")
	}
	if sv.Minutes > 0 {
		add(w.t("service.minutes"), w.t("service.minutes_n", "n", sv.Minutes), "")
	}
	if sv.Complaint {
		add(w.t("service.appeal"), w.t("service.appeal_text"), "")
	}
	return out
}

// serviceDoors decides what the button is: apply, go elsewhere, raise the level.
func (s *Site) serviceDoors(r *http.Request, v *visitor, sv *catalogue.Service, out *page.Service) error {
	l := s.words(r)
	switch sv.Delivery {
	case catalogue.DeliveryInPerson:
		d := page.Door{Title: l.t("service.in_person.title"), Text: l.t("service.in_person.text"), Link: link(l.t("service.in_person.link"), "#places")}
		if len(sv.Places) == 0 {
			d.Link = link(l.t("service.in_person.link"), "/agencies/"+sv.Agency)
		}
		out.Doors = []page.Door{d}
		return nil
	case catalogue.DeliveryExternal:
		if sv.ExternalURL == "" {
			out.Doors = []page.Door{{Title: l.t("service.elsewhere.title"), Text: l.t("service.elsewhere.text"), Link: link(l.t("service.elsewhere.link"), "#places")}}
			return nil
		}
		out.External = link(l.t("service.external.link"), sv.ExternalURL)
		return nil
	}
	if v != nil && !allows(v.acc, sv) {
		out.Doors = []page.Door{s.levelDoor(l, v.acc, sv.MinLevel)}
		return nil
	}
	out.Apply = link(l.t("service.apply"), "/services/"+sv.Code+"/apply")
	if v == nil {
		return nil
	}
	return s.draftDoor(r, v, sv, out)
}

// allows tells whether the account may apply; the use case checks it again at
// each act (SVC-03).
func allows(a *account.Account, sv *catalogue.Service) bool {
	return int(a.Level) >= catalogue.LevelNumber(sv.MinLevel) && !slices.Contains(sv.ExcludedProofing, a.Proofing)
}

// levelDoor says what is missing for a service and where to get it.
func (s *Site) levelDoor(l words, a *account.Account, need string) page.Door {
	if int(a.Offered) >= catalogue.LevelNumber(need) && a.NeedsNewSignIn() {
		return page.Door{Title: l.t("service.door.again_title"), Text: l.t("service.door.again"), Link: link(l.t("service.door.again_link"), "/auth/again")}
	}
	if int(a.Level) >= catalogue.LevelNumber(need) {
		// The level is enough, the way of confirmation is not (C-12).
		return page.Door{Title: l.t("service.door.proofing_title"), Text: l.t("service.door.proofing"), Link: link(l.t("service.door.proofing_link"), "/centres?does=confirm")}
	}
	d := page.Door{Title: l.t("service.door.title", "level", need)}
	if need == "confirmed" {
		d.Text = l.t("service.door.confirmed", "now", a.Level.String())
		d.Link = link(l.t("service.door.confirmed_link"), "/help/confirm")
		if a.Level < account.LevelStandard {
			d.Link = link(l.t("service.door.standard_link"), s.IDP+"/profile/data")
			d.Back = link(l.t("service.door.confirmed_link"), "/help/confirm")
		}
		return d
	}
	d.Text, d.Link = l.t("service.door.standard"), link(l.t("service.door.standard_link"), s.IDP+"/profile/data")
	return d
}
