package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
)

var start = time.Date(2026, 11, 21, 9, 40, 0, 0, time.UTC)

type look struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func open(t *testing.T) *ledger.Ledger {
	t.Helper()
	return &ledger.Ledger{DB: dbtest.New(t, ledger.Migrations()), Clock: clock.At(start), Keys: crypt.NewTestKeyring()}
}

func appendN(t *testing.T, l *ledger.Ledger, subject string, n int) {
	t.Helper()
	for i := range n {
		inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
			return l.Append(ctx, tx, ledger.Entry{
				Subject: subject, Actor: "officer:7", Kind: "case.viewed", Object: "case:1",
				At: start.Add(time.Duration(i) * time.Minute), Payload: look{"Соколова", i},
			})
		})
	}
}

func inTx(t *testing.T, l *ledger.Ledger, fn func(context.Context, *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := l.DB.InTx(ctx, func(tx *db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, l *ledger.Ledger) int {
	t.Helper()
	n, err := l.Seal(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t *testing.T, l *ledger.Ledger, anchors ...ledger.Head) *ledger.Report {
	t.Helper()
	r, err := l.Verify(context.Background(), anchors...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func list(t *testing.T, l *ledger.Ledger, subject string, f ledger.Filter) ledger.Page {
	t.Helper()
	var page ledger.Page
	inTx(t, l, func(ctx context.Context, tx *db.Tx) (err error) {
		page, err = l.List(ctx, tx, subject, f)
		return err
	})
	return page
}

func TestListPagesNewestFirst(t *testing.T) {
	t.Parallel()
	l := open(t)
	appendN(t, l, "person:1", 5)
	appendN(t, l, "person:2", 1)
	inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
		return l.Append(ctx, tx, ledger.Entry{Subject: "person:1", Actor: "person:1", Kind: "person.signed_in"})
	})
	var seen []int
	f := ledger.Filter{Kinds: []string{"case.viewed"}, Limit: 2}
	for pages := 0; ; pages++ {
		page := list(t, l, "person:1", f)
		for _, e := range page.Entries {
			var p look
			if err := e.Decode(&p); err != nil || p.Name != "Соколова" || e.Actor != "officer:7" || e.Object != "case:1" {
				t.Fatalf("entry %+v, payload %+v, %v", e, p, err)
			}
			seen = append(seen, p.N)
		}
		if f.After = page.Next; page.Next == "" {
			break
		}
		if pages > 5 {
			t.Fatal("pages do not end")
		}
	}
	if fmt.Sprint(seen) != "[4 3 2 1 0]" {
		t.Errorf("seen %v", seen)
	}
	if page := list(t, l, "person:1", ledger.Filter{Since: start.Add(3 * time.Minute)}); len(page.Entries) != 2 {
		t.Errorf("since: %d entries", len(page.Entries))
	}
	if page := list(t, l, "person:1", ledger.Filter{Object: "case:2"}); len(page.Entries) != 0 {
		t.Errorf("object: %d entries", len(page.Entries))
	}
	inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
		page, err := l.ListObject(ctx, tx, "case:1", ledger.Filter{})
		if len(page.Entries) != 6 {
			t.Errorf("object has %d entries, want those of both subjects", len(page.Entries))
		}
		if _, err := l.List(ctx, tx, "person:1", ledger.Filter{After: "1.zzz"}); err == nil {
			t.Error("a cursor of nonsense was taken")
		}
		return err
	})
}

func TestOnceKeepsOneEntry(t *testing.T) {
	t.Parallel()
	l := open(t)
	for _, once := range []string{"look:7:1:2026112109", "look:7:1:2026112109", "look:7:1:2026112110"} {
		inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
			return l.Append(ctx, tx, ledger.Entry{Subject: "person:1", Actor: "officer:7", Kind: "case.viewed", Once: once})
		})
	}
	if n := len(list(t, l, "person:1", ledger.Filter{}).Entries); n != 2 {
		t.Errorf("%d entries, want one per hour", n)
	}
}

func TestAppendRefusesAnEntryOfNobody(t *testing.T) {
	t.Parallel()
	l := open(t)
	err := l.DB.InTx(context.Background(), func(tx *db.Tx) error {
		return l.Append(context.Background(), tx, ledger.Entry{Actor: "system", Kind: "x"})
	})
	if err == nil {
		t.Error("an entry without subject was taken")
	}
}

func TestPayloadIsSealedAtRest(t *testing.T) {
	t.Parallel()
	l := open(t)
	appendN(t, l, "person:1", 1)
	inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
		line, err := db.Get[string](ctx, tx, `SELECT entry::text || encode(payload, 'escape') FROM ledger.entry`)
		if strings.Contains(line, "Соколова") || strings.Contains(line, `"n":0`) {
			t.Errorf("the row shows the payload: %s", line)
		}
		return err
	})
}

func TestErasureKeepsTheChain(t *testing.T) {
	t.Parallel()
	l := open(t)
	appendN(t, l, "person:1", 3)
	appendN(t, l, "person:2", 2)
	seal(t, l)
	appendN(t, l, "person:1", 1)
	inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
		n, err := l.Erase(ctx, tx, "person:1")
		if n != 4 {
			t.Errorf("erased %d payloads", n)
		}
		return err
	})
	seal(t, l)
	r := verify(t, l)
	if len(r.Problems) != 0 || r.Erased != 4 || r.Entries != 6 || r.Batches != 2 || r.Waiting != 0 {
		t.Errorf("report %+v", r)
	}
	for _, e := range list(t, l, "person:1", ledger.Filter{}).Entries {
		p := look{N: -1}
		if err := e.Decode(&p); err != nil || !e.Erased || e.Payload != nil || p.N != -1 {
			t.Errorf("erased entry shows %+v %+v %v", e, p, err)
		}
	}
	inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
		n, err := l.EraseBefore(ctx, tx, start.Add(time.Minute), 10)
		if n != 1 {
			t.Errorf("erased %d old payloads, want 1", n)
		}
		return err
	})
}

