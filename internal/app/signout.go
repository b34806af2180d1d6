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

// SignOut ends sessions at the identity provider after an incident: refresh
// tokens bound to them die with them, and the relying parties are told by the
// running process. The accounts stay as they are.
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
	persons, ended := 0, 0
	one := func(oid person.OID) error {
		n, err := a.signOutOne(ctx, oid, o.Reason)
		if err != nil {
			return fmt.Errorf("sign out %s: %w", person.FormatOID(oid), explainFault(err))
		}
		persons, ended = persons+1, ended+n
		return nil
	}
	for _, s := range o.OIDs {
		oid, err := person.ParseOID(s)
		if err != nil {
			return fmt.Errorf("%q is no number of an account", s)
		}
		if err := one(oid); err != nil {
			return err
		}
	}
	for after := person.OID(0); o.Everybody; {
		oids, err := a.idp.sessions.SignedIn(ctx, after, 500)
		if err != nil {
			return err
		}
		if len(oids) == 0 {
			break
		}
		for _, oid := range oids {
			if err := one(oid); err != nil {
				return err
			}
		}
		after = oids[len(oids)-1]
	}
	fmt.Fprintf(out, "sessions ended: %d, persons: %d\n", ended, persons)
	return nil
}

// signOutOne ends a person's sessions and tells so in the journal that she reads.
func (a *App) signOutOne(ctx context.Context, oid person.OID, reason string) (ended int, err error) {
	if _, err := a.idp.persons.Get(ctx, oid); err != nil {
		return 0, err
	}
	living, err := a.idp.sessions.List(ctx, oid)
	if err != nil {
		return 0, err
	}
	return len(living), a.idp.db.InTx(ctx, func(tx *db.Tx) error {
		if err := a.idp.sessions.EndOthers(ctx, tx, oid, "", session.EndIncident); err != nil {
			return err
		}
		return a.idp.journal.Write(ctx, tx, journal.Entry{OID: int64(oid), Actor: "system", Kind: journal.AccessStopped, Details: map[string]string{"reason": reason}})
	})
}
