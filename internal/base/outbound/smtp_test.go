package outbound_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/okno-gov/okno/internal/base/outbound"
)

// mailServer is an SMTP server by another hand (github.com/emersion/go-smtp) that keeps what it takes.
type mailServer struct {
	addr string

	mu   sync.Mutex
	raw  []string
	to   []string
	fail func(to string) error
}

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: s}, nil
}

type mailSession struct {
	server *mailServer
	to     string
	user   string
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "okno" || password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *mailSession) Reset()                               {}
func (s *mailSession) Logout() error                        { return nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.fail != nil {
		if err := s.server.fail(to); err != nil {
			return err
		}
	}
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.raw, s.server.to = append(s.server.raw, string(b)), append(s.server.to, s.to)
	return nil
}

func startMail(t *testing.T, config *tls.Config, implicit bool) *mailServer {
	t.Helper()
	backend := &mailServer{}
	server := smtp.NewServer(backend)
	server.Domain, server.TLSConfig, server.AllowInsecureAuth = "mail.example.org", config, false
	server.MaxLineLength = 1000 // RFC 5321, 4.5.3.1.6
	server.ErrorLog = quietLog{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend.addr = l.Addr().String()
	if implicit {
		l = tls.NewListener(l, config)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return backend
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

// certificate makes a certificate for 127.0.0.1 and a client configuration that trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

var sender = mail.Address{Name: "Окно, государственные услуги", Address: "noreply@okno.example"}

func (s *mailServer) arrived(t *testing.T) (out []arrived) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, raw := range s.raw {
		m, err := mail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatalf("%v in %q", err, raw)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		// The message ends in one line break more than its text.
		plain := strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
		out = append(out, arrived{s.to[i], decoded(t, m.Header.Get("Subject")), plain})
	}
	return out
}

func decoded(t *testing.T, header string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMailConforms(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	for _, security := range []outbound.Security{outbound.Plain, outbound.StartTLS, outbound.TLS} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			s := startMail(t, server, security == outbound.TLS)
			m := &outbound.Mail{Addr: s.addr, From: sender, Hello: "okno.example", Security: security, TLSConfig: client}
			if security != outbound.Plain {
				m.User, m.Password = "okno", "secret"
			}
			testSender(t, m, mailTo, true, func() []arrived { return s.arrived(t) })
		})
	}
}

func TestMailHeaders(t *testing.T) {
	t.Parallel()
	s := startMail(t, nil, false)
	m := &outbound.Mail{Addr: s.addr, From: sender, Security: outbound.Plain}
	e := outbound.Envelope{
		Key: "0123456789abcdef", To: "anna@example.org", Date: start,
		Subject: "Тема\r\nBcc: all@example.org\u2028x", Text: "текст", HTML: "<p>текст</p>",
	}
	for range 2 {
		if err := m.Send(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	if s.raw[0] != s.raw[1] {
		t.Error("the same message gives other bytes")
	}
	for _, line := range strings.Split(s.raw[0], "\r\n") {
		if len(line) > 78 && !strings.HasPrefix(line, "Content-Type: multipart") {
			t.Errorf("line of %d characters: %s", len(line), line)
		}
	}
	got, err := mail.ReadMessage(strings.NewReader(s.raw[0]))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<0123456789abcdef@okno.example>", "Auto-Submitted": "auto-generated", "Bcc": "", "To": "<anna@example.org>",
		"Date": "Sat, 21 Nov 2026 09:40:00 +0000",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if from, err := got.Header.AddressList("From"); err != nil || len(from) != 1 || *from[0] != sender {
		t.Errorf("from %v, %v", from, err)
	}
	if subject := decoded(t, got.Header.Get("Subject")); subject != "Тема  Bcc: all@example.org x" {
		t.Errorf("subject %q", subject)
	}
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %s, %v", kind, err)
	}
	var parts []string
	for r := multipart.NewReader(got.Body, params["boundary"]); ; {
		p, err := r.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p.Header.Get("Content-Type")+" "+strings.TrimSpace(string(b)))
	}
	if want := "text/plain; charset=utf-8 текст|text/html; charset=utf-8 <p>текст</p>"; strings.Join(parts, "|") != want {
		t.Errorf("parts %q", parts)
	}
}

