package exchange

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/okno-gov/okno/internal/idp/event"
)

// Push sends to relying parties. HTTP must refuse private networks, since the
// addresses are theirs (base/outcall).
type Push struct{ HTTP *http.Client }

// SendEvent fills event.Sender: RFC 8935, push of a security event token. Any 2xx
// means that the receiver has it.
func (p *Push) SendEvent(ctx context.Context, r event.Receiver, token string) error {
	status, err := p.post(ctx, r.Endpoint, "application/secevent+jwt", token)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("push event to %s: status %d", r.ID, status)
	}
	return nil
}

// PostForm fills token.Poster: back-channel logout.
func (p *Push) PostForm(ctx context.Context, address string, form map[string]string) (int, error) {
	values := url.Values{}
	for k, v := range form {
		values.Set(k, v)
	}
	return p.post(ctx, address, "application/x-www-form-urlencoded", values.Encode())
}

func (p *Push) post(ctx context.Context, address, contentType, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("push: unusable address")
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	res, err := p.HTTP.Do(req)
	if err != nil {
		return 0, fmt.Errorf("push: %w", withoutURL(err))
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // lets the connection be used again
	return res.StatusCode, nil
}
