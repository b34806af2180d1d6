package kit

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
)

// Form is what a person sent.
type Form struct{ Values url.Values }

// FormOf reads a form of at most the route's body limit. It reads
// application/x-www-form-urlencoded only; uploads read their parts themselves.
func FormOf(r *http.Request) (Form, error) {
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodPost && ct != "application/x-www-form-urlencoded" {
		return Form{}, fault.Invalid("kit.bad_form")
	}
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return Form{}, fault.Invalid("kit.too_large").Wrap(err)
		}
		return Form{}, fault.Invalid("kit.bad_form").Wrap(err)
	}
	return Form{Values: r.PostForm}, nil
}

// Text is a one-line value: NFC, outer space cut, control characters and invisible
// ones dropped.
func (f Form) Text(name string) string { return Clean(f.Values.Get(name)) }

// Lines is a value of several lines: like Text, with line ends kept as "\n".
func (f Form) Lines(name string) string {
	s := strings.ReplaceAll(f.Values.Get(name), "\r\n", "\n")
	s = strings.Map(func(c rune) rune {
		if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(norm.NFC.String(s))
}

// Secret is a value that is taken as it was typed: passwords.
func (f Form) Secret(name string) string { return f.Values.Get(name) }

// Ticked tells whether a box was ticked.
func (f Form) Ticked(name string) bool { return f.Values.Get(name) != "" }

// All are the values of a group of boxes.
func (f Form) All(name string) []string { return f.Values[name] }

// Clean makes a one-line text of what somebody typed. Invisible format characters
// go: they come along with copied phone numbers and names, make equal values
// differ, and turn the direction of what stands behind them.
func Clean(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c):
			return ' '
		case unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(norm.NFC.String(s))
}

// KeyField is the name of the hidden field that carries the idempotency key.
const KeyField = "_key"

// NewKey is a fresh idempotency key for a form that creates something.
func NewKey() string { return uuid.NewString() }

// Key is the idempotency key that came with the form; a fault when it is
// missing or no UUID, since then the form was not ours.
func (f Form) Key() (string, error) {
	id, err := uuid.Parse(f.Values.Get(KeyField))
	if err != nil {
		return "", fault.Invalid("kit.bad_form").Wrap(err)
	}
	return id.String(), nil
}

// Wrong is what a form page shows after a fault: messages by field name and the
// summary at the top. The zero value is a form without faults.
type Wrong struct {
	Summary []ui.FieldError
	field   map[string]string
}

// Field is the message at a field, "" when it is right.
func (e Wrong) Field(name string) string { return e.field[name] }

// Any tells whether something is wrong.
func (e Wrong) Any() bool { return len(e.Summary) > 0 }

// WrongOf turns a fault that the same page can show into messages in the
// person's language: Invalid, Conflict, Limited, Forbidden, Unauthenticated. All
// other errors are for the error page: it returns false. The id of a field is
// its name; ids maps names to other ids. A fault without fields is linked to
// the first of the form's fields, given as "".
func WrongOf(r *http.Request, err error, ids map[string]string) (Wrong, bool) {
	e, ok := fault.As(err)
	if !ok {
		return Wrong{}, false
	}
	switch e.Kind {
	case fault.KindInvalid, fault.KindConflict, fault.KindLimited, fault.KindForbidden, fault.KindUnauthenticated:
	default:
		return Wrong{}, false
	}
	l := i18n.From(r.Context())
	out := Wrong{field: map[string]string{}}
	id := func(name string) string {
		if v, ok := ids[name]; ok {
			return v
		}
		return name
	}
	for _, f := range e.Fields {
		text := l.T(f.Key, f.Args...)
		if out.field[f.Name] == "" {
			out.field[f.Name] = text
			out.Summary = append(out.Summary, ui.FieldError{Field: id(f.Name), Text: text})
		}
	}
	if len(e.Fields) == 0 {
		out.Summary = []ui.FieldError{{Field: id(""), Text: faultText(l, e)}}
	}
	return out, true
}

// faultText is the message of a fault, with its waiting time if it has one.
func faultText(l *i18n.Localizer, e *fault.Error) string {
	args := e.Args
	if e.RetryAfter > 0 {
		args = append(append([]any{}, args...), "wait", WaitText(l, e.RetryAfter))
	}
	return l.T(e.Key, args...)
}
