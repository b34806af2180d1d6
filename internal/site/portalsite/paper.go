package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
)

// receipt is the receipt with number and code as PDF.
func (s *Site) receipt(w http.ResponseWriter, r *http.Request, v *visitor) error {
	raw, err := s.Applications.Receipt(r.Context(), v.acc.ID, r.PathValue("id"), kit.L(r))
	if err != nil {
		return err
	}
	return sendPDF(w, kit.L(r).T("portal.file.receipt_name"), raw)
}

// printed is the whole application as it was signed.
func (s *Site) printed(w http.ResponseWriter, r *http.Request, v *visitor) error {
	raw, err := s.Applications.Print(r.Context(), v.acc.ID, r.PathValue("id"), kit.L(r))
	if err != nil {
		return err
	}
	return sendPDF(w, kit.L(r).T("portal.file.application_name"), raw)
}

// showGenuine is the public page behind the code of a paper.
func (s *Site) showGenuine(w http.ResponseWriter, r *http.Request) error {
	proof, err := s.Applications.Check(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.t("genuine.title"))
	p.NoIndex = true
	w.Header().Set("Referrer-Policy", "no-referrer")
	return kit.Render(w, r, http.StatusOK, p, page.GenuinePage(page.Genuine{
		Number: proof.Number, When: l.DateTime(proof.SubmittedAt, l.zone), Service: l.in(proof.Title), Agency: proof.Body,
		Status: l.T("application.status." + string(proof.Status)),
	}))
}
