package enrol

import (
	"context"
	"slices"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Factor is the state of the authenticator app of a person.
type Factor struct {
	InForce bool
	// Pending is the secret that the app is being told, nil when none is.
	Pending *credential.Authenticator
}

// Factor tells whether an app is connected, and the secret of one that is being
// connected. Like every change of security it asks for a fresh sign-in.
func (e *Enrolments) Factor(ctx context.Context, s Self, issuer, account string) (Factor, error) {
	if err := e.mayChange(ctx, s); err != nil {
		return Factor{}, err
	}
	has, err := e.Credentials.HasTOTP(ctx, s.OID)
	if err != nil || has {
		return Factor{InForce: has}, err
	}
	pending, err := e.Credentials.PendingTOTP(ctx, s.OID, issuer, account)
	return Factor{Pending: pending}, err
}

// BeginFactor makes a secret for an app; see credential.BeginTOTP.
func (e *Enrolments) BeginFactor(ctx context.Context, s Self, issuer, account string) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	_, err := e.Credentials.BeginTOTP(ctx, s.OID, issuer, account)
	return err
}

// ConfirmFactor puts the app in force with its first right code, tells the owner
// on all contacts and makes this session one of two factors: the returned token
// is its new one. All other sessions end: they were opened with less.
func (e *Enrolments) ConfirmFactor(ctx context.Context, s Self, code string) (token string, err error) {
	if err := e.mayChange(ctx, s); err != nil {
		return "", err
	}
	if code == "" {
		return "", fault.Invalid("signin.code_empty", fault.F("code", "signin.code_empty"))
	}
	if err := e.Credentials.ConfirmTOTP(ctx, s.OID, code); err != nil {
		return "", err
	}
	amr := slices.Clone(s.AMR)
	if !slices.Contains(amr, session.AMROTP) {
		amr = append(amr, session.AMROTP)
	}
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Notices.Tell(ctx, tx, s.OID, "second_factor_set", "at", e.Clock.Now()); err != nil {
			return err
		}
		if err := e.Sessions.EndOthers(ctx, tx, s.OID, s.Session.ID, session.EndPassword); err != nil {
			return err
		}
		token, err = e.Sessions.Renew(ctx, tx, s.Session.ID, s.Level, amr)
		return err
	})
	return token, err
}

// RemoveFactor disconnects the app. The fresh sign-in that it asks for has taken
// a code, so whoever holds the password alone cannot come this far.
func (e *Enrolments) RemoveFactor(ctx context.Context, s Self) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	if !slices.Contains(s.AMR, session.AMROTP) {
		return fault.Unauthenticated("session.not_fresh")
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Credentials.RemoveTOTP(ctx, tx, s.OID); err != nil {
			return err
		}
		if err := e.Journal.Write(ctx, tx, s.entry(journal.SettingsChanged, "setting", "second_factor")); err != nil {
			return err
		}
		return e.Notices.Tell(ctx, tx, s.OID, "second_factor_removed", "at", e.Clock.Now())
	})
}
