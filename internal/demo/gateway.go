package demo

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// SMSGateway is the mobile operator's side of base/outbound's HTTP gateway.
type SMSGateway struct {
	Token  string
	Outbox *Outbox
	Now    func() time.Time
}

// ServeHTTP takes POST /messages.
func (g *SMSGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(got), []byte(g.Token)) != 1 {
		http.Error(w, "unknown sender", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/messages" {
		http.NotFound(w, r)
		return
	}
	var m struct {
		ID   string `json:"id"`
		To   string `json:"to"`
		Text string `json:"text"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&m); err != nil || m.To == "" || m.Text == "" {
		http.Error(w, "to and text are needed", http.StatusBadRequest)
		return
	}
	if err := g.Outbox.Add(Message{At: g.Now(), Channel: "sms", To: m.To, Text: m.Text, ID: m.ID}); err != nil {
		slog.ErrorContext(r.Context(), "demo sms", "error", err)
		http.Error(w, "cannot store", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": "demo-" + m.ID})
}

// ServeSMTP receives mail on l until it is closed.
func ServeSMTP(l net.Listener, o *Outbox, now func() time.Time) error {
	s := smtp.NewServer(&backend{o, now})
	s.Domain = "localhost"
	s.MaxMessageBytes = 4 << 20
	s.MaxRecipients = 10
	s.ReadTimeout, s.WriteTimeout = 30*time.Second, 30*time.Second
	s.ErrorLog = silent{}
	return s.Serve(l)
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

type backend struct {
	outbox *Outbox
	now    func() time.Time
}

func (b *backend) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{b: b}, nil }

type mailSession struct {
	b  *backend
	to []string
}

func (s *mailSession) Reset()                               { s.to = nil }
func (s *mailSession) Logout() error                        { return nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return fmt.Errorf("unreadable mail: %w", err)
	}
	text, err := plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return fmt.Errorf("unreadable subject: %w", err)
	}
	for _, to := range s.to {
		id := m.Header.Get("Message-Id")
		if id != "" {
			id += " " + to
		}
		if err := s.b.outbox.Add(Message{At: s.b.now(), Channel: "email", To: to, Subject: subject, Text: text, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// plainText is the text part of a mail.
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return "", fmt.Errorf("no text part: %w", err)
			}
			if k, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); k == "text/plain" {
				return plainText("text/plain", p.Header.Get("Content-Transfer-Encoding"), p)
			}
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	raw, err := io.ReadAll(io.LimitReader(body, 1<<20))
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), err
}
