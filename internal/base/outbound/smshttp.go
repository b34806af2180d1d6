package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// SMSGateway sends SMS through an HTTP gateway: POST {"id","to","text"} as JSON with a bearer token, 2xx means taken.
// The id is the same for the same message, also as Idempotency-Key, so that a gateway can drop doubles.
type SMSGateway struct {
	URL    string
	Token  string
	Sender string // shown to the person; empty: the gateway's own
	Client *http.Client
}

// Send hands one message to the gateway.
func (g *SMSGateway) Send(ctx context.Context, e Envelope) error {
	body, err := json.Marshal(struct {
		ID   string `json:"id"`
		From string `json:"from,omitempty"`
		To   string `json:"to"`
		Text string `json:"text"`
	}{e.Key, g.Sender, e.To, e.Text})
	if err != nil {
		return &Failure{Refused, "SMS gateway: the text is not UTF-8"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return &Failure{Deferred, "SMS gateway: the address cannot be read"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", e.Key)
	if g.Token != "" {
		req.Header.Set("Authorization", "Bearer "+g.Token)
	}
	res, err := g.Client.Do(req)
	if err != nil {
		return httpFailure(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // lets the connection be used again
	reason := fmt.Sprintf("SMS gateway: status %d", res.StatusCode)
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden, // an administrator mends these
		res.StatusCode == http.StatusRequestTimeout, res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable:
		return &Failure{Deferred, reason}
	case res.StatusCode/100 == 4:
		return &Failure{Refused, reason}
	}
	return &Failure{Unknown, reason}
}

// httpFailure tells a connection that never was from one that broke.
func httpFailure(err error) *Failure {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &Failure{Deferred, "SMS gateway: no connection"}
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return &Failure{Unknown, "SMS gateway: no answer in time"}
	}
	return &Failure{Unknown, "SMS gateway: the connection broke"}
}
