package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// Desk is the demo desk's JSON API: phone, mail, clock and registers.
type Desk struct {
	URL  func(site, path string) string
	HTTP *http.Client
}

// Desk of a running demo.
func (p *Process) Desk() *Desk {
	return &Desk{URL: p.URL, HTTP: &http.Client{Transport: Transport(), Timeout: 5 * time.Minute}}
}

// Call asks the desk; in and out may be nil.
func (d *Desk) Call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, d.URL("demo", path), &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := d.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.400s", method, path, res.Status, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// Advance moves domain time and does what has become due.
func (d *Desk) Advance(ctx context.Context, by string) error {
	return d.Call(ctx, http.MethodPost, "/api/clock/advance", map[string]string{"by": by}, nil)
}

// Tell gives a register its order: records, match, mismatch, delay, 500, nothing.
func (d *Desk) Tell(ctx context.Context, register, mode string) error {
	return d.Call(ctx, http.MethodPost, "/api/registers/"+register, map[string]string{"mode": mode}, nil)
}

// Message is an SMS or e-mail that arrived.
type Message struct {
	Channel string `json:"channel"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	ID      string `json:"id"`
}

// Messages are those to one address, the newest first.
func (d *Desk) Messages(ctx context.Context, to string) ([]Message, error) {
	var out []Message
	err := d.Call(ctx, http.MethodGet, "/api/outbox?to="+url.QueryEscape(to), nil, &out)
	return out, err
}

// Await waits for a message that matches and returns the last group of the
// pattern.
func (d *Desk) Await(ctx context.Context, to string, pattern *regexp.Regexp, within time.Duration) (string, error) {
	deadline := time.Now().Add(within)
	for {
		list, err := d.Messages(ctx, to)
		if err != nil {
			return "", err
		}
		for _, m := range list {
			if g := pattern.FindStringSubmatch(m.Subject + "\n" + m.Text); g != nil {
				return g[len(g)-1], nil
			}
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("no message to %s matches %s", to, pattern)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Account is a demo account with its login.
type Account struct {
	Surname  string `json:"surname"`
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Email    string `json:"email"`
	Level    int    `json:"level"`
	Code     string `json:"code"` // of staff, now
	Password string `json:"-"`
}

// Account finds a demo account by surname.
func (d *Desk) Account(ctx context.Context, surname string) (Account, error) {
	var out struct {
		Password string    `json:"password"`
		Accounts []Account `json:"accounts"`
	}
	if err := d.Call(ctx, http.MethodGet, "/api/accounts", nil, &out); err != nil {
		return Account{}, err
	}
	for _, a := range out.Accounts {
		if a.Surname == surname {
			a.Password = out.Password
			return a, nil
		}
	}
	return Account{}, fmt.Errorf("no demo account %s", surname)
}
