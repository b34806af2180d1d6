package portalsite

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
)

// maxUpload is what one request may carry: a step has a few slots, a slot a few
// files.
const maxUpload = 5*form.MaxFileSize + 1<<20

// readStep reads the answers of a step, dates in the form engine's spelling;
// files go to receive.
func readStep(r *http.Request, receive func(kit.Upload) error) (url.Values, error) {
	f, err := kit.UploadOf(r, receive)
	if err != nil {
		return nil, err
	}
	return dates(f.Values), nil
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
