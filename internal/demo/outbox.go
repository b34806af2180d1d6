package demo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is an SMS or e-mail that arrived.
type Message struct {
	At      time.Time `json:"at"` // domain time of arrival
	Channel string    `json:"channel"`
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	ID      string    `json:"id"` // stable id of the sender: a repeat arrives once
}

// Outbox keeps what arrived, newest last, over restarts. It is bounded: the
// demo forgets its oldest messages.
type Outbox struct {
	mu   sync.Mutex
	path string
	all  []Message
	seen map[string]bool
}

const maxMessages = 5000

// OpenOutbox reads the messages of earlier runs from a file of JSON lines.
func OpenOutbox(path string) (*Outbox, error) {
	o := &Outbox{path: path, seen: map[string]bool{}}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("demo outbox: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var m Message
		// A line cut by kill -9 is the last one and was never shown.
		if json.Unmarshal(lines.Bytes(), &m) == nil {
			o.keep(m)
		}
	}
	return o, lines.Err()
}

func (o *Outbox) keep(m Message) bool {
	if m.ID != "" {
		if o.seen[m.Channel+m.ID] {
			return false
		}
		o.seen[m.Channel+m.ID] = true
	}
	o.all = append(o.all, m)
	if len(o.all) > maxMessages {
		o.all = slices.Delete(o.all, 0, len(o.all)-maxMessages)
	}
	return true
}

// Add takes a message in; one with a known id is dropped, as a phone would not.
func (o *Outbox) Add(m Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.keep(m) {
		return nil
	}
	if o.path == "" {
		return nil
	}
	f, err := os.OpenFile(o.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("demo outbox: %w", err)
	}
	defer f.Close()
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("demo outbox: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	return err
}

// List returns at most limit messages, the newest first; to filters by a part
// of the address.
func (o *Outbox) List(to string, limit int) []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := []Message{}
	for i := len(o.all) - 1; i >= 0 && len(out) < limit; i-- {
		if to == "" || strings.Contains(strings.ToLower(o.all[i].To), strings.ToLower(to)) {
			out = append(out, o.all[i])
		}
	}
	return out
}
