package portalsite

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/site/kit"
)

// openFile gives a file of an application: what the person sent, what the agency
// answered (SVC-18).
func (s *Site) openFile(w http.ResponseWriter, r *http.Request, v *visitor) error {
	doc, body, err := s.Applications.OpenFile(r.Context(), v.acc.ID, r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		return err
	}
	return sendFile(w, doc, body)
}

// openDraftFile gives a file of a draft back to who attached it.
func (s *Site) openDraftFile(w http.ResponseWriter, r *http.Request, v *visitor) error {
	doc, body, err := s.Applications.OpenDraftFile(r.Context(), v.acc.ID, r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		return err
	}
	return sendFile(w, doc, body)
}

func sendFile(w http.ResponseWriter, doc *document.Document, body io.ReadCloser) error {
	return kit.Send(w, kit.Download{Name: doc.Name, Media: doc.Media, Size: doc.Size, Body: body})
}

// sendPDF gives a paper that was made for this request.
func sendPDF(w http.ResponseWriter, name string, raw []byte) error {
	return kit.Send(w, kit.Download{Name: name, Media: "application/pdf", Size: int64(len(raw)), Body: io.NopCloser(bytes.NewReader(raw))})
}

// join puts the parts of a name together.
func join(parts ...string) string { return joinWith(" ", parts...) }

// joinWith puts together what is not empty.
func joinWith(sep string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, sep)
}

func snils(s string) string {
	if n, err := ruid.ParseSNILS(s); err == nil {
		return n.String()
	}
	return s
}

func passport(s string) string {
	if n, err := ruid.ParsePassport(s); err == nil {
		return n.String()
	}
	return s
}
