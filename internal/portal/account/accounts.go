package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// ErrNoSubject reports a sign-in without a subject: a defect of the caller.
var ErrNoSubject = errors.New("account: sign-in without subject")

// SignedIn records a sign-in and creates the account at the first one. It runs
// in the transaction that opens the session, so that there is never a session
// without an account. The level is the token's: a raised one takes effect here
// (C-53).
func (a *Accounts) SignedIn(ctx context.Context, tx *db.Tx, s SignIn) (*Account, error) {
	if s.Subject == "" {
		return nil, ErrNoSubject
	}
	now := a.Clock.Now()
	row, err := db.Get[accountRow](ctx, tx, `
		INSERT INTO account.account (id, subject, level, offered, proofing, locale, created_at, signed_in_at)
		VALUES ($1, $2, $3, $3, $4, $5, $6, $6)
		ON CONFLICT (subject) DO UPDATE
		   SET level = $3, offered = $3, proofing = $4, signed_in_at = $6,
		       locale = CASE WHEN account.locale = '' THEN $5 ELSE account.locale END
		RETURNING `+accountColumns,
		db.NewID(), s.Subject, s.Level, s.Proofing, s.Locale, now)
	if err != nil {
		return nil, fmt.Errorf("record sign-in: %w", err)
	}
	if err := tx.Changed(ctx, Topic, s.Subject); err != nil {
		return nil, err
	}
	return row.account(), nil
}

// Get answers an account by its id, also a closed one.
func (a *Accounts) Get(ctx context.Context, id string) (*Account, error) {
	var out *Account
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = a.GetIn(ctx, tx, id)
		return err
	})
	return out, err
}

// GetIn is [Accounts.Get] inside a transaction: for acts that are decided by
// the level.
func (a *Accounts) GetIn(ctx context.Context, tx *db.Tx, id string) (*Account, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("account.not_found")
	}
	return find(ctx, tx, `id = $1`, id)
}

// GetAll answers accounts by their ids; unknown ones are missing.
func (a *Accounts) GetAll(ctx context.Context, tx *db.Tx, ids ...string) (map[string]*Account, error) {
	rows, err := db.List[accountRow](ctx, tx, `
		SELECT `+accountColumns+` FROM account.account WHERE id = ANY($1::uuid[]) LIMIT $2`, ids, len(ids))
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	out := make(map[string]*Account, len(rows))
	for i := range rows {
		out[rows[i].ID] = rows[i].account()
	}
	return out, nil
}

// BySubject answers the account of an identity provider's subject, from memory
// when it was asked for lately: for pages. Acts are decided by [Accounts.GetIn].
func (a *Accounts) BySubject(ctx context.Context, subject string) (*Account, error) {
	a.kept.once.Do(func() {
		a.kept.DB, a.kept.Topic = a.DB, Topic
		a.kept.Keys = func(subject string, acc *Account) []string { return []string{subject, acc.ID} }
	})
	kept, err := a.kept.Get(ctx, subject, func(ctx context.Context) (acc *Account, keep bool, err error) {
		err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
			acc, err = find(ctx, tx, `subject = $1`, subject)
			return err
		})
		return acc, err == nil, err
	})
	if err != nil {
		return nil, err
	}
	own := *kept
	return &own, nil
}

// SetLocale keeps the language that the person chose on this portal.
func (a *Accounts) SetLocale(ctx context.Context, id, locale string) error {
	switch locale {
	case "ru", "tt", "en":
	default:
		return fault.Invalid("account.locale_unknown", fault.F("locale", "account.locale_unknown"))
	}
	return a.update(ctx, id, `locale = $2`, locale)
}

// SetPlace keeps the place by which services and centres are chosen.
func (a *Accounts) SetPlace(ctx context.Context, id, place string) error {
	return a.update(ctx, id, `place = $2`, place)
}

// SetPrefs keeps the version for the visually impaired.
func (a *Accounts) SetPrefs(ctx context.Context, id string, p Prefs) error {
	if p.Size != 0 && (p.Size < 100 || p.Size > 200) {
		return fault.Invalid("account.prefs_invalid", fault.F("size", "account.prefs_size"))
	}
	return a.update(ctx, id, `prefs = $2`, p)
}

