package enrol

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/notify"
)

// Act is what a code or link is for. One for another act never works here.
type Act string

// The acts.
const (
	ActRegistration Act = "registration" // subject: the attempt
	ActEmail        Act = "email"        // subject: the attempt or the account, an e-mail to be confirmed
	ActContact      Act = "contact"      // subject: the account and its new phone
	ActRecovery     Act = "recovery"     // subject: the recovery
	ActProofing     Act = "proofing"     // subject: the visit at a service centre
)

// challenge says whom to send what.
type challenge struct {
	act     Act
	subject string
	channel notify.Channel
	to      string
	locale  string
	// decoy makes a code that is never sent and never right: the contact
	// belongs to somebody else, and the sender must not learn it.
	decoy bool
	// args go into the text besides code or link, minutes or hours.
	args []any
	// path leads a link's token to its page.
	path string
}

const codeDigits = 6

// hoursOfCodesPerDay bounds what patient guessing gets: each new code is a new
// chance, so a contact gets no more codes in a day than in this many full hours.
const hoursOfCodesPerDay = 4

// sendCode voids the older codes of the act and sends a new one. Too early or too
// often is fault Limited enrol.code_pause or enrol.code_limit: the same for a decoy.
func (e *Enrolments) sendCode(ctx context.Context, tx *db.Tx, c challenge) error {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return err
	}
	id, code := db.NewID(), crypt.Code(codeDigits)
	expires := e.Clock.Now().Add(v.CodeLife.D())
	if err := e.insertChallenge(ctx, tx, c, id, false, e.codeMAC(id, code, c.decoy), expires); err != nil {
		return err
	}
	if c.decoy {
		return nil
	}
	args := append([]any{"code", code, "minutes", int(v.CodeLife.D() / time.Minute)}, c.args...)
	return e.Notices.Secret(ctx, tx, c.locale, c.channel, c.to, "code_"+string(c.act), expires, args...)
}

// codeMAC binds a code to its row. A decoy's hash is of nothing that can be typed.
func (e *Enrolments) codeMAC(id, code string, decoy bool) []byte {
	if decoy {
		code = crypt.Token()
	}
	return e.Keys.MAC("enrol.code", id+":"+code)
}

// sendLink is sendCode for a link.
func (e *Enrolments) sendLink(ctx context.Context, tx *db.Tx, c challenge) error {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return err
	}
	id, token := db.NewID(), crypt.Token()
	expires := e.Clock.Now().Add(v.LinkLife.D())
	if err := e.insertChallenge(ctx, tx, c, id, true, crypt.HashToken(token), expires); err != nil {
		return err
	}
	if c.decoy {
		return nil
	}
	args := append([]any{"link", e.Notices.Site + c.path + token, "hours", int(v.LinkLife.D() / time.Hour)}, c.args...)
	return e.Notices.Secret(ctx, tx, c.locale, c.channel, c.to, "link_"+string(c.act), expires, args...)
}

func (e *Enrolments) insertChallenge(ctx context.Context, tx *db.Tx, c challenge, id string, link bool, secret []byte, expires time.Time) error {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return err
	}
	now := e.Clock.Now()
	index := e.Keys.Index("enrol.to", string(c.channel)+":"+c.to)
	// Requests for one contact follow one another, so that a burst cannot slip
	// under the limit. Nothing but the limit rests on the lock; it goes with the transaction.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 7))`, index); err != nil {
		return fmt.Errorf("lock contact: %w", err)
	}
	last, err := db.Find[time.Time](ctx, tx, `SELECT created_at FROM enrol.challenge WHERE act = $1 AND subject = $2
		ORDER BY created_at DESC LIMIT 1`, c.act, c.subject)
	if err != nil {
		return fmt.Errorf("read codes: %w", err)
	}
	if last != nil && now.Before(last.Add(v.CodePause.D())) {
		wait := last.Add(v.CodePause.D()).Sub(now)
		return fault.Limited("enrol.code_pause", wait).With("seconds", int(wait/time.Second)+1)
	}
	for _, bound := range []struct {
		most int
		span time.Duration
	}{{v.CodesPerHour, time.Hour}, {hoursOfCodesPerDay * v.CodesPerHour, 24 * time.Hour}} {
		sent, err := db.List[time.Time](ctx, tx, `SELECT created_at FROM enrol.challenge WHERE to_index = $1 AND created_at > $2
			ORDER BY created_at DESC LIMIT $3`, index, now.Add(-bound.span), bound.most)
		if err != nil {
			return fmt.Errorf("count codes: %w", err)
		}
		if len(sent) == bound.most {
			wait := sent[bound.most-1].Add(bound.span).Sub(now)
			return fault.Limited("enrol.code_limit", wait).With("minutes", int(wait/time.Minute)+1)
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE enrol.challenge SET void = true WHERE act = $1 AND subject = $2 AND used_at IS NULL`, c.act, c.subject); err != nil {
		return fmt.Errorf("void codes: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO enrol.challenge (id, act, subject, link, to_index, secret, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, id, c.act, c.subject, link, index, secret, now, expires)
	if err != nil {
		return fmt.Errorf("store code: %w", err)
	}
	return nil
}

type challengeRow struct {
	ID        string     `db:"id"`
	Act       string     `db:"act"`
	Subject   string     `db:"subject"`
	Secret    []byte     `db:"secret"`
	Tries     int        `db:"tries"`
	ExpiresAt time.Time  `db:"expires_at"`
	UsedAt    *time.Time `db:"used_at"`
	Void      bool       `db:"void"`
}

const challengeColumns = `id::text, act, subject, secret, tries, expires_at, used_at, void`

// withCode uses the newest code of an act and runs then in the same transaction.
// A wrong code counts, whatever happens around it. All failures are fault Invalid
// at the field «code»: enrol.code_wrong (with left), enrol.code_spent, enrol.code_expired.
func (e *Enrolments) withCode(ctx context.Context, act Act, subject, code string, then func(tx *db.Tx) error) error {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return err
	}
	var verdict error // carried out of a transaction that commits the count
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		verdict = nil
		row, err := db.Find[challengeRow](ctx, tx, `SELECT `+challengeColumns+` FROM enrol.challenge
			WHERE act = $1 AND subject = $2 AND NOT link ORDER BY created_at DESC LIMIT 1 FOR UPDATE`, act, subject)
		if err != nil {
			return fmt.Errorf("read code: %w", err)
		}
		switch {
		case row == nil || row.Void || row.UsedAt != nil || !e.Clock.Now().Before(row.ExpiresAt):
			verdict = badCode("enrol.code_expired")
			return nil
		case row.Tries >= v.CodeTries:
			verdict = badCode("enrol.code_spent")
			return nil
		case !crypt.Equal(row.Secret, e.codeMAC(row.ID, digitsOf(code), false)):
			_, err := tx.Exec(ctx, `UPDATE enrol.challenge SET tries = tries + 1 WHERE id = $1`, row.ID)
			verdict = badCode("enrol.code_wrong", "left", v.CodeTries-row.Tries-1)
			if row.Tries+1 >= v.CodeTries {
				verdict = badCode("enrol.code_spent")
			}
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE enrol.challenge SET used_at = $2 WHERE id = $1`, row.ID, e.Clock.Now()); err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		return then(tx)
	})
	if err != nil {
		return err
	}
	return verdict
}

