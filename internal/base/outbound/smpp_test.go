package outbound_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/okno-gov/okno/internal/base/outbound"
)

// centre is a message centre that speaks just enough SMPP 3.4, written from the specification and not from the client.
type centre struct {
	addr string

	mu      sync.Mutex
	binds   int
	enquire int
	parts   map[string][]string
	got     []arrived
	answer  func(w io.Writer, command, sequence uint32, body []byte) bool // true: it has answered
}

func startCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{parts: map[string][]string{}}
	c.addr = listen(t, func(conn net.Conn) { c.serve(conn) })
	return c
}

func frame(command, status, sequence uint32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(body)))
	for _, v := range []uint32{command, status, sequence} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return append(b, body...)
}

func (c *centre) serve(conn net.Conn) {
	for {
		head := make([]byte, 16)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head)-16)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		command, sequence := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[12:])
		c.mu.Lock()
		answer := c.answer
		c.mu.Unlock()
		if answer != nil && answer(conn, command, sequence, body) {
			continue
		}
		if !c.handle(conn, command, sequence, body) {
			return
		}
	}
}

func (c *centre) handle(conn net.Conn, command, sequence uint32, body []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch command {
	case 2: // bind_transmitter
		c.binds++
		status := uint32(0)
		if fields := bytes.Split(body, []byte{0}); string(fields[0]) != "okno" || string(fields[1]) != "secret" {
			status = 0x0e // ESME_RINVPASWD
		}
		_, _ = conn.Write(frame(0x80000002, status, sequence, "CENTRE\x00"))
	case 4: // submit_sm
		c.take(body)
		// It asks something of its own first: clients must not take that for the answer.
		_, _ = conn.Write(append(frame(0x15, 0, sequence, ""), frame(0x80000004, 0, sequence, "id1\x00")...))
	case 0x15: // enquire_link
		c.enquire++
		_, _ = conn.Write(frame(0x80000015, 0, sequence, ""))
	case 6: // unbind
		_, _ = conn.Write(frame(0x80000006, 0, sequence, ""))
		return false
	}
	return true
}

// take reads a submit_sm (SMPP 3.4, 4.4.1) and puts parts together as a telephone does.
func (c *centre) take(body []byte) {
	r := bytes.NewBuffer(body)
	text := func() string { s, _ := r.ReadString(0); return strings.TrimSuffix(s, "\x00") }
	octet := func() byte { b, _ := r.ReadByte(); return b }
	text() // service type
	octet()
	octet()
	source := text()
	octet()
	octet()
	to, esm := "+"+text(), octet()
	octet()
	octet()
	text()
	text()
	octet()
	octet()
	coding := octet()
	octet()
	data := r.Next(int(octet()))
	if r.Len() != 0 || source != "Okno" || coding != 8 || len(data) > 140 {
		c.got = append(c.got, arrived{text: fmt.Sprintf("malformed: source %q coding %d length %d rest %d", source, coding, len(data), r.Len())})
		return
	}
	if esm&0x40 == 0 {
		c.got = append(c.got, arrived{to: to, text: ucs2(data)})
		return
	}
	id, total, n := fmt.Sprint(to, data[3]), int(data[4]), int(data[5])
	if c.parts[id] == nil {
		c.parts[id] = make([]string, total)
	}
	c.parts[id][n-1] = ucs2(data[6:])
	if n == total {
		c.got = append(c.got, arrived{to: to, text: strings.Join(c.parts[id], "")})
		delete(c.parts, id)
	}
}

func ucs2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)) // a cut pair would show as U+FFFD
}

func (c *centre) set(answer func(w io.Writer, command, sequence uint32, body []byte) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

func (c *centre) arrived() []arrived {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]arrived(nil), c.got...)
}

