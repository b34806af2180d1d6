// Package exchange holds the identity provider's adapters to the outside: the
// registers of МВД (XML), the Social Fund and the Tax Service (JSON), and the push of security
// events and logout tokens to relying parties. Each fills an interface of the
// context that needs it; app alone imports this package.
//
// A register is asked by POST with a bearer token and the question's id, which is
// the same in every repeat, so that a register may recognise it. It answers 200
// with match, mismatch with a reason's code, or pending. Anything else, and no
// answer within the time of the HTTP client, counts as away.
package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/okno-gov/okno/internal/idp/enrol"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// Endpoint is one outside system.
type Endpoint struct {
	URL   string // base, without a slash at the end
	Token string // bearer token that the system gave us
	HTTP  *http.Client
}

// post sends a body and returns the answer's body for status 200.
func (e *Endpoint) post(ctx context.Context, path, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", contentType)
	req.Header.Set("Authorization", "Bearer "+e.Token)
	res, err := e.HTTP.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", res.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("read answer: %w", err)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return raw, nil
}

// withoutURL drops the address from an error of net/http: logs need none.
func withoutURL(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost carries the address
		return u.Err
	}
	return err
}

// answer reads what both protocols have in common.
func answer(wantID, id, result, reason string) (enrol.Answer, error) {
	if id != wantID {
		return enrol.Answer{}, fmt.Errorf("the answer belongs to another question")
	}
	switch r := enrol.Result(strings.TrimSpace(result)); r {
	case enrol.Match, enrol.Pending:
		return enrol.Answer{Result: r}, nil
	case enrol.Mismatch:
		return enrol.Answer{Result: r, Reason: strings.TrimSpace(reason)}, nil
	default:
		return enrol.Answer{}, fmt.Errorf("unknown result")
	}
}
