package kit

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
)

var errNoPage = fault.NotFound("kit.no_page")

// Status is the HTTP status of a fault's kind.
func Status(k fault.Kind) int {
	switch k {
	case fault.KindInvalid:
		return http.StatusUnprocessableEntity
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindConflict:
		return http.StatusConflict
	case fault.KindForbidden:
		return http.StatusForbidden
	case fault.KindUnauthenticated:
		return http.StatusUnauthorized
	case fault.KindLimited:
		return http.StatusTooManyRequests
	case fault.KindUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// frameTimeout is how long an error page may wait for what stands in its header.
const frameTimeout = 3 * time.Second

// Fail answers with the error page or the problem of err. It is the only place
// where errors become visible; what the log gets is not shown (PRT-13).
func (m *Mux) Fail(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := fault.As(err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, crypt.ErrDevice), db.IsAway(err):
		e = fault.Unavailable("kit.error.unavailable.text").Wrap(err)
	default:
		e = &fault.Error{Kind: fault.KindInternal, Key: "kit.error.internal.text", Err: err}
	}
	if q := requestOf(r); q != nil {
		q.failed = err
	}
	// The deadline may be what failed; the frame asks for little and must not hang.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), frameTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Disposition", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if m.isAPI(r) {
		m.problem(w, r, e)
		return
	}
	m.failPage(w, r, e)
}

func (m *Mux) isAPI(r *http.Request) bool {
	for _, p := range m.API {
		if strings.HasPrefix(r.URL.Path, p) {
			return true
		}
	}
	return false
}

// problem is an error for programs, RFC 9457.
func (m *Mux) problem(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	type fieldProblem struct {
		Field  string `json:"field"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	l := i18n.From(r.Context())
	body := struct {
		Type     string         `json:"type"`
		Title    string         `json:"title"`
		Status   int            `json:"status"`
		Code     string         `json:"code"`
		Detail   string         `json:"detail"`
		Instance string         `json:"instance"`
		Errors   []fieldProblem `json:"errors,omitempty"`
	}{
		Type: "about:blank", Title: l.T("kit.error." + e.Kind.String() + ".title"), Status: Status(e.Kind),
		Code: e.Key, Detail: detail(l, e), Instance: "urn:okno:request:" + RequestID(r),
	}
	for _, f := range e.Fields {
		body.Errors = append(body.Errors, fieldProblem{f.Name, f.Key, l.T(f.Key, f.Args...)})
	}
	w.Header().Set("Content-Type", "application/problem+json")
	_ = JSON(w, body.Status, body) // plain texts and numbers: cannot fail
}

// detail is the message of a fault, or that of its kind when it has no text.
func detail(l *i18n.Localizer, e *fault.Error) string {
	if e.Kind == fault.KindInternal || !l.Has(e.Key) {
		return l.T("kit.error." + e.Kind.String() + ".text")
	}
	return faultText(l, e)
}

// ErrorID is what people read out on the phone: the head of the request's id.
func ErrorID(r *http.Request) string {
	id := RequestID(r)
	return id[:min(8, len(id))]
}
