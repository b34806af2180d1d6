package kit

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
)

// Upload is a file of a form while it streams in.
type Upload struct {
	Field string    // of the form
	Name  string    // as the browser said: clean it before use
	Body  io.Reader // to its end; then the next part comes
}

// What the values of a form with files may hold beside the files.
const (
	maxValues    = 1 << 20
	maxValueName = 200
)

// UploadOf reads a form with or without files. Files go to receive as they come,
// never through memory, and empty file fields are left out; the values are what
// it returns. The route's body limit counts everything (see [Body]).
func UploadOf(r *http.Request, receive func(Upload) error) (Form, error) {
	ct, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if ct != "multipart/form-data" {
		return FormOf(r)
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	values, left := url.Values{}, int64(maxValues)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return Form{Values: values}, nil
		}
		if err != nil {
			return Form{}, badUpload(err)
		}
		name := part.FormName()
		switch {
		case name == "" || len(name) > maxValueName:
			return Form{}, fault.Invalid("kit.bad_form")
		case isFile(part):
			if part.FileName() == "" {
				continue
			}
			if err := receive(Upload{Field: name, Name: part.FileName(), Body: part}); err != nil {
				return Form{}, err
			}
		default:
			raw, err := io.ReadAll(io.LimitReader(part, left+1))
			if err != nil {
				return Form{}, badUpload(err)
			}
			if left -= int64(len(raw)); left < 0 {
				return Form{}, fault.Invalid("kit.too_large")
			}
			values.Add(name, string(raw))
		}
	}
}

// isFile tells a file from a value by the parameter filename, also when empty.
func isFile(p *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	_, has := params["filename"]
	return err == nil && has
}

func badUpload(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Invalid("kit.too_large").Wrap(err)
	}
	return fault.Invalid("kit.bad_form").Wrap(err)
}

// Download is a file on its way to the browser.
type Download struct {
	Name  string
	Media string
	Size  int64
	Body  io.ReadCloser // closed by Send
}

// Send streams a file as a download: what people upload is never shown as a page
// of the site, and a sandbox stands behind that.
func Send(w http.ResponseWriter, d Download) error {
	defer func() { _ = d.Body.Close() }() // only read
	h := w.Header()
	h.Set("Content-Type", d.Media)
	h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	h.Set("Content-Disposition", Attachment(d.Name))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	n, err := io.Copy(w, d.Body)
	if err != nil && n == 0 {
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Disposition", "Content-Security-Policy"} {
			h.Del(name)
		}
		return fmt.Errorf("send file: %w", err)
	}
	return nil // half an answer is out: the length tells the browser
}
