package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
)

// Rewrap moves sealed values under the active key after a rotation, while the
// program runs. It walks each table that declares sealed columns block by
// block, again and again until a whole pass has met nothing under another key.
// Only the wrapped data key of a value changes; content, blind indexes and
// hashes stay.
//
//	no row ──Step──▶ walking ──end of table, something was met──▶ walking from block 0
//	                    └──end of table, nothing was met, no process seals under another key──▶ finished
//	finished ──another key is active──▶ walking from block 0
type Rewrap struct {
	DB     *DB
	Clock  *clock.Clock
	Keys   *crypt.Keyring
	Tables []Table // others than those with sealed columns are passed over
	// Settle is how old a rotation must be before an older key may be forgotten:
	// a transaction that sealed under it must have ended. Zero: a minute.
	Settle time.Duration
}

const (
	rewrapBlocks = 16                     // of 8 kB, in one transaction
	rewrapTurn   = 300 * time.Millisecond // then the other sweeps have their turn
	keyUseFresh  = 2 * time.Minute        // a process that was seen since then runs
	keyUseKept   = time.Hour
)

// Step works for at most a third of a second. It returns zero when nothing is
// left to do or its turn is over: it is a sweep among others.
func (r *Rewrap) Step(ctx context.Context) (int, error) {
	if err := r.tidy(ctx); err != nil {
		return 0, err
	}
	end := time.Now().Add(rewrapTurn)
	for i := range r.Tables {
		t := &r.Tables[i]
		if len(t.Sealed) == 0 {
			continue
		}
		for time.Now().Before(end) {
			done, err := r.advance(ctx, t)
			if err != nil {
				return 0, fmt.Errorf("move %s under the active key: %w", t.Name, err)
			}
			if done {
				break
			}
		}
	}
	return 0, nil
}

// tidy forgets processes that are long gone.
func (r *Rewrap) tidy(ctx context.Context) error {
	return r.DB.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM okno.key_use WHERE seen_at < $1`, r.Clock.Wall().Add(-keyUseKept))
		return err
	})
}

type rewrapState struct {
	KeyID      string     `db:"key_id"`
	Block      int64      `db:"block"`
	Found      int64      `db:"found"`
	FinishedAt *time.Time `db:"finished_at"`
}

// advance looks at the next blocks of a table; done tells that there is nothing
// to do for now.
func (r *Rewrap) advance(ctx context.Context, t *Table) (done bool, err error) {
	err = r.DB.InTx(ctx, func(tx *Tx) error {
		done = false
		active := r.Keys.ActiveID()
		s, err := Find[rewrapState](ctx, tx, `SELECT key_id, block, found, finished_at FROM okno.rewrap WHERE target = $1 FOR UPDATE`, t.Name)
		if err != nil {
			return err
		}
		if s == nil || s.KeyID != active {
			if len(r.Keys.IDs()) == 1 {
				done = true // one key: nothing can be under another one
				return nil
			}
			return r.begin(ctx, tx, t, active)
		}
		if s.FinishedAt != nil {
			done = true
			return nil
		}
		size, err := Get[int64](ctx, tx, `SELECT pg_relation_size($1::regclass) / current_setting('block_size')::bigint`, t.Name)
		if err != nil {
			return err
		}
		if s.Block >= size {
			done, err = r.endPass(ctx, tx, t, active, s.Found)
			return err
		}
		moved, left, err := r.moveBlocks(ctx, tx, t, s.Block, s.Block+rewrapBlocks)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE okno.rewrap SET block = $2, found = found + $3, moved = moved + $4 WHERE target = $1`,
			t.Name, s.Block+rewrapBlocks, moved+left, moved)
		return err
	})
	return done, err
}

func (r *Rewrap) begin(ctx context.Context, tx *Tx, t *Table, active string) error {
	_, err := tx.Exec(ctx, `INSERT INTO okno.rewrap (target, key_id, block, found, moved, started_at) VALUES ($1, $2, 0, 0, 0, $3)
		ON CONFLICT (target) DO UPDATE SET key_id = $2, block = 0, found = 0, moved = 0, started_at = $3, finished_at = NULL`,
		t.Name, active, r.Clock.Wall())
	return err
}