func client(t *testing.T, addr string) *outbound.SMPP {
	t.Helper()
	s := &outbound.SMPP{Addr: addr, SystemID: "okno", Password: "secret", Source: "Okno", Answer: 300 * time.Millisecond}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSMPPConforms(t *testing.T) {
	t.Parallel()
	c := startCentre(t)
	s := client(t, c.addr)
	s.Answer = 10 * time.Second
	testSender(t, s, phoneTo, false, c.arrived)
	if c.binds != 1 {
		t.Errorf("%d binds for one connection", c.binds)
	}
}

func TestSMPPTellsRepliesApart(t *testing.T) {
	t.Parallel()
	for status, want := range map[uint32]outbound.Fate{
		0x0b: outbound.Refused,  // invalid destination
		0x58: outbound.Deferred, // throttled
		0x14: outbound.Deferred, // queue full
		0x08: outbound.Deferred, // system error
		0x45: outbound.Refused,  // submit failed
	} {
		c := startCentre(t)
		c.set(func(w io.Writer, command, sequence uint32, _ []byte) bool {
			if command != 4 {
				return false
			}
			_, _ = w.Write(frame(0x80000004, status, sequence, ""))
			return true
		})
		s := client(t, c.addr)
		checkFate(t, s, "+79120000001", want)
		c.set(nil)
		if err := s.Send(context.Background(), outbound.Envelope{Key: "ab", To: "+79120000001", Text: "t"}); err != nil || c.binds != 1 {
			t.Errorf("after status %#x the connection is lost: %v, %d binds", status, err, c.binds)
		}
	}
	wrong := client(t, startCentre(t).addr)
	wrong.Password = "wrong"
	checkFate(t, wrong, "+79120000001", outbound.Deferred)
	checkFate(t, client(t, "127.0.0.1:1"), "+79120000001", outbound.Deferred)
	long := client(t, startCentre(t).addr)
	if err := long.Send(context.Background(), outbound.Envelope{Key: "ab", To: "+79120000001", Text: strings.Repeat("д", 671)}); err == nil {
		t.Error("a text of eleven parts was taken")
	}
}

// A centre that misbehaves at the submit: nobody knows what became of the message, and the next one binds anew.
func TestSMPPHostileCentres(t *testing.T) {
	t.Parallel()
	for name, misbehave := range map[string]func(w io.Writer, sequence uint32){
		"silence":             func(io.Writer, uint32) {},
		"closes":              func(w io.Writer, _ uint32) { w.(io.Closer).Close() },
		"another number":      func(w io.Writer, n uint32) { _, _ = w.Write(frame(0x80000004, 0, n+100, "id\x00")) },
		"another answer":      func(w io.Writer, n uint32) { _, _ = w.Write(frame(0x80000015, 0, n, "")) },
		"length below header": func(w io.Writer, _ uint32) { _, _ = w.Write([]byte{0, 0, 0, 5, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2}) },
		"length of gigabytes": func(w io.Writer, _ uint32) {
			_, _ = w.Write([]byte{0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2})
		},
		"half an answer": func(w io.Writer, n uint32) { _, _ = w.Write(frame(0x80000004, 0, n, "id\x00")[:10]) },
		"text":           func(w io.Writer, _ uint32) { _, _ = io.WriteString(w, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		"takes leave":    func(w io.Writer, _ uint32) { _, _ = w.Write(frame(6, 0, 77, "")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCentre(t)
			var once sync.Once
			c.set(func(w io.Writer, command, sequence uint32, _ []byte) (answered bool) {
				if command == 4 {
					once.Do(func() { misbehave(w, sequence); answered = true })
				}
				return answered
			})
			s := client(t, c.addr)
			checkFate(t, s, "+79120000001", outbound.Unknown)
			if err := s.Send(context.Background(), outbound.Envelope{Key: "ab", To: "+79120000002", Text: "t"}); err != nil {
				t.Errorf("the next message: %v", err)
			}
			if got := c.arrived(); len(got) != 1 || got[0].to != "+79120000002" {
				t.Errorf("arrived %v", got)
			}
		})
	}
}

func TestSMPPHostileBinds(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(net.Conn){
		"closes at once": func(net.Conn) {},
		"silence":        func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"garbage":        func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte{0xff}, 100)); _, _ = io.Copy(io.Discard, c) },
		"nack": func(c net.Conn) {
			_, _ = c.Write(frame(0x80000000, 3, 1, ""))
			_, _ = io.Copy(io.Discard, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkFate(t, client(t, listen(t, serve)), "+79120000001", outbound.Deferred)
		})
	}
}

// When a part of a long message is taken and the next is not, the message counts as of unknown fate.
func TestSMPPPartOfAMessage(t *testing.T) {
	t.Parallel()
	c := startCentre(t)
	submits := 0
	c.set(func(w io.Writer, command, sequence uint32, _ []byte) bool {
		if command != 4 {
			return false
		}
		if submits++; submits < 2 {
			return false
		}
		_, _ = w.Write(frame(0x80000004, 0x58, sequence, ""))
		return true
	})
	err := client(t, c.addr).Send(context.Background(), outbound.Envelope{Key: "ab", To: "+79120000001", Text: strings.Repeat("д", 100)})
	var f *outbound.Failure
	if !errors.As(err, &f) || f.Fate != outbound.Unknown {
		t.Errorf("err = %v", err)
	}
}

// A connection that dies while nobody sends costs no message: it is noticed, and the next message binds anew.
func TestSMPPBindsAgain(t *testing.T) {
	t.Parallel()
	c := startCentre(t)
	conns := make(chan net.Conn, 4)
	s := client(t, c.addr)
	s.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			conns <- conn
		}
		return conn, err
	}
	for i := range 3 {
		if err := s.Send(context.Background(), outbound.Envelope{Key: "ab", To: phoneTo(i), Text: "t"}); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		(<-conns).Close()
	}
	if got := c.arrived(); len(got) != 3 || c.binds != 3 {
		t.Errorf("arrived %v with %d binds", got, c.binds)
	}
}

func TestSMPPKeepsTheLineAlive(t *testing.T) {
	t.Parallel()
	c := startCentre(t)
	s := client(t, c.addr)
	s.Keep = 20 * time.Millisecond
	if err := s.Send(context.Background(), outbound.Envelope{Key: "ab", To: "+79120000001", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(5 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		c.mu.Lock()
		n := c.enquire
		c.mu.Unlock()
		if n >= 2 {
			tick.Stop()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d enquire_link", n)
		case <-tick.C:
		}
	}
}
