package db

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// probeText is what the probes hold; it is no secret.
const probeText = "okno"

type keyProbe struct {
	KeyID  string `db:"key_id"`
	Sealed []byte `db:"sealed"`
}

// ProveKeys tells whether the key file is the one that this database was sealed
// with, and leaves a probe for the active key. A program that started with
// another file would write what nobody could ever read beside the rest.
func (d *DB) ProveKeys(ctx context.Context, keys *crypt.Keyring) error {
	if err := d.CheckKeys(ctx, keys); err != nil {
		return err
	}
	id := keys.ActiveID()
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO okno.key_probe (key_id, sealed) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING`,
			id, keys.Seal([]byte(probeText), probeAAD(id)))
		if err != nil {
			return fmt.Errorf("leave key probe: %w", err)
		}
		return nil
	})
}

// CheckKeys is the reading half of [DB.ProveKeys].
func (d *DB) CheckKeys(ctx context.Context, keys *crypt.Keyring) error {
	var probes []keyProbe
	err := d.Read(ctx, func(tx *Tx) (err error) {
		probes, err = List[keyProbe](ctx, tx, `SELECT key_id, sealed FROM okno.key_probe ORDER BY key_id LIMIT 1000`)
		return err
	})
	if err != nil {
		return fmt.Errorf("read key probes: %w", err)
	}
	for _, p := range probes {
		if plain, err := keys.Open(p.Sealed, probeAAD(p.KeyID)); err != nil || string(plain) != probeText {
			return fmt.Errorf("this database was sealed with another key file: it needs the key %s; nothing was changed", p.KeyID)
		}
	}
	return nil
}

func probeAAD(id string) string { return "okno.key_probe:" + id }