func TestVerifyFindsEveryTampering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  []string
		want string
	}{
		"changed line":       {[]string{`UPDATE ledger.entry SET actor = 'officer:8' WHERE id = (SELECT min(id::text)::uuid FROM ledger.entry)`}, "entry was changed"},
		"moved time":         {[]string{`UPDATE ledger.entry SET at = at + interval '1 microsecond' WHERE batch = 1`}, "entry was changed"},
		"swapped payloads":   {[]string{`UPDATE ledger.entry SET payload = (SELECT payload FROM ledger.entry WHERE batch = 2 LIMIT 1) WHERE batch = 1`}, "payload does not open"},
		"removed entry":      {[]string{`DELETE FROM ledger.entry WHERE id = (SELECT min(id::text)::uuid FROM ledger.entry)`}, "was sealed with 2 entries and has 1"},
		"entry moved over":   {[]string{`UPDATE ledger.entry SET batch = 1 WHERE batch = 2`}, "was sealed with 2 entries and has 4"},
		"removed batch":      {[]string{`DELETE FROM ledger.entry WHERE batch = 1`, `DELETE FROM ledger.batch WHERE seq = 1`}, "batches 1 to 1 are missing"},
		"batch alone":        {[]string{`DELETE FROM ledger.batch WHERE seq = 3`}, "claims a batch that does not exist"},
		"cut tail":           {[]string{`DELETE FROM ledger.entry WHERE batch = 3`, `DELETE FROM ledger.batch WHERE seq = 3`}, "cut off"},
		"exchanged history":  {[]string{`UPDATE ledger.batch SET previous = '\x00' WHERE seq = 2`}, "does not follow"},
		"seal of a stranger": {[]string{`UPDATE ledger.batch SET mac = sha256(mac) WHERE seq = 2`}, "not made with our key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			for range 3 {
				appendN(t, l, "person:1", 2)
				seal(t, l)
			}
			head, err := l.Head(context.Background())
			if err != nil || head.Seq != 3 {
				t.Fatalf("head %+v, %v", head, err)
			}
			if r := verify(t, l, head); len(r.Problems) != 0 {
				t.Fatalf("an honest journal has problems: %v", r.Problems)
			}
			inTx(t, l, func(ctx context.Context, tx *db.Tx) error {
				for _, sql := range c.sql {
					if n, err := tx.Exec(ctx, sql); err != nil || n == 0 {
						return fmt.Errorf("%s touched %d rows: %w", sql, n, err)
					}
				}
				return nil
			})
			r := verify(t, l, head)
			if !strings.Contains(fmt.Sprint(r.Problems), c.want) {
				t.Errorf("problems %v, want %q", r.Problems, c.want)
			}
		})
	}
}

func TestManySealersMakeOneChain(t *testing.T) {
	t.Parallel()
	l := open(t)
	ctx := context.Background()
	var writers, sealers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 25 {
				err := l.DB.InTx(ctx, func(tx *db.Tx) error {
					return l.Append(ctx, tx, ledger.Entry{Subject: fmt.Sprintf("person:%d", w), Actor: "system", Kind: "test", Payload: i})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		sealers.Go(func() {
			for range 20 {
				if _, err := l.Seal(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	sealers.Wait()
	for seal(t, l) > 0 {
	}
	if r := verify(t, l); len(r.Problems) != 0 || r.Entries != 100 || r.Waiting != 0 {
		t.Errorf("report %+v", r)
	}
}

func TestWorkSealsByItself(t *testing.T) {
	t.Parallel()
	l := open(t)
	q := job.New(l.DB, l.Clock)
	l.Work(q)
	appendN(t, l, "person:1", 3)
	if r := verify(t, l); r.Waiting != 3 || r.Entries != 0 {
		t.Errorf("report %+v", r)
	}
	if err := q.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, l); r.Waiting != 0 || r.Entries != 3 {
		t.Errorf("report %+v", r)
	}
}

func TestRewrapMovesPayloadsUnderTheActiveKey(t *testing.T) {
	t.Parallel()
	old := ring(t, "oldkey01")
	l := open(t)
	l.Keys = old
	appendN(t, l, "person:1", 3)
	seal(t, l)
	l.Keys = ring(t, "newkey01", "oldkey01")
	n, err := l.Rewrap(context.Background())
	if err != nil || n != 3 {
		t.Fatalf("moved %d, %v", n, err)
	}
	l.Keys = ring(t, "newkey01")
	if r := verify(t, l); len(r.Problems) != 0 {
		t.Errorf("problems after rotation: %v", r.Problems)
	}
	if n, err := l.Rewrap(context.Background()); err != nil || n != 0 {
		t.Errorf("moved again %d, %v", n, err)
	}
}

func ring(t *testing.T, ids ...string) *crypt.Keyring {
	t.Helper()
	var keys []crypt.Wrapper
	for _, id := range ids {
		w, err := crypt.NewFileKey(id, []byte(strings.Repeat(id, 4)))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, w)
	}
	k, err := crypt.NewKeyring([]byte(strings.Repeat("i", 32)), keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