func TestMailRefusals(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	s := startMail(t, server, false)
	s.fail = func(to string) error {
		switch {
		case strings.HasPrefix(to, "gone"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no <" + to + "> here"}
		case strings.HasPrefix(to, "grey"):
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted " + to}
		}
		return nil
	}
	plain := &outbound.Mail{Addr: s.addr, From: sender, Security: outbound.Plain}
	checkFate(t, plain, "gone@example.org", outbound.Refused)
	checkFate(t, plain, "grey@example.org", outbound.Deferred)
	checkFate(t, &outbound.Mail{Addr: s.addr, From: sender, Security: outbound.StartTLS}, "a@example.org", outbound.Deferred) // certificate not trusted
	checkFate(t, &outbound.Mail{Addr: s.addr, From: sender, Security: outbound.StartTLS, TLSConfig: client, User: "okno", Password: "wrong"}, "a@example.org", outbound.Deferred)
	checkFate(t, &outbound.Mail{Addr: "127.0.0.1:1", From: sender, Security: outbound.Plain}, "a@example.org", outbound.Deferred)
	bare := startMail(t, nil, false)
	checkFate(t, &outbound.Mail{Addr: bare.addr, From: sender, Security: outbound.StartTLS, TLSConfig: client}, "a@example.org", outbound.Deferred)
	if len(bare.raw)+len(s.raw) != 0 {
		t.Error("something was sent to a server that was not secure")
	}
}

// script plays one side of a connection: each step waits for a line that begins with a word, and answers.
type script []struct{ wait, answer string }

func playMail(t *testing.T, steps script, hang bool) string {
	t.Helper()
	return listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for _, step := range steps {
			for step.wait != "" {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if strings.HasPrefix(line, step.wait) {
					break
				}
			}
			fmt.Fprint(c, step.answer)
		}
		if hang {
			_, _ = io.Copy(io.Discard, r)
		}
	})
}

// listen serves connections on the loopback until the test ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return l.Addr().String()
}

func TestMailHostileServers(t *testing.T) {
	t.Parallel()
	start := script{{"", "220 x\r\n"}, {"EHLO", "250 x\r\n"}, {"MAIL", "250 ok\r\n"}, {"RCPT", "250 ok\r\n"}, {"DATA", "354 go\r\n"}}
	for name, c := range map[string]struct {
		steps script
		hang  bool
		want  outbound.Fate
	}{
		"closes at once":          {nil, false, outbound.Deferred},
		"busy greeting":           {script{{"", "421 busy\r\n"}}, false, outbound.Deferred},
		"speaks something else":   {script{{"", "HTTP/1.1 200 OK\r\n\r\n"}}, false, outbound.Deferred},
		"closes at the text":      {start, false, outbound.Unknown},
		"refuses the text":        {append(start[:5:5], script{{".\r\n", "554 5.7.1 spam\r\n"}}...), false, outbound.Refused},
		"defers the text":         {append(start[:5:5], script{{".\r\n", "452 full\r\n"}}...), false, outbound.Deferred},
		"refuses the sender":      {append(start[:2:2], script{{"MAIL", "550 not you\r\n"}}...), false, outbound.Deferred},
		"answers without an end":  {script{{"", "220-" + strings.Repeat("x", 10000)}}, false, outbound.Deferred},
		"negative nonsense reply": {script{{"", "-1 \x00\xff\r\n"}}, false, outbound.Deferred},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &outbound.Mail{Addr: playMail(t, c.steps, c.hang), From: sender, Security: outbound.Plain}
			checkFate(t, m, "anna@example.org", c.want)
		})
	}
	for name, c := range map[string]struct {
		steps script
		want  outbound.Fate
	}{"silent from the start": {nil, outbound.Deferred}, "silent after the text": {start, outbound.Unknown}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &outbound.Mail{Addr: playMail(t, c.steps, true), From: sender, Security: outbound.Plain}
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			var f *outbound.Failure
			err := m.Send(ctx, outbound.Envelope{Key: "ab", To: "anna@example.org", Subject: "s", Text: "t", Date: time.Unix(0, 0)})
			if !errors.As(err, &f) || f.Fate != c.want || !strings.Contains(f.Reason, "in time") {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}
