package oidc

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/idp/client"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLife bounds how far ahead exp may lie, and so how long ids are kept.
const assertionLife = 10 * time.Minute

type assertionClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Expires  int64           `json:"exp"`
	JTI      string          `json:"jti"`
}

// byAssertion is private_key_jwt (OpenID Connect Core, 9; RFC 7523, 3) with a
// key of a registered certificate.
func (p *Provider) byAssertion(ctx context.Context, typ, id, raw string) (*client.Client, error) {
	if typ != assertionType {
		return nil, bad("invalid_request", "client_assertion_type must be "+assertionType)
	}
	obj, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256})
	if err != nil {
		return nil, client.ErrCredentials
	}
	var cl assertionClaims
	if err := json.Unmarshal(obj.UnsafePayloadWithoutVerification(), &cl); err != nil || cl.Issuer == "" || cl.Issuer != cl.Subject || id != "" && id != cl.Subject {
		return nil, client.ErrCredentials
	}
	c, certs, err := p.Clients.Certified(ctx, cl.Subject)
	if err != nil {
		return nil, err
	}
	wall := p.Clock.Wall()
	known := false
	for _, cert := range certs {
		if wall.Before(cert.NotBefore) || wall.After(cert.NotAfter) {
			continue
		}
		if _, err := obj.Verify(cert.PublicKey); err == nil {
			known = true
			break
		}
	}
	exp := time.Unix(cl.Expires, 0)
	if !known || !p.addressed(cl.Audience) || cl.JTI == "" || !wall.Before(exp) || exp.After(wall.Add(assertionLife)) {
		return nil, client.ErrCredentials
	}
	fresh, err := p.Issuer.UseAssertion(ctx, c.ID, cl.JTI, exp)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, client.ErrCredentials
	}
	return c, nil
}

// addressed accepts the issuer or the token endpoint as audience, alone or in a list.
func (p *Provider) addressed(aud json.RawMessage) bool {
	var one string
	var many []string
	if json.Unmarshal(aud, &one) == nil {
		many = []string{one}
	} else if json.Unmarshal(aud, &many) != nil {
		return false
	}
	return slices.Contains(many, p.Issuer.URL) || slices.Contains(many, p.Issuer.URL+PathToken)
}
