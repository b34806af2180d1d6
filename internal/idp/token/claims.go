package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/person"
)

// idLife is short: an id token tells of a sign-in that has just happened.
const idLife = 10 * time.Minute

// idClaims gathers what an id token says of the person. With scope fullname it
// carries the names, which saves a relying party the call of userinfo.
func (i *Issuer) idClaims(ctx context.Context, f *Family, scopes []string) (map[string]any, error) {
	who, err := i.Persons.Known(ctx, f.OID)
	if err != nil {
		return nil, err
	}
	claims := identity(f, who)
	if slices.Contains(scopes, "fullname") {
		names(claims, &who.Person)
	}
	return claims, nil
}

// signID makes the id token (OpenID Connect Core, 2).
func (i *Issuer) signID(ctx context.Context, c *client.Client, t *Tokens) (string, error) {
	wall, claims, f := i.Clock.Wall(), t.identity, t.Family
	half := sha256.Sum256([]byte(t.Access))
	claims["iss"] = i.URL
	claims["aud"] = c.ID
	claims["azp"] = c.ID
	claims["iat"] = wall.Unix()
	claims["exp"] = wall.Add(idLife).Unix()
	// Domain time may be ahead of the wall in a demonstration; what a foreign
	// program compares with its own clock must not.
	claims["auth_time"] = wall.Add(-i.Clock.Now().Sub(f.AuthTime)).Unix()
	claims["acr"] = f.ACR
	claims["amr"] = f.AMR
	claims["sid"] = f.SessionID
	claims["at_hash"] = base64.RawURLEncoding.EncodeToString(half[:16])
	if f.Nonce != "" {
		claims["nonce"] = f.Nonce
	}
	return i.Keys.Sign(ctx, typID, claims)
}

// identity is what every client may know: the number, how surely it is known,
// and the language to speak (ID-SSO-03, ID-LVL-13).
func identity(f *Family, who *person.Known) map[string]any {
	level := min(f.Level, who.Level)
	claims := map[string]any{"sub": person.FormatOID(f.OID), "okno_level": int(level), "locale": who.Locale}
	if level >= person.Confirmed && who.Proofing != nil {
		claims["okno_proofing"] = who.Proofing.Method
	}
	return claims
}

func names(claims map[string]any, who *person.Person) {
	put := func(k, v string) {
		if v != "" {
			claims[k] = v
		}
	}
	put("name", who.FullName())
	put("family_name", who.Surname)
	put("given_name", who.Given)
	put("middle_name", who.Patronymic)
}

// UserInfo gives the claims of a checked token (OpenID Connect Core, 5.3): only
// what its scopes permit, only what is known.
func (i *Issuer) UserInfo(ctx context.Context, a *Access) (map[string]any, error) {
	who, err := i.Persons.Known(ctx, a.OID)
	if err != nil {
		return nil, fmt.Errorf("user info: %w", err)
	}
	claims := identity(a.Family, who)
	claims["updated_at"] = who.UpdatedAt.Unix()
	if a.Has("fullname") {
		names(claims, &who.Person)
	}
	if a.Has("birthdate") && who.BirthDate != nil {
		claims["birthdate"] = who.BirthDate.Format(time.DateOnly)
	}
	if g := map[string]string{"M": "male", "F": "female"}[who.Sex]; g != "" && a.Has("gender") {
		claims["gender"] = g
	}
	if a.Has("mobile", "email", "contacts") {
		err = i.DB.Read(ctx, func(tx *db.Tx) error { return i.contacts(ctx, tx, a, claims) })
	}
	if err != nil {
		return nil, fmt.Errorf("user info: %w", err)
	}
	return claims, nil
}

// contacts adds confirmed contacts alone: nobody may take an address for the
// person's that he has not proven to be his.
func (i *Issuer) contacts(ctx context.Context, tx *db.Tx, a *Access, claims map[string]any) error {
	list, err := i.Persons.Contacts(ctx, tx, a.OID)
	if err != nil {
		return err
	}
	for _, c := range list {
		switch {
		case !c.Confirmed:
		case c.Kind == person.Phone && a.Has("mobile", "contacts"):
			claims["phone_number"], claims["phone_number_verified"] = c.Value, true
		case c.Kind == person.Email && a.Has("email", "contacts"):
			claims["email"], claims["email_verified"] = c.Value, true
		}
	}
	return nil
}
