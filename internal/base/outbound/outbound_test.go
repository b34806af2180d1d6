package outbound_test

import (
	"context"
	"errors"
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
	"github.com/okno-gov/okno/internal/base/outbound"
)

var start = time.Date(2026, 11, 21, 9, 40, 0, 0, time.UTC)

type fixture struct {
	*outbound.Outbox
	email, sms *outbound.Box
}

func open(t *testing.T) fixture {
	t.Helper()
	f := fixture{email: &outbound.Box{}, sms: &outbound.Box{}}
	d, c := dbtest.New(t, outbound.Migrations()), clock.At(start)
	f.Outbox = &outbound.Outbox{
		DB: d, Clock: c, Keys: crypt.NewTestKeyring(), Queue: job.New(d, c),
		Senders: map[outbound.Channel]outbound.Sender{outbound.Email: f.email, outbound.SMS: f.sms},
		Backoff: func(outbound.Class, int) time.Duration { return 30 * time.Minute },
	}
	f.Work(f.Queue)
	return f
}

func notice(id string) outbound.Message {
	return outbound.Message{
		ID: id, Channel: outbound.Email, To: "anna@example.org", Class: outbound.Notice,
		Subject: "Заявление принято", Text: "Ответ придёт до 5 декабря.",
	}
}

func code(id string) outbound.Message {
	return outbound.Message{ID: id, Channel: outbound.SMS, To: "+79120000001", Class: outbound.Code, Text: "Код 123456"}
}

