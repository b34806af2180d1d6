package portalsite

import (
	"io"
	"net/http"
	"strconv"
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

// sendFile streams a file as a download: what people upload is never shown as a
// page of this site, and a sandbox stands behind that.
func sendFile(w http.ResponseWriter, doc *document.Document, body io.ReadCloser) error {
	defer func() { _ = body.Close() }() // only read
	h := w.Header()
	h.Set("Content-Type", doc.Media)
	h.Set("Content-Length", strconv.FormatInt(doc.Size, 10))
	h.Set("Content-Disposition", kit.Attachment(doc.Name))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, body) // half an answer is out: the length tells the browser
	return nil
}

// sendPDF gives a paper that was made for this request.
func sendPDF(w http.ResponseWriter, name string, raw []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	h.Set("Content-Disposition", kit.Attachment(name))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(raw)
	return nil
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
