package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/person"
)

func revokeFamily(ctx context.Context, tx *db.Tx, id, why string, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE token.family SET revoked_at=$2, revoked_for=$3 WHERE id=$1 AND revoked_at IS NULL`, id, now, why); err != nil {
		return err
	}
	return tx.Changed(ctx, topic, id)
}

// Revoke ends the family of a token of this client (RFC 7009): of a refresh
// token, or of an access token. An unknown or foreign token is no error.
func (i *Issuer) Revoke(ctx context.Context, c *client.Client, raw string) error {
	var cl accessClaims
	if _, err := i.Keys.open(ctx, raw, typAccess, &cl); err != nil && !errors.Is(err, errSignature) {
		return err
	}
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		id := cl.Family
		if id == "" {
			var ok bool
			if id, ok = i.familyOf(raw); !ok {
				old, err := db.Find[string](ctx, tx, `SELECT family_id::text FROM token.refresh WHERE hash=$1`, crypt.HashToken(raw))
				if err != nil || old == nil {
					return err
				}
				id = *old
			}
		}
		_, err := tx.Exec(ctx, `UPDATE token.family SET revoked_at=$3, revoked_for='client' WHERE id=$1 AND client_id=$2 AND revoked_at IS NULL`,
			id, c.ID, i.Clock.Now())
		if err != nil {
			return err
		}
		return tx.Changed(ctx, topic, id)
	})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// Introspection is the answer of RFC 7662; Active false carries nothing else.
type Introspection struct {
	Active   bool   `json:"active"`
	Scope    string `json:"scope,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	Subject  string `json:"sub,omitempty"`
	Type     string `json:"token_type,omitempty"`
	Issuer   string `json:"iss,omitempty"`
	Audience string `json:"aud,omitempty"`
	Issued   int64  `json:"iat,omitempty"`
	Expires  int64  `json:"exp,omitempty"`
	JTI      string `json:"jti,omitempty"`
	Session  string `json:"sid,omitempty"`
	ACR      string `json:"acr,omitempty"`
	Level    int    `json:"okno_level,omitempty"`
}

// Introspect tells a client about an access token of its own; a foreign one is
// inactive for it, so that tokens cannot be tried out.
func (i *Issuer) Introspect(ctx context.Context, c *client.Client, raw string) (Introspection, error) {
	a, err := i.Check(ctx, raw)
	if errors.Is(err, ErrToken) || err == nil && a.ClientID != c.ID {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	who, err := i.Persons.Known(ctx, a.OID)
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Scope: joinScopes(a.Scopes), ClientID: a.ClientID, Subject: person.FormatOID(a.OID), Type: "Bearer", Issuer: i.URL,
		Audience: i.URL, Issued: a.Issued.Unix(), Expires: a.Expires.Unix(), JTI: a.JTI, Session: a.SessionID, ACR: a.ACR,
		Level: int(min(a.Level, who.Level)),
	}, nil
}

// SessionsEnded revokes what hangs on sessions and tells the clients; for
// session.Sessions.OnEnd. Offline families live on: they were granted for that.
func (i *Issuer) SessionsEnded(ctx context.Context, tx *db.Tx, oid person.OID, ids []string) error {
	type row struct {
		ID      string `db:"id"`
		Offline bool   `db:"offline"`
	}
	// Locked in the order of ids; parallel refreshes wait for none while they hold some.
	rows, err := db.List[row](ctx, tx, `SELECT id::text, offline FROM token.family
		WHERE oid=$1 AND session_id = ANY($2::uuid[]) AND revoked_at IS NULL ORDER BY id FOR UPDATE`, oid, ids)
	if err != nil {
		return fmt.Errorf("revoke tokens of sessions: %w", err)
	}
	told := make([]string, len(rows))
	for n, r := range rows {
		told[n] = r.ID
		if r.Offline {
			continue
		}
		if err := revokeFamily(ctx, tx, r.ID, "session_ended", i.Clock.Now()); err != nil {
			return fmt.Errorf("revoke tokens of sessions: %w", err)
		}
	}
	return i.tell(ctx, tx, told)
}