// endPass begins the next pass, or ends the work on a table: nothing was met,
// and no process writes under another key any more.
func (r *Rewrap) endPass(ctx context.Context, tx *Tx, t *Table, active string, found int64) (done bool, err error) {
	if found > 0 {
		_, err := tx.Exec(ctx, `UPDATE okno.rewrap SET block = 0, found = 0 WHERE target = $1`, t.Name)
		return false, err
	}
	others, err := Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM okno.key_use WHERE key_id <> $1 AND seen_at > $2)`,
		active, r.Clock.Wall().Add(-keyUseFresh))
	if err != nil {
		return false, err
	}
	if others { // look again later: it may have written behind us
		_, err := tx.Exec(ctx, `UPDATE okno.rewrap SET block = 0 WHERE target = $1`, t.Name)
		return true, err
	}
	_, err = tx.Exec(ctx, `UPDATE okno.rewrap SET finished_at = $2 WHERE target = $1`, t.Name, r.Clock.Wall())
	return true, err
}

// stale is the condition that a value is under another key than the one whose
// id is $1.
func (s *Sealed) stale() string {
	from := "2"
	if s.DataKey {
		from = "1"
	}
	col := pgx.Identifier{s.Column}.Sanitize()
	return `(length(` + col + `) > 0 AND substring(` + col + ` FROM ` + from + ` FOR 8) <> $1)`
}

func (t *Table) ident() string { return pgx.Identifier(strings.Split(t.Name, ".")).Sanitize() }

func (t *Table) stale() string {
	var any []string
	for i := range t.Sealed {
		any = append(any, t.Sealed[i].stale())
	}
	return `(` + strings.Join(any, ` OR `) + `)`
}

const inBlocks = ` AND ctid >= ('(' || $2::bigint || ',0)')::tid AND ctid < ('(' || $3::bigint || ',0)')::tid`

// moveBlocks moves what stands in the blocks [from, until). Rows that somebody
// holds are left to the next pass, so that nobody ever waits for somebody who
// waits for us.
func (r *Rewrap) moveBlocks(ctx context.Context, tx *Tx, t *Table, from, until int64) (moved, left int64, err error) {
	cols := make([]string, len(t.Sealed))
	for i := range t.Sealed {
		cols[i] = pgx.Identifier{t.Sealed[i].Column}.Sanitize()
	}
	key := []byte(r.Keys.ActiveID())
	rows, err := tx.Query(ctx, `SELECT ctid::text, `+strings.Join(cols, ", ")+` FROM `+t.ident()+` WHERE `+t.stale()+inBlocks+
		` FOR UPDATE SKIP LOCKED`, key, from, until)
	if err != nil {
		return 0, 0, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sealedRow, error) {
		s := sealedRow{values: make([][]byte, len(cols))}
		to := []any{&s.ctid}
		for i := range s.values {
			to = append(to, &s.values[i])
		}
		err := row.Scan(to...)
		return s, err
	})
	if err != nil {
		return 0, 0, err
	}
	batch := &pgx.Batch{}
	for i := range found {
		n, err := r.queue(batch, t, &found[i])
		if err != nil {
			return 0, 0, err
		}
		moved += n
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return 0, 0, err
	}
	left, err = Get[int64](ctx, tx, `SELECT count(*) FROM `+t.ident()+` WHERE `+t.stale()+inBlocks, key, from, until)
	return moved, left, err
}

type sealedRow struct {
	ctid   string
	values [][]byte
}

// queue adds the update of one row. The old values stand in its condition: what
// has changed meanwhile is not overwritten.
func (r *Rewrap) queue(batch *pgx.Batch, t *Table, row *sealedRow) (moved int64, err error) {
	args := []any{row.ctid}
	var set, same []string
	for i := range t.Sealed {
		s, old := &t.Sealed[i], row.values[i]
		if len(old) == 0 {
			continue
		}
		now, id, err := r.rewrap(s, old)
		if err != nil {
			return 0, fmt.Errorf("%s of the row at %s: %w", s.Column, row.ctid, err)
		}
		if bytes.Equal(now, old) {
			continue
		}
		col := pgx.Identifier{s.Column}.Sanitize()
		args = append(args, now, old)
		set = append(set, fmt.Sprintf("%s = $%d", col, len(args)-1))
		same = append(same, fmt.Sprintf("%s = $%d", col, len(args)))
		if s.KeyID != "" {
			args = append(args, id)
			set = append(set, fmt.Sprintf("%s = $%d", pgx.Identifier{s.KeyID}.Sanitize(), len(args)))
		}
		moved++
	}
	if moved > 0 {
		batch.Queue(`UPDATE `+t.ident()+` SET `+strings.Join(set, ", ")+` WHERE ctid = $1::tid AND `+strings.Join(same, " AND "), args...)
	}
	return moved, nil
}

func (r *Rewrap) rewrap(s *Sealed, old []byte) (now []byte, id string, err error) {
	if s.DataKey {
		now, err = r.Keys.RewrapDataKey(old)
		return now, crypt.DataKeyID(now), err
	}
	now, err = r.Keys.Rewrap(old)
	return now, crypt.KeyID(now), err
}

// RewrapState is how far one table is. Times are wall time.
type RewrapState struct {
	Target     string     `db:"target"`
	KeyID      string     `db:"key_id"`
	Moved      int64      `db:"moved"`
	Block      int64      `db:"block"`
	Blocks     int64      `db:"blocks"`
	StartedAt  time.Time  `db:"started_at"`
	FinishedAt *time.Time `db:"finished_at"`
}

// Progress tells how far the rotation is, by table; cheap.
func (r *Rewrap) Progress(ctx context.Context) (out []RewrapState, err error) {
	err = r.DB.Read(ctx, func(tx *Tx) error {
		out, err = List[RewrapState](ctx, tx, `SELECT target, key_id, moved, block,
			coalesce(pg_relation_size(to_regclass(target)) / current_setting('block_size')::bigint, 0)::bigint AS blocks, started_at, finished_at
			FROM okno.rewrap ORDER BY target LIMIT 1000`)
		return err
	})
	return out, err
}

// Left counts the values under each key other than the active one, by reading
// all of them: for `okno keys`.
func (r *Rewrap) Left(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	type count struct {
		ID string `db:"id"`
		N  int64  `db:"n"`
	}
	err := r.DB.InTx(ctx, func(tx *Tx) error {
		clear(out)
		// Reading a large table may take longer than a page may.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		for i := range r.Tables {
			t := &r.Tables[i]
			for j := range t.Sealed {
				s := &t.Sealed[j]
				col, from := pgx.Identifier{s.Column}.Sanitize(), "2"
				if s.DataKey {
					from = "1"
				}
				rows, err := List[count](ctx, tx, `SELECT convert_from(substring(`+col+` FROM `+from+` FOR 8), 'LATIN1') AS id, count(*) AS n FROM `+t.ident()+`
					WHERE `+s.stale()+` GROUP BY 1`, []byte(r.Keys.ActiveID()))
				if err != nil {
					return fmt.Errorf("count %s.%s: %w", t.Name, s.Column, err)
				}
				for _, c := range rows {
					out[c.ID] += c.N
				}
			}
		}
		return nil
	})
	return out, err
}

// Restart makes the walk begin again for tables that were finished: a count has
// found what it had not met.
func (r *Rewrap) Restart(ctx context.Context) error {
	return r.DB.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE okno.rewrap SET block = 0, found = 0, finished_at = NULL`)
		return err
	})
}

