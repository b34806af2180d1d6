package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// Security of the way to a mail server.
type Security string

const (
	// Plain sends without TLS: for a relay on the same machine.
	Plain Security = "plain"
	// StartTLS demands STARTTLS (RFC 3207); a server that does not offer it gets nothing.
	StartTLS Security = "starttls"
	// TLS speaks TLS from the first byte (RFC 8314).
	TLS Security = "tls"
)

// Mail sends e-mail through one SMTP server (RFC 5321), a connection per message.
type Mail struct {
	Addr string // host:port
	From mail.Address
	// Name replaces the name of From, such as one that changes while the program runs; nil: that of From.
	Name     func(ctx context.Context) string
	Hello    string // our host name; empty: localhost
	Security Security
	User     string // empty: no authentication
	Password string
	// TLSConfig is for private certification authorities; nil: the system's.
	TLSConfig *tls.Config
	// Dial replaces the dialer; nil: the net package's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

const smtpTimeout = 30 * time.Second

// Send delivers one message to the server.
func (m *Mail) Send(ctx context.Context, e Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	client, closeAll, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := client.Mail(m.From.Address); err != nil {
		return smtpFailure("sender", err, Deferred)
	}
	if err := client.Rcpt(e.To); err != nil {
		return smtpFailure("recipient", err, Deferred)
	}
	w, err := client.Data()
	if err != nil {
		return smtpFailure("data", err, Deferred)
	}
	from := m.From
	if m.Name != nil {
		from.Name = m.Name(ctx)
	}
	if _, err := w.Write(compose(from, e)); err != nil {
		return smtpFailure("text", err, Deferred) // without the final dot nothing is taken
	}
	// Here the server takes the message; when no answer comes, nobody knows.
	if err := w.Close(); err != nil {
		return smtpFailure("end of text", err, Unknown)
	}
	_ = client.Quit() // it is sent already
	return nil
}

// Check connects, secures and authenticates without sending anything.
func (m *Mail) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	client, closeAll, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	return client.Quit()
}

// connect gives a greeted, secured and authenticated connection.
func (m *Mail) connect(ctx context.Context) (*smtp.Client, func(), error) {
	dial := m.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", m.Addr)
	if err != nil {
		return nil, nil, &Failure{Deferred, "mail server: no connection"}
	}
	// Whoever waits on this connection is woken when the context ends.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	closeAll := func() { stop(); conn.Close() }
	client, err := m.greet(conn)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return client, closeAll, nil
}

func (m *Mail) greet(conn net.Conn) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(m.Addr)
	if err != nil {
		return nil, &Failure{Deferred, "mail server: the address has no port"}
	}
	config := m.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if m.Security == TLS {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, smtpFailure("greeting", err, Deferred)
	}
	if m.Hello != "" {
		if err := client.Hello(m.Hello); err != nil {
			return nil, smtpFailure("hello", err, Deferred)
		}
	}
	if m.Security == StartTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, &Failure{Deferred, "mail server: it offers no STARTTLS"}
		}
		if err := client.StartTLS(config); err != nil {
			return nil, smtpFailure("STARTTLS", err, Deferred)
		}
	}
	if m.User != "" {
		if err := client.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			// A wrong password is our mistake, which an administrator mends; the message waits for that.
			return nil, &Failure{Deferred, "mail server: authentication: " + replyCode(err)}
		}
	}
	return client, nil
}

// smtpFailure reads a server's answer: 5xx is a refusal, 4xx a delay (RFC 5321, 4.2.1). The text of an answer is
// dropped, since servers repeat the address in it.
func smtpFailure(step string, err error, otherwise Fate) *Failure {
	f := &Failure{otherwise, "mail server: " + step + ": " + replyCode(err)}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		if f.Fate = Deferred; reply.Code >= 500 && reply.Code < 600 && (step == "recipient" || step == "end of text") {
			f.Fate = Refused
		}
	}
	return f
}

func replyCode(err error) string {
	var reply *textproto.Error
	var ne net.Error
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.As(err, &reply):
		if enhanced, _, _ := strings.Cut(reply.Msg, " "); isEnhanced(enhanced) {
			return fmt.Sprintf("%d %s", reply.Code, enhanced)
		}
		return fmt.Sprint(reply.Code)
	case errors.As(err, &unknown):
		return "its certificate is not trusted"
	case errors.As(err, &ne) && ne.Timeout():
		return "no answer in time"
	}
	return "the connection broke"
}

// isEnhanced tells whether s is an enhanced status code such as 5.1.1 (RFC 3463).
func isEnhanced(s string) bool {
	if len(s) < 5 || len(s) > 9 || s[1] != '.' {
		return false
	}
	return strings.Trim(s, "0123456789.") == ""
}