// Forget revokes all tokens of a deleted account and tells the clients; for
// person.Persons.OnDelete. The rows go with a later sweep.
func (i *Issuer) Forget(ctx context.Context, tx *db.Tx, oid person.OID) error {
	ids, err := db.List[string](ctx, tx, `UPDATE token.family SET revoked_at=$2, revoked_for='account', expires_at=least(expires_at, $2)
		WHERE oid=$1 AND revoked_at IS NULL RETURNING id::text`, oid, i.Clock.Now())
	if err != nil {
		return fmt.Errorf("forget tokens of account: %w", err)
	}
	if err := tx.Changed(ctx, topic, ids...); err != nil {
		return err
	}
	return i.tell(ctx, tx, ids)
}

// RevokePerson revokes all tokens of a person, also the offline ones that
// outlive a session, and tells the clients; codes that wait die too. Consents
// stay: the person signs in again and goes on. Call it before the sessions end,
// so that each client is told once.
func (i *Issuer) RevokePerson(ctx context.Context, tx *db.Tx, oid person.OID, why string) (revoked int, err error) {
	// Told before, of a session that ended: now the offline access ends as well.
	ids, err := db.List[string](ctx, tx, `WITH living AS (
			SELECT id FROM token.family WHERE oid=$1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id FOR UPDATE)
		UPDATE token.family f SET revoked_at=$2, revoked_for=$3, told_at=NULL FROM living WHERE f.id=living.id RETURNING f.id::text`,
		oid, i.Clock.Now(), why)
	if err != nil {
		return 0, fmt.Errorf("revoke tokens of a person: %w", err)
	}
	if err := tx.Changed(ctx, topic, ids...); err != nil {
		return 0, err
	}
	return len(ids), i.tell(ctx, tx, ids)
}

// Granted gives the accounts after a number that have living tokens, in order.
func (i *Issuer) Granted(ctx context.Context, after person.OID, limit int) (oids []person.OID, err error) {
	err = i.DB.Read(ctx, func(tx *db.Tx) error {
		oids, err = db.List[person.OID](ctx, tx, `SELECT DISTINCT oid FROM token.family
			WHERE oid > $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY oid LIMIT $3`, after, i.Clock.Now(), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list who has tokens: %w", err)
	}
	return oids, nil
}

// tell enqueues a logout message for each family.
func (i *Issuer) tell(ctx context.Context, tx *db.Tx, ids []string) error {
	if i.Queue == nil || i.Poster == nil {
		return nil
	}
	for _, id := range ids {
		if err := i.Queue.Enqueue(ctx, tx, LogoutArgs{Family: id}); err != nil {
			return err
		}
	}
	return nil
}

// Work registers the logout messages and the sweep of what is over.
func (i *Issuer) Work(q *job.Queue) {
	i.Keys.Work(q)
	job.Handle(q, i.tellLogout, job.Timeout(15*time.Second), job.MaxAttempts(8))
	q.Sweep("token.family", 10*time.Minute, i.sweep)
}

func (i *Issuer) sweep(ctx context.Context) (int, error) {
	var n int64
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		gone, err := tx.Exec(ctx, `DELETE FROM token.family WHERE id IN (SELECT id FROM token.family WHERE expires_at < $1 LIMIT 500)`,
			i.Clock.Now().Add(-familyKept))
		if err != nil {
			return err
		}
		used, err := tx.Exec(ctx, `DELETE FROM token.assertion WHERE expires_at < $1`, i.Clock.Wall())
		n = gone + used
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep tokens: %w", err)
	}
	return int(n), nil
}

// UseAssertion notes the id of a client assertion and tells whether it is fresh:
// each works once (RFC 7523, 3).
func (i *Issuer) UseAssertion(ctx context.Context, clientID, jti string, expires time.Time) (fresh bool, err error) {
	err = i.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO token.assertion (client_id, jti_hash, expires_at) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`,
			clientID, crypt.HashToken(jti), expires)
		fresh = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note client assertion: %w", err)
	}
	return fresh, nil
}

// Hint is what an id token of ours says when it comes back as id_token_hint.
type Hint struct {
	OID       person.OID
	ClientID  string
	SessionID string
}

// Hint reads an id token of ours, however old; nil when it is none.
func (i *Issuer) Hint(ctx context.Context, raw string) (*Hint, error) {
	var cl struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Session  string `json:"sid"`
	}
	_, err := i.Keys.open(ctx, raw, typID, &cl)
	if errors.Is(err, errSignature) || err == nil && cl.Issuer != i.URL {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	oid, err := person.ParseOID(cl.Subject)
	if err != nil {
		return nil, nil //nolint:nilerr // not a token of a person: no hint
	}
	return &Hint{OID: oid, ClientID: cl.Audience, SessionID: cl.Session}, nil
}
