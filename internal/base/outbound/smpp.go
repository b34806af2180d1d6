package outbound

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// SMPP sends SMS through a message centre that speaks SMPP 3.4. It binds as a transmitter at the first message, keeps
// the connection and binds again when it is lost. One value is one connection; Close it at the end.
type SMPP struct {
	Addr     string // host:port
	SystemID string
	Password string
	Source   string // what the person sees as sender: a name of at most 11 Latin characters or a number
	// Dial replaces the dialer; nil: the net package's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Answer bounds the wait for a response; zero: 10 seconds. Keep is the pause between enquire_link; zero: 30 seconds.
	Answer, Keep time.Duration

	mu      sync.Mutex
	session *smppSession
}

// freshFor is how long after its last answer a connection is trusted without asking.
const freshFor = 5 * time.Second

// Send submits one message, in parts if it is long.
func (s *SMPP) Send(ctx context.Context, e Envelope) error {
	reference, _ := hex.DecodeString(e.Key[:min(2, len(e.Key))])
	parts, err := smsParts(e.Text, append(reference, 0)[0])
	if err != nil {
		return &Failure{Refused, "message centre: " + err.Error()}
	}
	session, err := s.bound(ctx)
	if err != nil {
		return err
	}
	for i, part := range parts {
		err := s.submit(ctx, session, e.To, part, len(parts) > 1)
		if err == errLostBefore && i == 0 {
			// The line was lost while nobody sent, and nothing was written on it: one more connection is safe.
			next, berr := s.bound(ctx)
			if berr != nil {
				return berr
			}
			session = next
			err = s.submit(ctx, session, e.To, part, len(parts) > 1)
		}
		if err != nil {
			if i > 0 && err.Fate != Refused {
				return &Failure{Unknown, err.Reason} // a part of it has arrived
			}
			return err
		}
	}
	return nil
}

// errLostBefore is the failure of a submit of which no octet was sent.
var errLostBefore = &Failure{Deferred, "message centre: no connection"}

// submit sends one part.
func (s *SMPP) submit(ctx context.Context, session *smppSession, to string, data []byte, parted bool) *Failure {
	ton, npi := byte(5), byte(0) // alphanumeric
	if source := strings.TrimPrefix(s.Source, "+"); source != "" && strings.Trim(source, "0123456789") == "" {
		ton, npi = 1, 1
	}
	var esm byte
	if parted {
		esm = 0x40 // the user data begins with a header
	}
	b := cstring(nil, "", 6)
	b = append(b, ton, npi)
	b = cstring(b, strings.TrimPrefix(s.Source, "+"), 21)
	b = append(b, 1, 1) // international, E.164
	b = cstring(b, strings.TrimPrefix(to, "+"), 21)
	b = append(b, esm, 0, 0)
	b = cstring(b, "", 17)
	b = cstring(b, "", 17)
	b = append(b, 0, 0, 8, 0, byte(len(data))) // no receipt, UCS2
	b = append(b, data...)
	res, err := session.request(ctx, cmdSubmit, b)
	switch {
	case errors.Is(err, errNotWritten):
		session.close()
		return errLostBefore
	case err != nil:
		session.close()
		return &Failure{Unknown, "message centre: " + lineError(err)}
	case res.status == 0 && res.command == cmdSubmit|cmdResponse:
		return nil
	}
	reason := fmt.Sprintf("message centre: status 0x%08x", res.status)
	switch res.status {
	case statusThrottled, statusQueueFull, statusSystemError:
		return &Failure{Deferred, reason}
	case 0:
		return &Failure{Unknown, "message centre: " + errPDU.Error()}
	}
	return &Failure{Refused, reason}
}

func lineError(err error) string {
	var ne net.Error
	switch {
	case errors.Is(err, errPDU):
		return errPDU.Error()
	case errors.Is(err, errNoAnswer), errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return "no answer in time"
	}
	return "the connection broke"
}

// bound gives a live session: the kept one if it answers, else a new one.
func (s *SMPP) bound(ctx context.Context) (*smppSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil && s.session.alive(ctx) {
		return s.session, nil
	}
	s.drop()
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, &Failure{Deferred, "message centre: no connection"}
	}
	session := newSMPPSession(conn, positive(s.Answer, 10*time.Second), positive(s.Keep, 30*time.Second))
	b := cstring(nil, s.SystemID, 16)
	b = cstring(b, s.Password, 9)
	b = cstring(b, "", 13)
	b = append(b, 0x34, 0, 0)
	b = cstring(b, "", 41)
	res, err := session.request(ctx, cmdBindTransmitter, b)
	if err == nil && (res.status != 0 || res.command != cmdBindTransmitter|cmdResponse) {
		err = fmt.Errorf("bind refused with status 0x%08x", res.status)
		session.close()
		return nil, &Failure{Deferred, "message centre: " + err.Error()}
	}
	if err != nil {
		session.close()
		return nil, &Failure{Deferred, "message centre: bind: " + lineError(err)}
	}
	s.session = session
	return session, nil
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

