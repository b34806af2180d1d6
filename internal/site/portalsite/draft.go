package portalsite

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// apply answers «Получить услугу» of somebody who is not signed in yet: he signs
// in and returns to the card (SVC-02).
func (s *Site) apply(w http.ResponseWriter, r *http.Request) error {
	sv, err := s.Services.Card(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	card := "/services/" + sv.Code
	if visitorOf(r) == nil {
		return s.signIn(w, r, card)
	}
	return kit.See(w, r, card)
}

// beginDraft opens a form with the profile as it is now.
func (s *Site) beginDraft(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	key, err := f.Key()
	if err != nil {
		return err
	}
	profile, err := s.readProfile(r, v)
	if err != nil {
		return err
	}
	d, err := s.Applications.Begin(r.Context(), v.acc.ID, r.PathValue("code"), key, profile)
	if fault.Is(err, fault.KindForbidden) {
		// The card says what is missing and where to get it.
		return kit.See(w, r, "/services/"+url.PathEscape(r.PathValue("code")))
	}
	if err != nil {
		return err
	}
	return kit.See(w, r, "/lk/drafts/"+d.ID)
}

// draftDoor offers the draft of the service that is there already.
func (s *Site) draftDoor(r *http.Request, v *visitor, sv *catalogue.Service, out *page.Service) error {
	list, err := s.Applications.Drafts(r.Context(), v.acc.ID)
	if err != nil {
		return err
	}
	l := s.words(r)
	for _, d := range list {
		if d.Service == sv.Code {
			out.Draft = &ui.Link{Text: l.t("service.draft", "when", l.moment(d.UpdatedAt)), Href: "/lk/drafts/" + d.ID}
			break
		}
	}
	out.Begin = []ui.Hidden{{Name: kit.KeyField, Value: kit.NewKey()}}
	return nil
}

// openDraft leads to the step where the person was (DRF-03), with fresh values
// of the profile (DRF-05).
func (s *Site) openDraft(w http.ResponseWriter, r *http.Request, v *visitor) error {
	id := r.PathValue("id")
	d, err := s.Applications.Open(r.Context(), v.acc.ID, id, s.words(r))
	if err != nil {
		return err
	}
	if profile, err := s.readProfile(r, v); err == nil {
		if err := s.Applications.Refresh(r.Context(), v.acc.ID, id, profile); err != nil {
			return err
		}
		if d, err = s.Applications.Open(r.Context(), v.acc.ID, id, s.words(r)); err != nil {
			return err
		}
	} else if !fault.Is(err, fault.KindUnavailable) {
		return err
	}
	return kit.See(w, r, draftStep(d))
}

// draftStep is where a draft goes on: the step of last time while it is there
// and not done, else the first one that needs the person, else the check.
func draftStep(d *application.DraftView) string {
	next := d.State.Next()
	if i := slices.IndexFunc(d.State.Steps(), func(x form.StepInfo) bool { return x.ID == d.Step && !x.Done }); i >= 0 {
		next = d.Step
	}
	if next == "" {
		next = "check"
	}
	return "/lk/drafts/" + d.ID + "/" + next
}

func (s *Site) showStep(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if p := s.unpark(r); p != nil {
		// What was typed when the session had ended.
		if _, err := s.Applications.SaveStep(r.Context(), v.acc.ID, r.PathValue("id"), r.PathValue("step"), p.Values, s.words(r)); err != nil {
			return err
		}
		s.unparked(w)
		s.mux.Flash(w, "portal.session.expired")
		return kit.See(w, r, r.URL.Path)
	}
	d, err := s.Applications.Open(r.Context(), v.acc.ID, r.PathValue("id"), s.words(r))
	if err != nil {
		return err
	}
	// A step shows its mistakes after it was sent, not when one comes back to it.
	return s.stepPage(w, r, http.StatusOK, d, r.URL.Query().Has("errors"), nil)
}

// stepPage shows a step. wrong are the slots whose upload was refused.
func (s *Site) stepPage(w http.ResponseWriter, r *http.Request, status int, d *application.DraftView, errors bool, wrong map[string]string) error {
	id := r.PathValue("step")
	view, ok := d.State.Step(id)
	if !ok {
		if d.Card.Form.StepOf(id) == "" && !hasStep(d.Card.Form, id) {
			return fault.NotFound("kit.no_page")
		}
		return kit.See(w, r, draftStep(d))
	}
	if !errors {
		quiet(&view)
	}
	l := s.words(r)
	out := page.Step{
		Service: l.in(d.Title), View: view, Names: l.stepNames(d.State), Action: "/lk/drafts/" + d.ID + "/" + id,
		Slots: wrong, Profile: s.IDP + "/profile/data", Size: l.size,
		Saved: l.t("step.saved", "when", l.moment(d.UpdatedAt), "date", l.lastDay(d.ExpiresAt)),
		Note:  s.mux.TakeFlash(w, r),
		File:  func(file string) string { return "/lk/drafts/" + d.ID + "/files/" + file },
	}
	for slot, text := range wrong {
		out.Errors = append(out.Errors, ui.FieldError{Field: page.SlotID(slot), Text: text})
	}
	p := s.page(r, view.Title+": "+l.in(d.Title))
	p.NoIndex = true
	back := "/services/" + d.Service
	if before := d.State.Before(id); before != "" {
		back = "/lk/drafts/" + d.ID + "/" + before
	}
	p.Back = &ui.Link{Href: back}
	if errors && (len(view.Errors) > 0 || len(wrong) > 0) {
		p.Title = l.T("ui.error") + ": " + p.Title
	}
	return kit.Render(w, r, status, p, page.StepPage(out))
}

func hasStep(d *form.Definition, id string) bool {
	return slices.ContainsFunc(d.Steps, func(st form.Step) bool { return st.ID == id })
}

// quiet takes the mistakes off a view.
func quiet(v *form.StepView) {
	v.Errors = nil
	for i := range v.Fields {
		v.Fields[i].Error = ""
		v.Fields[i].Inputs = slices.Clone(v.Fields[i].Inputs)
		for j := range v.Fields[i].Inputs {
			v.Fields[i].Inputs[j].Error = ""
		}
	}
}

// stepNames are the titles of the steps, the page of checking last.
func (w words) stepNames(st *form.State) []string {
	var out []string
	for _, x := range st.Steps() {
		out = append(out, x.Title)
	}
	return append(out, w.t("step.check"))
}

// saveStep takes what was sent for a step: the files as they stream in, then the
// answers, then what the button asked for.
func (s *Site) saveStep(w http.ResponseWriter, r *http.Request, v *visitor) error {
	l := s.words(r)
	id, step := r.PathValue("id"), r.PathValue("step")
	wrong := map[string]string{}
	posted, err := readStep(r, func(u kit.Upload) error {
		slot, ok := strings.CutPrefix(u.Field, "file.")
		if !ok {
			return nil
		}
		_, err := s.Applications.Attach(r.Context(), v.acc.ID, id, slot, document.Upload{Name: u.Name, Body: u.Body}, l)
		if text, ok := uploadError(l, err, u.Name); ok {
			wrong[slot] = text
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	d, err := s.Applications.SaveStep(r.Context(), v.acc.ID, id, step, posted, l)
	if err != nil {
		return err
	}
	here := "/lk/drafts/" + id + "/" + step
	if file := first(posted["remove"]); file != "" {
		slot := slotOf(d, file)
		if _, err := s.Applications.Detach(r.Context(), v.acc.ID, id, file, l); err != nil {
			return err
		}
		return kit.See(w, r, here+"?files#"+page.SlotID(slot))
	}
	switch action := first(posted["go"]); {
	case len(wrong) > 0:
		return s.stepPage(w, r, http.StatusUnprocessableEntity, d, action == "next", wrong)
	case action == "attach":
		// An address of its own: a script that reloaded this one would send the
		// form of a refused step again.
		return kit.See(w, r, here+"?files")
	case action == "save":
		return kit.See(w, r, "/lk/applications")
	case len(d.State.StepErrors(step)) > 0:
		return s.stepPage(w, r, http.StatusUnprocessableEntity, d, true, nil)
	}
	next := d.State.After(step)
	if next == "" {
		next = "check"
	}
	return kit.See(w, r, "/lk/drafts/"+id+"/"+next)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// slotOf is the slot that holds a file of the draft.
func slotOf(d *application.DraftView, file string) string {
	for _, f := range d.Card.Form.Slots() {
		if slices.Contains(d.Answers[f.ID], file) {
			return f.ID
		}
	}
	return ""
}

func (s *Site) askDeleteDraft(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.Applications.Open(r.Context(), v.acc.ID, r.PathValue("id"), s.words(r))
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.t("drafts.delete_title"))
	p.Back = &ui.Link{Href: "/lk/applications"}
	return kit.Render(w, r, http.StatusOK, p, page.ConfirmPage(page.Confirm{
		Title: l.t("drafts.delete_title"), Text: l.t("drafts.delete_text", "title", l.in(d.Title)), Button: l.t("drafts.delete_button"),
		Action: "/lk/drafts/" + d.ID + "/delete", Back: link(l.t("drafts.keep"), "/lk/applications"),
	}))
}

func (s *Site) deleteDraft(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.Applications.DeleteDraft(r.Context(), v.acc.ID, r.PathValue("id")); err != nil {
		return err
	}
	return kit.See(w, r, "/lk/applications")
}
