package outbound

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"
)

// compose writes an internet message (RFC 5322): UTF-8 headers, quoted-printable text, HTML as the alternative.
// The same envelope gives the same bytes.
func compose(from mail.Address, e Envelope) []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(from.Address, "@")
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", strings.ReplaceAll(from.String(), "?= =?", "?=\r\n =?"))
	header("To", "<"+e.To+">")
	header("Subject", fold(e.Subject))
	header("Date", e.Date.Format(time.RFC1123Z))
	header("Message-ID", "<"+e.Key+"@"+domain+">")
	header("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies to us
	header("MIME-Version", "1.0")
	if e.HTML == "" {
		writePart(&b, "text/plain", e.Text)
		return b.Bytes()
	}
	boundary := "okno-" + e.Key // cannot occur in quoted-printable lines by chance: it follows two dashes and a key
	header("Content-Type", `multipart/alternative; boundary="`+boundary+`"`)
	b.WriteString("\r\n")
	for _, part := range [][2]string{{"text/plain", e.Text}, {"text/html", e.HTML}} {
		b.WriteString("--" + boundary + "\r\n")
		writePart(&b, part[0], part[1])
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.Bytes()
}

func writePart(b *bytes.Buffer, contentType, text string) {
	fmt.Fprintf(b, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", contentType)
	w := quotedprintable.NewWriter(b)
	_, _ = w.Write([]byte(strings.ToValidUTF8(text, "\uFFFD"))) // a bytes.Buffer takes everything
	_ = w.Close()
	b.WriteString("\r\n")
}

// fold encodes a header's text and breaks it into lines; control characters, which could begin another header, go.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}