// Agree records that the person accepted a version of the user agreement
// (C-46, C-52). A second click changes nothing.
func (a *Accounts) Agree(ctx context.Context, id, version string) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE account.account
			   SET agreed_at = CASE WHEN agreement_version = $2 THEN agreed_at ELSE $3 END, agreement_version = $2
			 WHERE id = $1 AND closed_at IS NULL`, id, version, a.Clock.Now())
		if err := oneRow(n, err, "record agreement"); err != nil {
			return err
		}
		return tx.Changed(ctx, Topic, id)
	})
}

// OfferLevel takes the provider's word that the level has changed. A higher
// level waits for the next sign-in (C-53); a lower one binds at once. It is
// idempotent; an unknown subject is nobody here and no error.
func (a *Accounts) OfferLevel(ctx context.Context, tx *db.Tx, subject string, level Level) error {
	_, err := tx.Exec(ctx, `
		UPDATE account.account SET offered = $2, level = LEAST(level, $2) WHERE subject = $1`, subject, level)
	if err != nil {
		return fmt.Errorf("offer level: %w", err)
	}
	return tx.Changed(ctx, Topic, subject)
}

// RaiseOffer takes the provider's word that the level was raised; it takes
// effect with the next sign-in (C-53). Word that comes late, after a sign-in
// with a higher level, changes nothing.
func (a *Accounts) RaiseOffer(ctx context.Context, tx *db.Tx, subject string, level Level) error {
	_, err := tx.Exec(ctx, `UPDATE account.account SET offered = GREATEST(offered, $2) WHERE subject = $1`, subject, level)
	if err != nil {
		return fmt.Errorf("raise offered level: %w", err)
	}
	return tx.Changed(ctx, Topic, subject)
}

// FindBySubject answers the account of a subject, nil when this portal does not
// know it.
func (a *Accounts) FindBySubject(ctx context.Context, tx *db.Tx, subject string) (*Account, error) {
	acc, err := find(ctx, tx, `subject = $1`, subject)
	if fault.Is(err, fault.KindNotFound) {
		return nil, nil
	}
	return acc, err
}

// Close forgets a person whose account was deleted at the provider: subject,
// contacts and choices go, the id stays as owner of what agencies still hold
// (G-23, C-57). It is idempotent.
func (a *Accounts) Close(ctx context.Context, tx *db.Tx, subject string) error {
	_, err := tx.Exec(ctx, `
		UPDATE account.account
		   SET subject = NULL, closed_at = $2, level = 0, offered = 0, proofing = '', locale = '', place = '',
		       prefs = '{}', contacts = NULL, contacts_at = NULL
		 WHERE subject = $1`, subject, a.Clock.Now())
	if err != nil {
		return fmt.Errorf("close account: %w", err)
	}
	return tx.Changed(ctx, Topic, subject)
}

func (a *Accounts) update(ctx context.Context, id, set string, value any) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE account.account SET `+set+` WHERE id = $1 AND closed_at IS NULL`, id, value)
		if err := oneRow(n, err, "change account"); err != nil {
			return err
		}
		return tx.Changed(ctx, Topic, id)
	})
}

func oneRow(n int64, err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if n == 0 {
		return fault.NotFound("account.not_found")
	}
	return nil
}

const accountColumns = `account.id, coalesce(account.subject, '') AS subject, account.level, account.offered,
	account.proofing, account.locale, account.place, account.prefs, account.agreement_version, account.agreed_at,
	account.created_at, account.signed_in_at, account.closed_at`

type accountRow struct {
	ID               string
	Subject          string
	Level            int
	Offered          int
	Proofing         string
	Locale           string
	Place            string
	Prefs            Prefs
	AgreementVersion string
	AgreedAt         *time.Time
	CreatedAt        time.Time
	SignedInAt       time.Time
	ClosedAt         *time.Time
}

func (r *accountRow) account() *Account {
	return &Account{
		ID: r.ID, Subject: r.Subject, Level: Level(r.Level), Offered: Level(r.Offered), Proofing: r.Proofing,
		Locale: r.Locale, Place: r.Place, Prefs: r.Prefs, AgreementVersion: r.AgreementVersion, AgreedAt: r.AgreedAt,
		CreatedAt: r.CreatedAt, SignedInAt: r.SignedInAt, ClosedAt: r.ClosedAt,
	}
}

func find(ctx context.Context, tx *db.Tx, where, arg string) (*Account, error) {
	row, err := db.Find[accountRow](ctx, tx, `SELECT `+accountColumns+` FROM account.account WHERE `+where, arg)
	if err != nil {
		return nil, fmt.Errorf("read account: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("account.not_found")
	}
	return row.account(), nil
}
