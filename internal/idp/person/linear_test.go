package person_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
)

// claim is what somebody does with an address that others want, too.
type claim struct {
	address string
	do      string // take, give, ask
	oid     person.OID
}

// ownerModel is the model of a contact: at most one account has it. The state is
// the owner, 0 for nobody; the output is what was told.
var ownerModel = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		of := map[string][]porcupine.Operation{}
		for _, o := range all {
			of[o.Input.(claim).address] = append(of[o.Input.(claim).address], o)
		}
		var out [][]porcupine.Operation
		for _, one := range of {
			out = append(out, one)
		}
		return out
	},
	Init: func() any { return person.OID(0) },
	Step: func(state, input, output any) (bool, any) {
		owner, in, out := state.(person.OID), input.(claim), output.(string)
		switch in.do {
		case "take":
			if owner == 0 || owner == in.oid {
				return out == "", in.oid
			}
			return out == "person.contact_taken", owner
		case "give":
			if owner == in.oid {
				return out == "", person.OID(0)
			}
			return out == "person.contact_not_found", owner
		}
		return out == fmt.Sprint(owner), owner
	},
}

var errTold = errors.New("told")

// Four accounts each take one of eight e-mails and give it back, while others ask
// whose it is, sixty-four at a time: what they are told fits an order in which they
// came one by one, so no address ever has two owners.
//
// ID-REG-22
func TestContactsAreLinearizable(t *testing.T) {
	t.Parallel()
	for name, setUp := range layouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contactsAreLinearizable(t, setUp(t))
		})
	}
}

func contactsAreLinearizable(t *testing.T, p *person.Persons) {
	ctx := context.Background()
	const addresses = 8
	var people [4 * addresses]person.OID
	for i := range people {
		oid := create(t, p)
		must(t, confirmContact(t, p, oid, addContact(t, p, oid, person.Phone, fmt.Sprintf("+7912000%04d", i))))
		people[i] = oid
	}
	act := func(c claim) string {
		var told string
		err := p.DB.InTx(ctx, func(tx *db.Tx) error {
			told = ""
			var err error
			switch c.do {
			case "take":
				var contact *person.Contact
				if contact, err = p.AddContact(ctx, tx, c.oid, person.Email, c.address); err == nil && contact != nil {
					_, err = p.ConfirmContact(ctx, tx, c.oid, contact.ID)
				}
			case "give":
				var id string
				if id, err = emailOf(ctx, tx, c.oid); err == nil {
					_, err = p.RemoveContact(ctx, tx, c.oid, id)
				}
			}
			if f, ok := fault.As(err); ok {
				told = f.Key
				return errTold // nothing of it stays
			}
			return err
		})
		if c.do == "ask" {
			var found *person.Person
			if found, err = p.FindByLogin(ctx, person.LoginEmail, c.address); found == nil {
				return "0"
			}
			told = fmt.Sprint(found.OID)
		}
		if err != nil && !errors.Is(err, errTold) {
			t.Errorf("%+v: %v", c, err)
		}
		return told
	}
	const clients, turns = 64, 3
	ops := make([]porcupine.Operation, clients*turns)
	began, start := time.Now(), make(chan struct{})
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			<-start
			for turn := range turns {
				who := i % len(people)
				c := claim{address: fmt.Sprintf("odna%d@example.com", who%addresses), do: []string{"take", "ask", "give"}[(i/addresses+turn)%3], oid: people[who]}
				call := time.Since(began).Nanoseconds()
				out := act(c)
				ops[i*turns+turn] = porcupine.Operation{ClientId: i, Input: c, Call: call, Output: out, Return: time.Since(began).Nanoseconds()}
			}
		})
	}
	close(start)
	wait.Wait()
	if got := porcupine.CheckOperationsTimeout(ownerModel, ops, 30*time.Second); got != porcupine.Ok {
		t.Errorf("no order explains what people were told (%s)", got)
		for _, o := range ops {
			t.Logf("%d–%d: %+v: %q", o.Call, o.Return, o.Input, o.Output)
		}
	}
}

// emailOf is the id of somebody's confirmed e-mail, an impossible one if none.
func emailOf(ctx context.Context, tx *db.Tx, oid person.OID) (string, error) {
	id, err := db.Find[string](ctx, tx, `SELECT id::text FROM person.contact WHERE oid = $1 AND kind = 'email' AND state = 'confirmed'`, oid)
	if err != nil || id == nil {
		return "00000000-0000-0000-0000-000000000000", err
	}
	return *id, nil
}
