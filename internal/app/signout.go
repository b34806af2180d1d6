package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// SignOutOptions say whose sessions end.
type SignOutOptions struct {
	OIDs []string
	// Everybody ends all sessions of all accounts, after a theft of keys or data.
	Everybody bool
	Reason    string // for the journals of the persons
}

// SignOut ends sessions at the identity provider after an incident, and with
// them all tokens of these persons, also the offline ones of programs: whoever
// took one holds nothing any more. The relying parties are told by the running
// process. Accounts and consents stay as they are.
func SignOut(ctx context.Context, cfg Config, o SignOutOptions, out io.Writer) error {
	if o.Everybody == (len(o.OIDs) > 0) {
		return errors.New("say whose: --oid once or more, or --everybody")
	}
	a, err := openForCommand(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.signOut(ctx, o, out)
}

func (a *App) signOut(ctx context.Context, o SignOutOptions, out io.Writer) error {
	persons, ended, revoked := 0, 0, 0
	one := func(oid person.OID) error {
		n, tokens, err := a.signOutOne(ctx, oid, o.Reason)
		if err != nil {
			return fmt.Errorf("sign out %s: %w", person.FormatOID(oid), explainFault(err))
		}
		persons, ended, revoked = persons+1, ended+n, revoked+tokens
		return nil
	}
	for _, s := range o.OIDs {
		oid, err := person.ParseOID(s)
		if err != nil {
			return fmt.Errorf("%q is no number of an account", s)
		}
		if _, err := a.idp.persons.Get(ctx, oid); err != nil {
			return fmt.Errorf("sign out %s: %w", s, explainFault(err))
		}
		if err := one(oid); err != nil {
			return err
		}
	}
	if o.Everybody {
		// Who has tokens and no session is left for the second list.
		for _, list := range []listOIDs{a.idp.sessions.SignedIn, a.idp.issuer.Granted} {
			if err := eachOID(ctx, list, one); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(out, "sessions ended: %d, families of tokens revoked: %d, persons: %d\n", ended, revoked, persons)
	return nil
}

// listOIDs gives the next accounts after a number.
type listOIDs func(ctx context.Context, after person.OID, limit int) ([]person.OID, error)

func eachOID(ctx context.Context, list listOIDs, do func(person.OID) error) error {
	const page = 500
	for after := person.OID(0); ; {
		oids, err := list(ctx, after, page)
		if err != nil || len(oids) == 0 {
			return err
		}
		for _, oid := range oids {
			if err := do(oid); err != nil {
				return err
			}
		}
		after = oids[len(oids)-1]
	}
}

// signOutOne ends a person's sessions and tokens and tells so in the journal
// that she reads.
func (a *App) signOutOne(ctx context.Context, oid person.OID, reason string) (ended, revoked int, err error) {
	living, err := a.idp.sessions.List(ctx, oid)
	if err != nil {
		return 0, 0, err
	}
	err = a.idp.db.InTx(ctx, func(tx *db.Tx) error {
		if revoked, err = a.idp.issuer.RevokePerson(ctx, tx, oid, session.EndIncident); err != nil {
			return err
		}
		if err := a.idp.sessions.EndOthers(ctx, tx, oid, "", session.EndIncident); err != nil {
			return err
		}
		return a.idp.journal.Write(ctx, tx, journal.Entry{OID: int64(oid), Actor: "system", Kind: journal.AccessStopped, Details: map[string]string{"reason": reason}})
	})
	return len(living), revoked, err
}
