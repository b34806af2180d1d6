package token

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Poster sends a form to a client's address and returns the status. It refuses
// private networks unless they are allowed (base/outcall).
type Poster interface {
	PostForm(ctx context.Context, url string, form map[string]string) (status int, err error)
}

// LogoutArgs names the family whose client must learn that the session ended.
type LogoutArgs struct {
	Family string `json:"family"`
}

// Kind is the job's name.
func (LogoutArgs) Kind() string { return "token.logout" }

// backchannelEvent is the event's name in OpenID Connect Back-Channel Logout, 2.4.
const backchannelEvent = "http://schemas.openid.net/event/backchannel-logout"

// tellLogout delivers one logout token, again until the client has it or the
// attempts are spent. The told_at column makes a repeat harmless.
func (i *Issuer) tellLogout(ctx context.Context, a LogoutArgs) error {
	var f *Family
	var c *client.Client
	var told *time.Time
	err := i.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if f, err = db.Find[Family](ctx, tx, `SELECT `+familyColumns+` FROM token.family WHERE id=$1`, a.Family); err != nil || f == nil {
			return err
		}
		if told, err = db.Get[*time.Time](ctx, tx, `SELECT told_at FROM token.family WHERE id=$1`, a.Family); err != nil {
			return err
		}
		c, err = i.Clients.FindTx(ctx, tx, f.ClientID)
		return err
	})
	if err != nil {
		return fmt.Errorf("tell logout: %w", err)
	}
	if f == nil || told != nil || c == nil || c.BackchannelURI == "" || i.Poster == nil {
		return nil
	}
	raw, err := i.logoutToken(ctx, f)
	if err != nil {
		return err
	}
	status, err := i.Poster.PostForm(ctx, c.BackchannelURI, map[string]string{"logout_token": raw})
	if err != nil {
		return fmt.Errorf("tell logout to %s: %w", c.ID, err)
	}
	if status != 200 && status != 204 {
		return fmt.Errorf("tell logout to %s: status %d", c.ID, status)
	}
	return i.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE token.family SET told_at=$2 WHERE id=$1`, f.ID, i.Clock.Now())
		return err
	})
}

// logoutToken follows OpenID Connect Back-Channel Logout, 2.4: no nonce.
func (i *Issuer) logoutToken(ctx context.Context, f *Family) (string, error) {
	wall := i.Clock.Wall()
	return i.Keys.Sign(ctx, "logout+jwt", map[string]any{
		"iss": i.URL, "aud": f.ClientID, "sub": person.FormatOID(f.OID), "sid": f.SessionID, "jti": db.NewID(),
		"iat": wall.Unix(), "exp": wall.Add(2 * time.Minute).Unix(),
		"events": map[string]any{backchannelEvent: map[string]any{}},
	})
}

// SignEvent signs a security event token (RFC 8417); with Issuer it fills
// event.Signer.
func (i *Issuer) SignEvent(ctx context.Context, claims []byte) (string, error) {
	return i.Keys.Sign(ctx, "secevent+jwt", json.RawMessage(claims))
}

// Issuer is the issuer identifier.
func (i *Issuer) Issuer() string { return i.URL }

func joinScopes(s []string) string { return strings.Join(s, " ") }
