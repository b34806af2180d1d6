package credential_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/person"
)

// atOnce runs n attempts together and counts those that were judged, not slowed down.
func atOnce(t *testing.T, n int, attempt func(i int) error) int64 {
	t.Helper()
	var judged atomic.Int64
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			switch err := attempt(i); {
			case err == nil:
				judged.Add(1)
			case !fault.Is(err, fault.KindLimited):
				t.Errorf("attempt %d: %v", i, err)
			}
		})
	}
	close(begin)
	wg.Wait()
	return judged.Load()
}

// ID-LOG-22, G-21: many guesses at once are worth no more than the same guesses one by one, at accounts and at
// nobody's, with the right password among them or without.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	for name, login := range map[string]struct {
		oid      person.OID
		password string
	}{"account": {anna, wrong}, "nobody": {0, wrong}} {
		n := atOnce(t, 24, func(i int) error {
			network := "203.0.113." + string(rune('0'+i%3)) // one town, three addresses
			if login.oid == 0 {
				network = "198.51.100." + string(rune('0'+i%3))
			}
			_, err := cr.VerifyPassword(context.Background(), credential.Try{OID: login.oid, Login: "phone:" + name, Password: login.password, Device: stranger, Network: network})
			return err
		})
		// Five are free at each of the three addresses, twenty in all places together.
		if n > 15 {
			t.Errorf("%s: %d guesses of 24 at once were judged", name, n)
		}
	}
	if n := atOnce(t, 24, func(int) error { _, err := try(cr, anna, wrong, stranger, "192.0.2.9"); return err }); n > 5 {
		t.Errorf("%d guesses of one address at once were judged", n)
	}
	if _, err := try(cr, anna, right, stranger, "192.0.2.9"); !fault.Is(err, fault.KindLimited) {
		t.Errorf("the right password right afterwards: %v", err)
	}
}

// ID-MFC-01, G-21: codes of an app cannot be tried out by many requests at once.
func TestCodesAtOnce(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	ctx := context.Background()
	must(t, cr.DB.InTx(ctx, func(tx *db.Tx) error { return cr.SetTOTP(ctx, tx, anna, "JBSWY3DPEHPK3PXP") }))
	if n := atOnce(t, 24, func(int) error { _, err := cr.VerifyTOTP(ctx, anna, "abcdef", stranger, "n"); return err }); n > 5 {
		t.Errorf("%d codes at once were judged", n)
	}
}
