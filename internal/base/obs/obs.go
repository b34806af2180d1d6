// Package obs is what operators see of the running program: log lines that carry the request's number and no personal
// data, metrics, and traces.
//
// The rule of logs: ids, kinds, states, numbers. [NewHandler] is the net below the rope: it blanks the attributes that
// are known to hold personal data or secrets, should one slip in.
package obs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

type requestKey struct{}

// WithRequestID gives a context whose log lines and outside calls carry the request's number.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID gives the number of the request that the context belongs to, empty outside of requests.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// NewRequestID makes a number of 64 random bits.
func NewRequestID() string {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // no randomness: no request may be served
	}
	return hex.EncodeToString(b[:])
}

// Options of the log.
type Options struct {
	Level slog.Leveler // nil: info
	JSON  bool         // for collectors; else a line of text
}

// NewHandler makes the handler of the program's log.
func NewHandler(w io.Writer, o Options) slog.Handler {
	ho := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: redact}
	if o.JSON {
		return handler{slog.NewJSONHandler(w, ho)}
	}
	return handler{slog.NewTextHandler(w, ho)}
}

// handler adds the numbers of request and trace.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	var more []slog.Attr
	if id := RequestID(ctx); id != "" && !has(r, "request") {
		more = append(more, slog.String("request", id))
	}
	if id := traceID(ctx); id != "" {
		more = append(more, slog.String("trace", id))
	}
	if more != nil {
		r = r.Clone()
		r.AddAttrs(more...)
	}
	return h.Handler.Handle(ctx, r)
}

func has(r slog.Record, key string) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

func (h handler) WithAttrs(a []slog.Attr) slog.Handler { return handler{h.Handler.WithAttrs(a)} }

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// Removed stands in the log where a value was blanked.
const Removed = "[removed]"

// personal are attribute names that hold personal data or secrets, in lower case without separators.
var personal = map[string]bool{
	"snils": true, "inn": true, "passport": true, "enp": true, "plate": true,
	"phone": true, "mobile": true, "email": true, "mail": true, "to": true, "recipient": true, "contact": true, "login": true,
	"lastname": true, "firstname": true, "middlename": true, "surname": true, "patronymic": true, "fullname": true, "fio": true,
	"birth": true, "birthdate": true, "birthplace": true, "personaddress": true, "postaladdress": true, "ip": true, "remote": true,
	"useragent": true, "password": true, "secret": true, "clientsecret": true, "token": true, "accesstoken": true, "refreshtoken": true,
	"idtoken": true, "code": true, "otp": true, "cookie": true, "setcookie": true, "authorization": true, "session": true, "sealed": true,
	"body": true, "payload": true, "answers": true, "query": true,
}

// redact blanks attributes with a telling name, and in others what has the shape of a personal value.
func redact(_ []string, a slog.Attr) slog.Attr {
	if personal[strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(a.Key))] {
		return slog.String(a.Key, Removed)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(scrub(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(scrub(v.Error()))
		case *url.URL:
			a.Value = slog.StringValue(v.Scheme + "://" + v.Host + v.Path)
		}
	}
	return a
}

// shapes are what cannot be anything but an address, a phone number, a СНИЛС, a query or credentials of a URL.
var shapes = []struct {
	find    *regexp.Regexp
	replace string
}{
	{regexp.MustCompile(`://[^/@\s]+@`), "://" + Removed + "@"},
	{regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`), Removed},
	{regexp.MustCompile(`\+7[ (]*9\d{2}[) ]*\d{3}[ -]?\d{2}[ -]?\d{2}\b`), Removed},
	{regexp.MustCompile(`\b\d{3}-\d{3}-\d{3}[ -]\d{2}\b`), Removed},
	{regexp.MustCompile(`(https?://[^\s?"]+)\?[^\s"]+`), "$1?" + Removed},
}

func scrub(s string) string {
	for _, shape := range shapes {
		s = shape.find.ReplaceAllString(s, shape.replace)
	}
	return s
}

// NewRegistry makes the program's metrics with those of the Go runtime and the process.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Gauge registers a value that is read when the metrics are, such as the length of a queue. A name that is registered
// already keeps its first reader.
func Gauge(r prometheus.Registerer, name, help string, labels map[string]string, read func() float64) {
	_ = r.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// Scrub blanks what cannot be anything but personal data or a secret, for texts
// of errors that operators read elsewhere than in the log.
func Scrub(s string) string { return scrub(s) }
