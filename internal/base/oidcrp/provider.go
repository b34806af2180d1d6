package oidcrp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/fault"
)

// provider is what we know of the identity provider: its metadata and keys.
type provider struct {
	mu      sync.Mutex
	meta    *metadata
	metaAt  time.Time // wall time
	keys    jose.JSONWebKeySet
	keysAt  time.Time
	askedAt time.Time // when an unknown key id made us read the keys
}

type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
	JWKS          string `json:"jwks_uri"`
	AnswersIss    bool   `json:"authorization_response_iss_parameter_supported"`
}

const (
	metaFresh = time.Hour
	keysFresh = 15 * time.Minute
	// keysPause bounds how often an unknown key id makes us ask again.
	keysPause = 10 * time.Second
	maxAnswer = 1 << 20
)

// discover reads the metadata, at most once an hour. A provider that is away
// does not matter while an older copy is at hand.
func (p *Party) discover(ctx context.Context) (*metadata, error) {
	p.provider.mu.Lock()
	defer p.provider.mu.Unlock()
	wall := p.Clock.Wall()
	if p.provider.meta != nil && wall.Sub(p.provider.metaAt) < metaFresh {
		return p.provider.meta, nil
	}
	var m metadata
	err := p.get(ctx, strings.TrimSuffix(p.Config.Issuer, "/")+"/.well-known/openid-configuration", &m)
	if err == nil && m.Issuer != p.Config.Issuer {
		err = fmt.Errorf("the metadata name another issuer")
	}
	if err != nil {
		if p.provider.meta != nil {
			return p.provider.meta, nil
		}
		return nil, away(err)
	}
	p.provider.meta, p.provider.metaAt = &m, wall
	return &m, nil
}

// key finds a signing key by its id. An unknown id means that keys were
// rotated: they are read again, though not more often than keysPause.
func (p *Party) key(ctx context.Context, kid string) (*jose.JSONWebKey, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	p.provider.mu.Lock()
	defer p.provider.mu.Unlock()
	wall := p.Clock.Wall()
	known := p.provider.keys.Key(kid)
	stale := wall.Sub(p.provider.keysAt) > keysFresh
	if stale || len(known) == 0 && wall.Sub(p.provider.askedAt) > keysPause {
		if !stale {
			p.provider.askedAt = wall
		}
		var set jose.JSONWebKeySet
		err := p.get(ctx, m.JWKS, &set)
		switch {
		case err == nil:
			p.provider.keys, p.provider.keysAt = set, wall
		case len(known) == 0:
			return nil, away(err)
		}
		known = p.provider.keys.Key(kid)
	}
	if len(known) != 1 || !known[0].Valid() || !known[0].IsPublic() {
		return nil, errToken
	}
	return &known[0], nil
}

func (p *Party) get(ctx context.Context, address string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := p.client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", req.URL.Path, res.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(v)
}

// answer is what the token endpoint gives.
type answer struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ID        string `json:"id_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Error     string `json:"error"`
}

// errGrant: the provider says that code or refresh token are no longer valid.
var errGrant = errors.New("oidcrp: the provider refuses the grant")

func (p *Party) exchange(ctx context.Context, form url.Values) (*answer, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(p.Config.ClientID), url.QueryEscape(p.Config.ClientSecret)) // RFC 6749, 2.3.1
	res, err := p.client().Do(req)
	if err != nil {
		return nil, away(err)
	}
	defer res.Body.Close()
	var a answer
	err = json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&a)
	switch {
	case res.StatusCode == http.StatusOK && err == nil && a.Access != "" && strings.EqualFold(a.Type, "Bearer"):
		return &a, nil
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, away(fmt.Errorf("token endpoint answers %d", res.StatusCode))
	case a.Error == "invalid_grant":
		return nil, errGrant
	}
	return nil, fmt.Errorf("token endpoint answers %d %q", res.StatusCode, a.Error)
}

// isAway tells whether err is about a provider that does not answer.
func isAway(err error) bool { return fault.Is(err, fault.KindUnavailable) }
