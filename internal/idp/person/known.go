package person

import (
	"context"

	"github.com/okno-gov/okno/internal/base/db"
)

// topic is under which changes of accounts are told, by number.
const topic = "person"

// Known is what is asked about an account at every use of a token.
type Known struct {
	Person
	Proofing *Proofing // the newest; nil below the confirmed level
}

// Known is [Persons.Get] from memory: a change is seen at once in this process
// and within a second in others. The answer is shared: nobody changes it.
func (p *Persons) Known(ctx context.Context, oid OID) (*Known, error) {
	p.ready.Do(func() {
		p.known.DB, p.known.Topic = p.DB, topic
		p.known.Keys = func(oid OID, _ *Known) []string { return []string{FormatOID(oid)} }
	})
	return p.known.Get(ctx, oid, func(ctx context.Context) (*Known, bool, error) {
		var k *Known
		err := p.DB.Read(ctx, func(tx *db.Tx) error {
			who, err := p.GetTx(ctx, tx, oid)
			if err != nil {
				return err
			}
			k = &Known{Person: *who}
			if who.Level >= Confirmed {
				k.Proofing, err = p.Proofing(ctx, tx, oid)
			}
			return err
		})
		return k, true, err
	})
}

// tell drops what processes know of an account once the transaction is committed.
func tell(ctx context.Context, tx *db.Tx, oid OID) error {
	return tx.Changed(ctx, topic, FormatOID(oid))
}
