package person

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
)

// holders tells, of each kind of claim, the row that it stands for: without it
// the claim is over. The release before removes such rows and knows no claims.
var holders = map[LoginKind]string{
	LoginPhone: contactHolder, LoginEmail: contactHolder,
	LoginSNILS: `SELECT h.oid FROM person.version h WHERE 'snils' = $1 AND h.snils_index = $2 AND h.state = 'verified'`,
}

const contactHolder = `SELECT h.oid FROM person.contact h WHERE h.kind = $1 AND h.value_index = $2 AND h.state = 'confirmed'`

// claim takes a login for a person, in the transaction that confirms the
// contact or verifies the data; false when another person holds it. Whoever
// wants it at the same time waits for the end of this transaction.
func (p *Persons) claim(ctx context.Context, tx *db.Tx, kind LoginKind, index []byte, oid OID) (bool, error) {
	for range 5 { // the claim in the way may go while we look at it
		n, err := tx.Exec(ctx, `INSERT INTO person.claim (kind, value_index, oid, claimed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			string(kind), index, oid, p.Clock.Now())
		if err != nil || n == 1 {
			return n == 1, err
		}
		owner, err := db.Find[OID](ctx, tx, `SELECT oid FROM person.claim WHERE kind = $1 AND value_index = $2 FOR UPDATE`, string(kind), index)
		switch {
		case err != nil:
			return false, err
		case owner == nil:
			continue
		case *owner == oid:
			return true, nil
		}
		// A statement of its own, so that it sees what the owner has committed.
		held, err := db.Find[OID](ctx, tx, holders[kind]+` AND h.oid = $3`, string(kind), index, *owner)
		if err != nil || held != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `UPDATE person.claim SET oid = $3, claimed_at = $4 WHERE kind = $1 AND value_index = $2`,
			string(kind), index, oid, p.Clock.Now())
		return err == nil, err
	}
	return false, fmt.Errorf("claim %s: it changes hands too quickly", kind)
}

// unclaim frees a login that this person holds.
func unclaim(ctx context.Context, tx *db.Tx, kind LoginKind, index []byte, oid OID) error {
	_, err := tx.Exec(ctx, `DELETE FROM person.claim WHERE kind = $1 AND value_index = $2 AND oid = $3`, string(kind), index, oid)
	return err
}

// claimant is who holds a login, nil if nobody: by the claim, which names the
// part of the tables where the rest stands, and what the release before
// confirmed by that itself.
func (p *Persons) claimant(ctx context.Context, tx *db.Tx, kind LoginKind, index []byte) (*OID, error) {
	holder, known := holders[kind]
	if !known {
		return nil, fmt.Errorf("find person: unknown kind of login %q", kind)
	}
	return db.Find[OID](ctx, tx, `(SELECT k.oid FROM person.claim k WHERE k.kind = $1 AND k.value_index = $2 AND EXISTS (`+holder+` AND h.oid = k.oid))
		UNION ALL (`+holder+`) LIMIT 1`, string(kind), index)
}
