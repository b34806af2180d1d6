package outbound

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Envelope is a message on its way to a gateway.
type Envelope struct {
	Key     string // stable for the message: hexadecimal, names nobody
	To      string
	Subject string
	Text    string
	HTML    string
	Date    time.Time
}

// Sender hands messages to a gateway. Send returns nil when the gateway has taken the message, else a [*Failure];
// another error counts as Unknown. It is called from many goroutines.
type Sender interface {
	Send(ctx context.Context, e Envelope) error
}

// Fate is what is known of a message after a failed attempt.
type Fate int

const (
	// Unknown: it may have been sent, for instance when the line broke before the answer.
	Unknown Fate = iota
	// Deferred: surely not sent; another attempt makes sense.
	Deferred
	// Refused: surely not sent; another attempt would be refused as well.
	Refused
)

var fates = [...]string{"unknown whether it was sent", "not sent yet", "refused"}

func (f Fate) String() string { return fates[f] }

// Failure tells what became of an attempt. Reason is for operators; it never holds address or text.
type Failure struct {
	Fate   Fate
	Reason string
}

func (f *Failure) Error() string { return f.Fate.String() + ": " + f.Reason }

func failure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Unknown, "the sender failed"}
}

// Box is a sender that keeps messages in memory: for tests, and for a demo without gateways.
// It holds the newest thousand.
type Box struct {
	mu       sync.Mutex
	messages []Envelope
	fail     error
}

const boxSize = 1000

// Send keeps the message, or fails as [Box.Fail] said.
func (b *Box) Send(_ context.Context, e Envelope) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	if len(b.messages) == boxSize {
		b.messages = append(b.messages[:0], b.messages[1:]...)
	}
	b.messages = append(b.messages, e)
	return nil
}

// Fail makes all further attempts fail with err, usually a [*Failure]; nil ends that.
func (b *Box) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// Messages gives what was sent, the oldest first.
func (b *Box) Messages() []Envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Envelope(nil), b.messages...)
}

// To gives what was sent to an address, the oldest first.
func (b *Box) To(address string) (out []Envelope) {
	for _, e := range b.Messages() {
		if e.To == address {
			out = append(out, e)
		}
	}
	return out
}
