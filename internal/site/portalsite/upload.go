package portalsite

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
)

// What one request may carry: a step has a few slots, a slot a few files.
const (
	maxUpload    = 5*form.MaxFileSize + 1<<20
	maxValues    = 1 << 20 // of all answers together
	maxValueName = 200
)

// receiver takes one file while it streams in. name is what the person called it.
type receiver func(field, name string, u document.Upload) error

// readStep reads a form with or without files. Files go to receive as they come,
// never through memory; the answers are what it returns, dates in the form
// engine's spelling.
func readStep(r *http.Request, receive receiver) (url.Values, error) {
	ct, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if ct != "multipart/form-data" {
		f, err := kit.FormOf(r)
		if err != nil {
			return nil, err
		}
		return dates(f.Values), nil
	}
	mr := multipart.NewReader(r.Body, params["boundary"])
	values, left := url.Values{}, int64(maxValues)
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return dates(values), nil
		}
		if err != nil {
			return nil, badUpload(err)
		}
		name := part.FormName()
		switch {
		case name == "" || len(name) > maxValueName:
			return nil, fault.Invalid("kit.bad_form")
		case isFile(part):
			// A browser sends an empty part for a field without a file.
			if part.FileName() != "" {
				if err := receive(name, part.FileName(), document.Upload{Name: part.FileName(), Body: part}); err != nil {
					return nil, err
				}
			}
		default:
			raw, err := io.ReadAll(io.LimitReader(part, left+1))
			if err != nil {
				return nil, badUpload(err)
			}
			if left -= int64(len(raw)); left < 0 {
				return nil, fault.Invalid("kit.too_large")
			}
			values.Add(name, string(raw))
		}
	}
}

// isFile tells a file from a value: by the parameter filename, also when empty.
func isFile(p *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return p.FileName() != ""
	}
	_, has := params["filename"]
	return has
}

func badUpload(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Invalid("kit.too_large").Wrap(err)
	}
	return fault.Invalid("kit.bad_form").Wrap(err)
}

// dates renames the parts of dates from the page's spelling (x-day) to the form
// engine's (x.day).
func dates(v url.Values) url.Values {
	for name, values := range v {
		for _, part := range []string{"day", "month", "year"} {
			if head, ok := strings.CutSuffix(name, "-"+part); ok {
				v[head+"."+part] = values
			}
		}
	}
	return v
}

// uploadError puts a refused file into the words of its slot; false for errors
// that are not the person's to mend.
func uploadError(l words, err error, name string) (string, bool) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return l.T("document.too_large", "mb", int64(form.MaxFileSize)>>20), true
	}
	e, ok := fault.As(err)
	if !ok || e.Kind != fault.KindInvalid && e.Kind != fault.KindLimited && e.Kind != fault.KindConflict {
		return "", false
	}
	return document.CleanName(name) + ": " + l.T(e.Key, e.Args...), true
}
