package outcall

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/base/obs"
)

// ErrTooLarge says that a destination sent more than its client may read.
var ErrTooLarge = errors.New("outcall: the answer is too large")

// Limits of a client unless its options say otherwise.
const (
	defaultTimeout   = 10 * time.Second
	defaultBody      = 8 << 20
	connectTimeout   = 3 * time.Second
	maxRedirects     = 3
	idleConnsPerHost = 8
)

// Factory makes clients that share connections, the allow-list and the state of destinations.
type Factory struct {
	// Tracer gets a span for each call; nil: none. Set it before the first client is used.
	Tracer *obs.Tracer

	transport *http.Transport
	dialer    *dialer
	board     *board
	agent     string
}

// New makes a factory. allow opens private destinations: networks ("10.1.0.0/16"), addresses and host names, each with
// a port or without, and "*.localhost" for all names below.
func New(allow ...string) (*Factory, error) {
	d := &dialer{net: net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}}
	for _, s := range allow {
		r, err := parseRule(s)
		if err != nil {
			return nil, err
		}
		d.rules = append(d.rules, r)
	}
	return &Factory{
		dialer: d,
		board:  newBoard(time.Now),
		agent:  "Okno",
		transport: &http.Transport{
			// No proxy from the environment: it would resolve names for us, past the allow-list.
			DialContext:            d.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxIdleConnsPerHost:    idleConnsPerHost,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}, nil
}

// Option changes one client.
type Option func(*roundTripper, *http.Client)

// Timeout bounds a whole call with reading the answer; the default is 10 seconds. Calls within a request take 3.
func Timeout(d time.Duration) Option { return func(_ *roundTripper, c *http.Client) { c.Timeout = d } }

// MaxBody bounds the bytes of an answer after decompression; the default is 8 MiB.
func MaxBody(n int64) Option { return func(t *roundTripper, _ *http.Client) { t.maxBody = n } }

// Client makes a client for one purpose, such as "mvd" or "relying-party"; the name stands before the host on the
// operations page. It follows at most three redirects and none from https to http.
func (f *Factory) Client(name string, options ...Option) *http.Client {
	t := &roundTripper{factory: f, name: name, maxBody: defaultBody}
	c := &http.Client{Transport: t, Timeout: defaultTimeout, CheckRedirect: checkRedirect}
	for _, o := range options {
		o(t, c)
	}
	return c
}

// DialContext connects under the same rules as the clients: for senders of other protocols.
func (f *Factory) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f.dialer.DialContext(ctx, network, addr)
}

// Destinations tells how the destinations fare, in order of their names: for the operations page.
func (f *Factory) Destinations() []Destination { return f.board.list() }

// Close lets idle connections go.
func (f *Factory) Close() { f.transport.CloseIdleConnections() }

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("outcall: more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirect from https to %s: %w", req.URL.Scheme, ErrForbidden)
	}
	return nil
}

// roundTripper adds to each call what the package promises.
type roundTripper struct {
	factory *Factory
	name    string
	maxBody int64
}

// RoundTrip makes one call unless the destination is known not to answer.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	destination := t.name + " " + req.URL.Host
	settle, err := t.factory.board.begin(destination)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req = req.Clone(req.Context()) // a RoundTripper must not change its request
	if id := obs.RequestID(req.Context()); id != "" && req.Header.Get("X-Request-ID") == "" {
		req.Header.Set("X-Request-ID", id)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", t.factory.agent)
	}
	ctx, span := t.factory.Tracer.Call(req, t.name)
	defer span.End()
	res, err := t.factory.transport.RoundTrip(req.WithContext(ctx))
	v := outcome(ctx, res, err)
	settle(v)
	if err != nil {
		span.Status(0, cmp.Or(v.reason, "abandoned"))
		return nil, err
	}
	span.Status(res.StatusCode, "")
	if res.ContentLength > t.maxBody {
		res.Body.Close()
		return nil, ErrTooLarge
	}
	res.Body = &limitedBody{res.Body, t.maxBody}
	return res, nil
}

// outcome is what a call says of its destination: empty when it answered. A caller that went away says nothing of it.
func outcome(ctx context.Context, res *http.Response, err error) verdict {
	switch {
	case err == nil && (res.StatusCode < 500 || res.StatusCode == http.StatusNotImplemented):
		return verdict{kind: answered}
	case err == nil:
		return verdict{failed, fmt.Sprintf("status %d", res.StatusCode)}
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, ErrForbidden):
		return verdict{kind: nothing}
	case ctx.Err() != nil: // the client's time limit; the transport names it differently by its state
		return verdict{failed, "no answer in time"}
	}
	return verdict{failed, reason(err)}
}

// reason names an error without addresses of pages, which may carry data in their query.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	var ne net.Error
	switch {
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.As(err, &dns):
		return "its name does not resolve"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return "no answer in time"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	}
	return "the connection broke"
}

// limitedBody fails beyond its limit; it never cuts an answer silently.
type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, b.left = int(b.left), 0
		return n, ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}
