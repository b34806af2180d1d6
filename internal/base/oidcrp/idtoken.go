package oidcrp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// errToken reports a token that we must not believe.
var errToken = errors.New("oidcrp: token is not valid")

// skew is how far the provider's clock may differ from ours.
const skew = time.Minute

// algorithms that we believe; "none" and the symmetric ones are not among them.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA}

// Claims is what an id token says of the person.
type Claims struct {
	Name       string    `json:"name,omitempty"`
	GivenName  string    `json:"given_name,omitempty"`
	FamilyName string    `json:"family_name,omitempty"`
	MiddleName string    `json:"middle_name,omitempty"`
	Level      int       `json:"okno_level"`              // 1 simplified, 2 standard, 3 confirmed
	Proofing   string    `json:"okno_proofing,omitempty"` // how identity was confirmed
	ACR        string    `json:"acr,omitempty"`
	AMR        []string  `json:"amr,omitempty"`
	Locale     string    `json:"locale,omitempty"`
	AuthTime   time.Time `json:"-"`
}

// wire are the claims that only checks need.
type wire struct {
	Claims
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience audience                   `json:"aud"`
	Party    string                     `json:"azp"`
	Expires  int64                      `json:"exp"`
	Issued   int64                      `json:"iat"`
	AuthUnix int64                      `json:"auth_time"`
	Nonce    string                     `json:"nonce"`
	AtHash   string                     `json:"at_hash"`
	SID      string                     `json:"sid"`
	JTI      string                     `json:"jti"`
	Events   map[string]json.RawMessage `json:"events"`
}

// audience is one string or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// verify checks the signature of a token and that it is not of another kind, and
// answers its claims.
func (p *Party) verify(ctx context.Context, raw string, types ...string) ([]byte, error) {
	if len(raw) > 64<<10 {
		return nil, errToken
	}
	obj, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil || len(obj.Signatures) != 1 {
		return nil, errToken
	}
	h := obj.Signatures[0].Protected
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); !slices.Contains(types, typ) {
		return nil, errToken
	}
	key, err := p.key(ctx, h.KeyID)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != h.Algorithm {
		return nil, errToken
	}
	payload, err := obj.Verify(key.Key)
	if err != nil {
		return nil, errToken
	}
	return payload, nil
}

// open checks signature, issuer, audience and times of a token and that it is
// not of another kind.
func (p *Party) open(ctx context.Context, raw string, types ...string) (*wire, error) {
	payload, err := p.verify(ctx, raw, types...)
	if err != nil {
		return nil, err
	}
	var c wire
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errToken
	}
	wall := p.Clock.Wall()
	switch {
	case c.Issuer != p.Config.Issuer,
		!slices.Contains(c.Audience, p.Config.ClientID),
		len(c.Audience) > 1 && c.Party != p.Config.ClientID,
		c.Party != "" && c.Party != p.Config.ClientID,
		c.Expires == 0 || !wall.Before(time.Unix(c.Expires, 0).Add(skew)),
		c.Issued == 0 || time.Unix(c.Issued, 0).After(wall.Add(skew)):
		return nil, errToken
	}
	return &c, nil
}

// identity checks an id token (OpenID Connect Core, 3.1.3.7).
func (p *Party) identity(ctx context.Context, a *answer, nonce string) (*wire, error) {
	c, err := p.open(ctx, a.ID, "JWT", "")
	if err != nil {
		return nil, err
	}
	if c.Subject == "" || nonce == "" || c.Nonce != nonce || c.Events != nil {
		return nil, errToken
	}
	if c.AtHash != "" {
		sum := sha256.Sum256([]byte(a.Access))
		if c.AtHash != base64.RawURLEncoding.EncodeToString(sum[:16]) {
			return nil, errToken
		}
	}
	c.AuthTime = time.Unix(c.AuthUnix, 0).UTC()
	return c, nil
}

const backchannelEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken checks a logout token (Back-Channel Logout, 2.6).
func (p *Party) logoutToken(ctx context.Context, raw string) (*wire, error) {
	c, err := p.open(ctx, raw, "logout+jwt", "JWT", "")
	if err != nil {
		return nil, err
	}
	_, event := c.Events[backchannelEvent]
	if !event || c.Nonce != "" || c.JTI == "" || c.SID == "" && c.Subject == "" {
		return nil, errToken
	}
	return c, nil
}
