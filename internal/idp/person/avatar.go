package person

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// SetAvatar keeps a picture that enrol has made small, or removes it (nil). Its id
// changes with its content, so that browsers may keep it.
func (p *Persons) SetAvatar(ctx context.Context, tx *db.Tx, oid OID, jpeg []byte) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	now, id := p.Clock.Now(), ""
	var err error
	if jpeg == nil {
		_, err = tx.Exec(ctx, `DELETE FROM person.avatar WHERE oid = $1`, oid)
	} else {
		sum := sha256.Sum256(jpeg)
		id = hex.EncodeToString(sum[:12])
		_, err = tx.Exec(ctx, `INSERT INTO person.avatar (oid, id, jpeg, updated_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (oid) DO UPDATE SET id = $2, jpeg = $3, updated_at = $4`, oid, id, jpeg, now)
	}
	if err != nil {
		return fmt.Errorf("set avatar: %w", err)
	}
	if _, err = tx.Exec(ctx, `UPDATE person.person SET avatar = $2, updated_at = $3 WHERE oid = $1`, oid, id, now); err != nil {
		return fmt.Errorf("set avatar: %w", err)
	}
	return tell(ctx, tx, oid)
}

// Avatar returns the picture, a JPEG of at most 256 by 256 pixels; a foreign or
// old id is fault NotFound person.avatar_not_found.
func (p *Persons) Avatar(ctx context.Context, oid OID, id string) ([]byte, error) {
	var out *[]byte
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Find[[]byte](ctx, tx, `SELECT jpeg FROM person.avatar WHERE oid = $1 AND id = $2`, oid, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get avatar: %w", err)
	}
	if out == nil {
		return nil, fault.NotFound("person.avatar_not_found")
	}
	return *out, nil
}