func (f fixture) enqueue(t *testing.T, m ...outbound.Message) {
	t.Helper()
	ctx := context.Background()
	err := f.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, each := range m {
			if err := f.Enqueue(ctx, tx, each); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f fixture) settle(t *testing.T) {
	t.Helper()
	if err := f.Queue.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) state(t *testing.T, id string) outbound.Status {
	t.Helper()
	ctx := context.Background()
	var s *outbound.Status
	err := f.DB.Read(ctx, func(tx *db.Tx) (err error) {
		s, err = f.Find(ctx, tx, id)
		return err
	})
	if err != nil || s == nil {
		t.Fatalf("message %s: %v, %v", id, s, err)
	}
	return *s
}

func TestMessagesAreSentOnceAndCleared(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.enqueue(t, notice("n:1"), notice("n:1"), code("c:1"))
	f.enqueue(t, notice("n:1"))
	row := rows(t, f)
	if strings.Contains(row, "anna") || strings.Contains(row, "123456") || strings.Contains(row, "9120000001") {
		t.Errorf("rows or jobs show address or text: %s", row)
	}
	f.settle(t)
	f.enqueue(t, notice("n:1")) // the same event told again after delivery
	f.settle(t)
	if sent := f.email.Messages(); len(sent) != 1 || sent[0].Subject != "Заявление принято" || sent[0].To != "anna@example.org" {
		t.Errorf("e-mail: %+v", sent)
	}
	if sent := f.sms.To("+79120000001"); len(sent) != 1 || sent[0].Text != "Код 123456" {
		t.Errorf("SMS: %+v", sent)
	}
	for _, id := range []string{"n:1", "c:1"} {
		if s := f.state(t, id); s.State != outbound.Sent || s.Attempts != 1 || s.EndedAt == nil || !s.EndedAt.Equal(start) {
			t.Errorf("%s: %+v", id, s)
		}
	}
	if n := count(t, f, `SELECT count(*) FROM outbound.message WHERE sealed IS NOT NULL`); n != 0 {
		t.Errorf("%d rows keep their text after delivery", n)
	}
}

func rows(t *testing.T, f fixture) (out string) {
	t.Helper()
	ctx := context.Background()
	err := f.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Get[string](ctx, tx, `SELECT coalesce((SELECT string_agg(m::text || encode(sealed, 'escape'), ' ') FROM outbound.message m), '')
			|| coalesce((SELECT string_agg(j::text, ' ') FROM river.river_job j), '')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func count(t *testing.T, f fixture, sql string) (n int64) {
	t.Helper()
	ctx := context.Background()
	err := f.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = db.Get[int64](ctx, tx, sql)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMessageDiesWithItsTransaction(t *testing.T) {
	t.Parallel()
	f := open(t)
	ctx := context.Background()
	_ = f.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := f.Enqueue(ctx, tx, code("c:1")); err != nil {
			t.Error(err)
		}
		return errors.New("roll back")
	})
	f.settle(t)
	if n := len(f.sms.Messages()); n != 0 {
		t.Errorf("%d messages of a transaction that never was", n)
	}
}

// What happens after each kind of failure, for both classes. Two attempts can be seen: the second follows an hour later.
func TestFates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class  outbound.Class
		err    error
		first  outbound.State // after the failed attempt
		second outbound.State // after the sender works again and the pause is over
		sent   int
	}{
		{outbound.Code, &outbound.Failure{Fate: outbound.Deferred, Reason: "busy"}, outbound.Queued, outbound.Sent, 1},
		{outbound.Code, &outbound.Failure{Fate: outbound.Unknown, Reason: "line broke"}, outbound.Failed, outbound.Failed, 0},
		{outbound.Code, &outbound.Failure{Fate: outbound.Refused, Reason: "no such number"}, outbound.Failed, outbound.Failed, 0},
		{outbound.Code, errors.New("anna@example.org is away"), outbound.Failed, outbound.Failed, 0},
		{outbound.Notice, &outbound.Failure{Fate: outbound.Deferred, Reason: "busy"}, outbound.Queued, outbound.Sent, 1},
		{outbound.Notice, &outbound.Failure{Fate: outbound.Unknown, Reason: "line broke"}, outbound.Queued, outbound.Sent, 1},
		{outbound.Notice, &outbound.Failure{Fate: outbound.Refused, Reason: "no such address"}, outbound.Failed, outbound.Failed, 0},
		{outbound.Notice, errors.New("anna@example.org is away"), outbound.Queued, outbound.Sent, 1},
	} {
		t.Run(fmt.Sprintf("%s %v", c.class, c.err), func(t *testing.T) {
			t.Parallel()
			f := open(t)
			m := notice("m:1")
			m.Class = c.class
			f.email.Fail(c.err)
			f.enqueue(t, m)
			f.settle(t)
			if s := f.state(t, "m:1"); s.State != c.first || s.Attempts != 1 || s.Failure == "" || strings.Contains(s.Failure, "anna") {
				t.Errorf("after the failure: %+v", s)
			}
			if strings.Contains(rows(t, f), "anna@") {
				t.Error("the address leaked into a row or a job")
			}
			f.email.Fail(nil)
			if err := f.Queue.Hurry(context.Background(), time.Hour); err != nil {
				t.Fatal(err)
			}
			f.settle(t)
			if s := f.state(t, "m:1"); s.State != c.second || len(f.email.Messages()) != c.sent {
				t.Errorf("at the end: %+v, %d sent", s, len(f.email.Messages()))
			}
		})
	}
}

// A crash between the claim and the record leaves the row «sending»: the code is not sent again, the notice is.
func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.enqueue(t, code("c:1"), notice("n:1"))
	ctx := context.Background()
	if err := f.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbound.message SET state = 'sending', attempts = 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	f.settle(t)
	if s := f.state(t, "c:1"); s.State != outbound.Failed || len(f.sms.Messages()) != 0 {
		t.Errorf("code: %+v", s)
	}
	if s := f.state(t, "n:1"); s.State != outbound.Sent || s.Attempts != 2 || len(f.email.Messages()) != 1 {
		t.Errorf("notice: %+v", s)
	}
}

func TestWaitingAndExpiry(t *testing.T) {
	t.Parallel()
	f := open(t)
	quiet := notice("n:quiet")
	quiet.NotBefore = start.Add(8 * time.Hour)
	f.enqueue(t, quiet)
	f.settle(t)
	if s := f.state(t, "n:quiet"); s.State != outbound.Waiting || len(f.email.Messages()) != 0 {
		t.Errorf("before its time: %+v", s)
	}
	f.Clock.Advance(8 * time.Hour)
	f.settle(t)
	if s := f.state(t, "n:quiet"); s.State != outbound.Sent {
		t.Errorf("at its time: %+v", s)
	}

	f.sms.Fail(&outbound.Failure{Fate: outbound.Deferred, Reason: "busy"})
	f.enqueue(t, code("c:late"))
	f.settle(t)
	f.Clock.Advance(5 * time.Minute)
	f.sms.Fail(nil)
	f.settle(t)
	if err := f.Queue.Hurry(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	f.settle(t)
	if s := f.state(t, "c:late"); s.State != outbound.Expired || len(f.sms.Messages()) != 0 {
		t.Errorf("a code after its term: %+v", s)
	}
	problems, err := f.Problems(context.Background(), 10)
	if err != nil || len(problems) != 1 || problems[0].ID != "c:late" {
		t.Errorf("problems %+v, %v", problems, err)
	}
	counts, err := f.Counts(context.Background())
	if err != nil || len(counts) != 2 || counts[0].Channel != outbound.Email || counts[0].N != 1 || counts[1].State != outbound.Expired {
		t.Errorf("counts %+v, %v", counts, err)
	}
	f.Clock.Advance(91 * 24 * time.Hour)
	f.settle(t)
	if n := count(t, f, `SELECT count(*) FROM outbound.message`); n != 0 {
		t.Errorf("%d lines outlive their retention", n)
	}
}

func TestEnqueueRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	f := open(t)
	ctx := context.Background()
	for name, change := range map[string]func(*outbound.Message){
		"no id":            func(m *outbound.Message) { m.ID = "" },
		"no class":         func(m *outbound.Message) { m.Class = "" },
		"no text":          func(m *outbound.Message) { m.Text = " " },
		"no subject":       func(m *outbound.Message) { m.Subject = "" },
		"not canonical":    func(m *outbound.Message) { m.To = "Anna <anna@example.org>" },
		"header injection": func(m *outbound.Message) { m.To = "anna@example.org\r\nBcc: all@example.org" },
		"landline":         func(m *outbound.Message) { m.Channel, m.To = outbound.SMS, "+73452500001" },
		"no number":        func(m *outbound.Message) { m.Channel, m.To = outbound.SMS, "anna@example.org" },
	} {
		m := notice("n:1")
		change(&m)
		if err := f.DB.InTx(ctx, func(tx *db.Tx) error { return f.Enqueue(ctx, tx, m) }); err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "anna@") {
			t.Errorf("%s: the error holds the address: %v", name, err)
		}
	}
}

// A channel without gateway keeps its messages, visibly, until there is one or their term is over.
func TestChannelWithoutSenderWaits(t *testing.T) {
	t.Parallel()
	f := open(t)
	delete(f.Senders, outbound.Email)
	f.enqueue(t, notice("n:1"))
	f.settle(t)
	if s := f.state(t, "n:1"); s.State != outbound.Queued || !strings.Contains(s.Failure, "email") {
		t.Errorf("without a gateway: %+v", s)
	}
	f.Senders[outbound.Email] = f.email
	if err := f.Queue.Hurry(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	f.settle(t)
	if s := f.state(t, "n:1"); s.State != outbound.Sent || len(f.email.Messages()) != 1 {
		t.Errorf("with a gateway: %+v", s)
	}
}

func TestSimultaneousEnqueueSendsOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := f.DB.InTx(ctx, func(tx *db.Tx) error { return f.Enqueue(ctx, tx, code("c:1")) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f.settle(t)
	if n := len(f.sms.Messages()); n != 1 {
		t.Errorf("sent %d times", n)
	}
}