// errKeyInUse is wrapped by what [Rewrap.ForgetKey] says.
var errKeyInUse = errors.New("the key is still needed")

// KeyInUse tells whether a key could not be removed because it is needed.
func KeyInUse(err error) bool { return errors.Is(err, errKeyInUse) }

// ForgetKey proves that nothing in this database is under a key and that no
// running process seals under it, and takes away its probe. Then the key may
// leave the file.
func (r *Rewrap) ForgetKey(ctx context.Context, id string) error {
	if id == r.Keys.ActiveID() {
		return fmt.Errorf("%w: it is the active one", errKeyInUse)
	}
	if !slices.Contains(r.Keys.IDs(), id) {
		return fmt.Errorf("the key file has no key %q", id)
	}
	var users int64
	err := r.DB.Read(ctx, func(tx *Tx) (err error) {
		users, err = Get[int64](ctx, tx, `SELECT count(*) FROM okno.key_use WHERE key_id = $1 AND seen_at > $2`, id, r.Clock.Wall().Add(-keyUseFresh))
		return err
	})
	if err != nil {
		return err
	}
	if users > 0 {
		return fmt.Errorf("%w: %d running processes seal under it; give them the new key file first", errKeyInUse, users)
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	left, err := r.Left(ctx)
	if err != nil {
		return err
	}
	if n := left[id]; n > 0 {
		return errors.Join(fmt.Errorf("%w: %d values are under it; they are moved while Okno runs", errKeyInUse, n), r.Restart(ctx))
	}
	return r.DB.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM okno.key_probe WHERE key_id = $1`, id)
		return err
	})
}

// settled tells, by an error, that the walk under the active key has not ended
// everywhere, or that it began a moment ago.
func (r *Rewrap) settled(ctx context.Context) error {
	all, err := r.Progress(ctx)
	if err != nil {
		return err
	}
	settle := r.Settle
	if settle == 0 {
		settle = time.Minute
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		if len(t.Sealed) == 0 {
			continue
		}
		j := slices.IndexFunc(all, func(s RewrapState) bool { return s.Target == t.Name })
		if j < 0 || all[j].KeyID != r.Keys.ActiveID() || all[j].FinishedAt == nil {
			return fmt.Errorf("%w: %s is still being moved under the active key; that goes on while Okno runs", errKeyInUse, t.Name)
		}
		if r.Clock.Wall().Sub(all[j].StartedAt) < settle {
			return fmt.Errorf("%w: the rotation is younger than %s", errKeyInUse, settle)
		}
	}
	return nil
}

// UseKey notes that a process runs and which key it seals under; call it every
// few seconds.
func (d *DB) UseKey(ctx context.Context, process, keyID string, now time.Time) error {
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO okno.key_use (process, key_id, seen_at) VALUES ($1, $2, $3)
			ON CONFLICT (process) DO UPDATE SET key_id = $2, seen_at = $3`, process, keyID, now)
		return err
	})
}

// LeaveKey notes that a process has ended in order.
func (d *DB) LeaveKey(ctx context.Context, process string) error {
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM okno.key_use WHERE process = $1`, process)
		return err
	})
}