func badCode(key string, args ...any) error {
	return fault.Invalid(key, fault.F("code", key, args...)).With(args...)
}

// digitsOf takes what people paste: «123 456», «123-456».
func digitsOf(s string) string {
	out := make([]byte, 0, codeDigits)
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' && len(out) <= codeDigits {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// errLink is the answer to every link that cannot be used: unknown, used, expired.
var errLink = fault.NotFound("enrol.link_over")

// findLink reads a link that can be used now.
func (e *Enrolments) findLink(ctx context.Context, tx *db.Tx, token string, forUpdate bool) (*challengeRow, error) {
	if len(token) > 128 {
		return nil, errLink
	}
	sql := `SELECT ` + challengeColumns + ` FROM enrol.challenge WHERE link AND secret = $1`
	if forUpdate {
		sql += ` FOR UPDATE`
	}
	row, err := db.Find[challengeRow](ctx, tx, sql, crypt.HashToken(token))
	if err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	if row == nil || row.Void || row.UsedAt != nil || !e.Clock.Now().Before(row.ExpiresAt) {
		return nil, errLink
	}
	return row, nil
}

// LinkAct tells what a one-time link is for, so that a page can ask to go on; it
// does not use the link up. Fault NotFound enrol.link_over.
func (e *Enrolments) LinkAct(ctx context.Context, token string) (Act, error) {
	var act Act
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := e.findLink(ctx, tx, token, false)
		if err == nil {
			act = Act(row.Act)
		}
		return err
	})
	return act, err
}

// withLink uses a link of an act up and runs then in the same transaction.
func (e *Enrolments) withLink(ctx context.Context, act Act, token string, then func(tx *db.Tx, subject string) error) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		row, err := e.findLink(ctx, tx, token, true)
		if err != nil {
			return err
		}
		if row.Act != string(act) {
			return errLink
		}
		if _, err := tx.Exec(ctx, `UPDATE enrol.challenge SET used_at = $2 WHERE id = $1`, row.ID, e.Clock.Now()); err != nil {
			return fmt.Errorf("use link: %w", err)
		}
		return then(tx, row.Subject)
	})
}

// Sent tells what a page needs while a code is awaited.
type Sent struct {
	ExpiresAt time.Time
	ResendAt  time.Time
	TriesLeft int
}

// sent reads the newest challenge of an act; nil when none was sent.
func (e *Enrolments) sent(ctx context.Context, tx *db.Tx, act Act, subject string) (*Sent, error) {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	row, err := db.Find[struct {
		Tries     int       `db:"tries"`
		CreatedAt time.Time `db:"created_at"`
		ExpiresAt time.Time `db:"expires_at"`
	}](ctx, tx, `SELECT tries, created_at, expires_at FROM enrol.challenge WHERE act = $1 AND subject = $2
		ORDER BY created_at DESC LIMIT 1`, act, subject)
	if err != nil || row == nil {
		return nil, err
	}
	return &Sent{ExpiresAt: row.ExpiresAt, ResendAt: row.CreatedAt.Add(v.CodePause.D()), TriesLeft: max(0, v.CodeTries-row.Tries)}, nil
}

// stableToken derives an attempt's token from the key of the form that began it and
// from what was typed, so that a form sent twice leads to one attempt, and one that
// was corrected with the browser's «back» to another. Without a key it is random.
func (e *Enrolments) stableToken(purpose, key string, typed ...string) string {
	if key == "" {
		return crypt.Token()
	}
	return base64.RawURLEncoding.EncodeToString(e.Keys.MAC(purpose, key+"\x00"+strings.Join(typed, "\x00")))
}
