package i18n

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Localizer writes texts in one language. It is immutable; the zero value shows keys.
type Localizer struct {
	bundle *Bundle
	lang   string
}

// Lang gives the language code: ru, tt or en.
func (l *Localizer) Lang() string {
	if l == nil || l.lang == "" {
		return Base
	}
	return l.lang
}

// T gives the text of a key; args are alternating names and values: l.T("feed.unread", "n", 3).
// A text that is missing in the language comes in Russian, one that is missing there is the key itself.
// Values: integers choose plural forms, a time.Time is written as a date, all else as fmt.Sprint does.
func (l *Localizer) T(key string, args ...any) string {
	lang, m, ok := l.find(key)
	if !ok {
		return key
	}
	w := writer{localizer: &Localizer{bundle: l.bundle, lang: lang}, key: key, args: args}
	w.write(m, "")
	return w.out.String()
}

// Has tells whether T would find a text for the key, for texts that are optional by design.
func (l *Localizer) Has(key string) bool {
	if l == nil || l.bundle == nil {
		return false
	}
	_, own := l.bundle.messages[l.lang][key]
	_, base := l.bundle.messages[Base][key]
	return own || base
}

func (l *Localizer) find(key string) (lang string, m message, ok bool) {
	if l == nil || l.bundle == nil {
		return Base, nil, false
	}
	if m, ok = l.bundle.messages[l.lang][key]; ok {
		return l.lang, m, true
	}
	l.bundle.countMissing(l.lang, key)
	if l.lang == Base {
		return Base, nil, false
	}
	if m, ok = l.bundle.messages[Base][key]; !ok {
		l.bundle.countMissing(Base, key)
	}
	return Base, m, ok
}

// writer renders one message.
type writer struct {
	localizer *Localizer
	key       string
	args      []any
	out       strings.Builder
}

func (w *writer) write(m message, number string) {
	for _, p := range m {
		switch {
		case p.number:
			w.out.WriteString(number)
		case p.name == "":
			w.out.WriteString(p.literal)
		default:
			w.argument(p, number)
		}
	}
}

func (w *writer) argument(p part, number string) {
	value, ok := w.value(p.name)
	if !ok {
		w.localizer.bundle.countMissing(w.localizer.lang, w.key+" {"+p.name+"}")
		w.out.WriteString("{" + p.name + "}")
		return
	}
	if p.forms == nil {
		w.out.WriteString(w.text(value))
		return
	}
	if !p.plural {
		form, ok := p.forms[fmt.Sprint(value)]
		if !ok {
			form = p.forms["other"]
		}
		w.write(form, number)
		return
	}
	n, isInteger := integer(value)
	shown := w.text(value)
	if isInteger {
		shown = w.localizer.N(n)
	}
	w.write(pluralForm(p.forms, w.localizer.lang, n, isInteger), shown)
}

func pluralForm(forms map[string]message, lang string, n int64, isInteger bool) message {
	if isInteger {
		if form, ok := forms["="+strconv.FormatInt(n, 10)]; ok {
			return form
		}
		if form, ok := forms[category(lang, n)]; ok {
			return form
		}
	}
	if form, ok := forms["other"]; ok {
		return form
	}
	return forms["many"]
}

func (w *writer) value(name string) (any, bool) {
	for i := 0; i+1 < len(w.args); i += 2 {
		if w.args[i] == name {
			return w.args[i+1], true
		}
	}
	return nil, false
}

func (w *writer) text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case time.Time:
		return w.localizer.Date(v)
	default:
		return fmt.Sprint(v)
	}
}

func integer(value any) (int64, bool) {
	switch v := value.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int16:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint:
		return int64(v), true
	case uint64:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint8:
		return int64(v), true
	}
	return 0, false
}

// N writes an integer with its digits in groups: «12 345», in English "12,345".
func (l *Localizer) N(n int64) string {
	if l.Lang() != "en" {
		return rutext.Number(n)
	}
	if n < 0 {
		return "−" + rutext.Group(-uint64(n), ",")
	}
	return rutext.Group(uint64(n), ",")
}

// Money writes kopecks as «1 500,00 ₽», in English "₽1,500.00".
func (l *Localizer) Money(kopecks int64) string {
	if l.Lang() != "en" {
		return rutext.Money(kopecks)
	}
	sign, u := "", uint64(kopecks)
	if kopecks < 0 {
		sign, u = "−", -u
	}
	return fmt.Sprintf("%s₽%s.%02d", sign, rutext.Group(u/100, ","), u%100)
}

// contextKey carries the localizer of a request.
type contextKey struct{}

// With gives a context that carries the localizer of the person who is served.
func With(ctx context.Context, l *Localizer) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// From gives the context's localizer, never nil; without one, texts are shown as keys.
func From(ctx context.Context) *Localizer {
	if l, ok := ctx.Value(contextKey{}).(*Localizer); ok && l != nil {
		return l
	}
	return &Localizer{lang: Base}
}
