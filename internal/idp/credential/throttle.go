package credential

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
)

// place is one count that an attempt belongs to.
type place struct {
	key []byte
	// free is how many failures are without a pause here, as a multiple of the
	// setting: many people share a network, and all networks together are wide.
	free int
}

// places names the counts of an attempt. A device known to the account has one
// of its own and is not bound by the others.
func (c *Credentials) places(ctx context.Context, oid person.OID, login, device, network string) []place {
	subject := "login:" + login
	if oid != 0 {
		subject = "oid:" + person.FormatOID(oid)
	}
	if device != "" && c.knownDevice(ctx, oid, device) { // asked for nobody too, for equal time
		return []place{{c.Keys.Index("throttle", subject+"|device:"+device), 2}}
	}
	return []place{
		{c.Keys.Index("throttle", subject+"|network:"+network), 1},
		{c.Keys.Index("throttle", subject+"|everywhere"), 4},
		// One address that tries many accounts. A town may sit behind it, so the
		// bound is wide and the pause short of a lock-out (see pause).
		{c.Keys.Index("throttle", "network:"+network), 40},
	}
}

func (c *Credentials) knownDevice(ctx context.Context, oid person.OID, device string) bool {
	known := false
	_ = c.DB.Read(ctx, func(tx *db.Tx) (err error) { // when in doubt it is unknown
		known, err = db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM credential.device WHERE oid = $1 AND device_hash = $2)`,
			oid, c.Keys.Index("device", device))
		return err
	})
	return known
}

type throttleRow struct {
	Key      []byte     `db:"key"`
	Failures int        `db:"failures"`
	FailedAt time.Time  `db:"failed_at"`
	OpenAt   time.Time  `db:"open_at"`
	ToldAt   *time.Time `db:"told_at"`
}

func keysOf(places []place) [][]byte {
	out := make([][]byte, 0, len(places))
	for _, p := range places {
		out = append(out, p.key)
	}
	return out
}

// mayTry refuses before any work is done. Many requests at once pass it together;
// [Credentials.inTurn] judges them again, one by one.
func (c *Credentials) mayTry(ctx context.Context, places []place) error {
	return c.DB.Read(ctx, func(tx *db.Tx) error { return c.unpaused(ctx, tx, places) })
}

// inTurn makes the attempts at one account follow one another until the end of the
// transaction, and refuses those that a pause has overtaken. Nothing but the count
// rests on the lock.
func (c *Credentials) inTurn(ctx context.Context, tx *db.Tx, places []place) error {
	own := places[min(1, len(places)-1)].key
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 11))`, own); err != nil {
		return fmt.Errorf("lock throttle: %w", err)
	}
	return c.unpaused(ctx, tx, places)
}

func (c *Credentials) unpaused(ctx context.Context, tx *db.Tx, places []place) error {
	open, err := db.Get[*time.Time](ctx, tx, `SELECT max(open_at) FROM credential.throttle WHERE key = ANY($1)`, keysOf(places))
	if err != nil {
		return fmt.Errorf("read throttle: %w", err)
	}
	if now := c.Clock.Now(); open != nil && now.Before(*open) {
		wait := open.Sub(now)
		seconds := int(wait/time.Second) + 1
		return fault.Limited("credential.slow_down", wait).With("seconds", seconds, "minutes", (seconds+59)/60)
	}
	return nil
}

// forgotten is after how long without a failure a count starts anew.
const forgotten = 24 * time.Hour

// failed counts a failure in each place and tells the owner when a pause began
// for the first time in a day.
func (c *Credentials) failed(ctx context.Context, tx *db.Tx, oid person.OID, places []place) error {
	v, err := c.Settings.Get(ctx)
	if err != nil {
		return err
	}
	now := c.Clock.Now()
	tell := false
	for i, p := range places {
		row, err := db.Get[throttleRow](ctx, tx, `INSERT INTO credential.throttle AS t (key, failures, failed_at, open_at) VALUES ($1, 1, $2, $2)
			ON CONFLICT (key) DO UPDATE SET failed_at = $2,
				failures = CASE WHEN t.failed_at < $3 THEN 1 ELSE t.failures + 1 END
			RETURNING key, failures, failed_at, open_at, told_at`, p.key, now, now.Add(-forgotten))
		if err != nil {
			return fmt.Errorf("count failure: %w", err)
		}
		wait := pause(v, p, row.Failures)
		if wait == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE credential.throttle SET open_at = $2 WHERE key = $1`, p.key, now.Add(wait)); err != nil {
			return fmt.Errorf("set pause: %w", err)
		}
		ofAccount := i < 2
		if ofAccount && (row.ToldAt == nil || row.ToldAt.Before(now.Add(-forgotten))) {
			tell = true
			if _, err := tx.Exec(ctx, `UPDATE credential.throttle SET told_at = $2 WHERE key = $1`, p.key, now); err != nil {
				return fmt.Errorf("note word to the owner: %w", err)
			}
		}
	}
	if oid == 0 || !tell {
		return nil
	}
	if err := c.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.SignInSlowed}); err != nil {
		return err
	}
	return c.Owner.Tell(ctx, tx, oid, "sign_in_slowed")
}

// pause after n failures: none for the free ones, then doubling.
func pause(v setting.Values, p place, n int) time.Duration {
	over := n - v.FreeFailures*p.free
	if over < 0 {
		return 0
	}
	longest := v.LongestPause.D()
	if p.free >= 40 { // an address alone is never locked out
		longest = min(longest, 10*time.Second)
	}
	wait := v.FirstPause.D()
	for range min(over, 20) {
		wait *= 2
	}
	return min(wait, longest)
}

// succeeded ends the account's pauses at this place and remembers the device.
func (c *Credentials) succeeded(ctx context.Context, tx *db.Tx, oid person.OID, device string, places []place) error {
	own := places
	if len(own) > 2 {
		own = own[:2]
	}
	if _, err := tx.Exec(ctx, `DELETE FROM credential.throttle WHERE key = ANY($1)`, keysOf(own)); err != nil {
		return fmt.Errorf("end pause: %w", err)
	}
	if device == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO credential.device (oid, device_hash, used_at) VALUES ($1, $2, $3)
		ON CONFLICT (oid, device_hash) DO UPDATE SET used_at = excluded.used_at`, oid, c.Keys.Index("device", device), c.Clock.Now())
	return err
}

// ForgetDevices makes all devices of a person unknown again: after a recovery.
func (c *Credentials) ForgetDevices(ctx context.Context, tx *db.Tx, oid person.OID) error {
	_, err := tx.Exec(ctx, `DELETE FROM credential.device WHERE oid = $1`, oid)
	return err
}

// EraseOld deletes counts and devices that no longer matter: the sweep credential.erase.
func (c *Credentials) EraseOld(ctx context.Context) (int, error) {
	var total int64
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		now := c.Clock.Now()
		n, err := tx.Exec(ctx, `DELETE FROM credential.throttle WHERE key IN
			(SELECT key FROM credential.throttle WHERE failed_at < $1 LIMIT 1000)`, now.Add(-2*forgotten))
		if err != nil {
			return err
		}
		m, err := tx.Exec(ctx, `DELETE FROM credential.device WHERE (oid, device_hash) IN
			(SELECT oid, device_hash FROM credential.device WHERE used_at < $1 LIMIT 1000)`, now.Add(-400*24*time.Hour))
		total = n + m
		return err
	})
	return int(total), err
}