func (s *SMPP) drop() {
	if s.session != nil {
		s.session.close()
		s.session = nil
	}
}

// Close takes leave of the message centre and ends the connection.
func (s *SMPP) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_, _ = s.session.request(ctx, cmdUnbind, nil) // the connection ends in any case
		s.drop()
	}
	return nil
}

var (
	errNotWritten = errors.New("connection is closed")
	errNoAnswer   = errors.New("no answer in time")
)

// smppSession is one connection: requests wait for the response of their number, a reader hands responses out and
// answers what the message centre asks by itself.
type smppSession struct {
	conn   net.Conn
	answer time.Duration
	gone   chan struct{}

	mu       sync.Mutex // guards all below, and keeps writes whole
	sequence uint32
	waiting  map[uint32]chan pdu
	closed   bool
	err      error     // why the connection ended
	heard    time.Time // when the centre spoke last, wall time
}

func newSMPPSession(conn net.Conn, answer, keep time.Duration) *smppSession {
	s := &smppSession{conn: conn, answer: answer, gone: make(chan struct{}), waiting: map[uint32]chan pdu{}}
	go s.readAll()
	go s.keepAlive(keep)
	return s
}

// request sends a PDU and waits for its response. errNotWritten says that nothing was sent.
func (s *smppSession) request(ctx context.Context, command uint32, body []byte) (pdu, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return pdu{}, errNotWritten
	}
	s.sequence = s.sequence%0x7fffffff + 1
	number, response := s.sequence, make(chan pdu, 1)
	s.waiting[number] = response
	err := s.write(pdu{command: command, sequence: number, body: body})
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, number)
		s.mu.Unlock()
	}()
	if err != nil {
		return pdu{}, err
	}
	timer := time.NewTimer(s.answer)
	defer timer.Stop()
	select {
	case p := <-response:
		return p, nil
	case <-s.gone:
		return pdu{}, s.reason()
	case <-ctx.Done():
		return pdu{}, ctx.Err()
	case <-timer.C:
		return pdu{}, errNoAnswer
	}
}

// write needs the lock.
func (s *smppSession) write(p pdu) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.answer)); err != nil {
		return errNotWritten
	}
	n, err := s.conn.Write(p.bytes())
	if err != nil && n == 0 {
		return errNotWritten
	}
	return err
}

func (s *smppSession) readAll() {
	for {
		p, err := readPDU(s.conn)
		if err != nil {
			s.end(err)
			return
		}
		s.mu.Lock()
		s.heard = time.Now()
		if p.command&cmdResponse != 0 {
			if response, ok := s.waiting[p.sequence]; ok {
				delete(s.waiting, p.sequence) // a second response to the same number is nobody's
				response <- p
			}
			s.mu.Unlock()
			continue
		}
		answer := pdu{command: p.command | cmdResponse, sequence: p.sequence}
		if p.command != cmdEnquireLink && p.command != cmdUnbind {
			answer = pdu{command: cmdGenericNack, status: statusInvalidCommand, sequence: p.sequence}
		}
		err = s.write(answer)
		s.mu.Unlock()
		if err != nil || p.command == cmdUnbind {
			s.end(err)
			return
		}
	}
}

// keepAlive asks the centre now and then, so that a dead line is noticed while nobody sends.
func (s *smppSession) keepAlive(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.gone:
			return
		case <-tick.C:
			if _, err := s.request(context.Background(), cmdEnquireLink, nil); err != nil {
				s.end(err)
				return
			}
		}
	}
}

// alive tells whether the connection may be trusted with a message; after silence it asks.
func (s *smppSession) alive(ctx context.Context) bool {
	s.mu.Lock()
	closed, fresh := s.closed, time.Since(s.heard) < freshFor
	s.mu.Unlock()
	if closed || fresh {
		return !closed
	}
	_, err := s.request(ctx, cmdEnquireLink, nil)
	return err == nil
}

func (s *smppSession) close() { s.end(errNotWritten) }

func (s *smppSession) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed, s.err = true, err
	close(s.gone)
	s.conn.Close()
}

func (s *smppSession) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(s.err, errNotWritten) {
		return net.ErrClosed // written, and closed before the answer: not the same as never written
	}
	return s.err
}
