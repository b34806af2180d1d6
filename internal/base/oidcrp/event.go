package oidcrp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// SecurityEvent is a security event token (RFC 8417) that we may believe.
type SecurityEvent struct {
	ID      string // jti: the same event has the same
	Subject string
	Issued  time.Time                  // wall time of the provider
	Events  map[string]json.RawMessage // by the event's identifier
}

// InvalidToken tells whether err reports a token that we must not believe, as
// opposed to a provider whose keys could not be fetched.
func InvalidToken(err error) bool { return errors.Is(err, errToken) }

// SecurityEvent checks a security event token: signature by a published key,
// issuer, audience, and a type of its own, so that no other token of the
// provider passes for one. These tokens do not expire (RFC 8417, 2.2): the
// receiver keeps the ids that it has seen.
func (p *Party) SecurityEvent(ctx context.Context, raw string) (*SecurityEvent, error) {
	payload, err := p.verify(ctx, raw, "secevent+jwt")
	if err != nil {
		return nil, err
	}
	var c struct {
		Issuer   string   `json:"iss"`
		Subject  string   `json:"sub"`
		Audience audience `json:"aud"`
		JTI      string   `json:"jti"`
		Issued   int64    `json:"iat"`
		SubID    struct {
			Format  string `json:"format"`
			Issuer  string `json:"iss"`
			Subject string `json:"sub"`
		} `json:"sub_id"`
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errToken
	}
	// RFC 9493: the subject is an identifier of this issuer.
	if c.SubID.Format != "" {
		if c.SubID.Format != "iss_sub" || c.SubID.Issuer != p.Config.Issuer || (c.Subject != "" && c.Subject != c.SubID.Subject) {
			return nil, errToken
		}
		c.Subject = c.SubID.Subject
	}
	issued := time.Unix(c.Issued, 0)
	switch {
	case c.Issuer != p.Config.Issuer, !slices.Contains(c.Audience, p.Config.ClientID),
		c.JTI == "" || len(c.JTI) > 200, c.Subject == "" || len(c.Subject) > 200, len(c.Events) == 0,
		c.Issued == 0 || issued.After(p.Clock.Wall().Add(skew)):
		return nil, errToken
	}
	return &SecurityEvent{ID: c.JTI, Subject: c.Subject, Issued: issued.UTC(), Events: c.Events}, nil
}
