package notice_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/notice"
)

func news(code string) notice.Mailing {
	return notice.Mailing{
		Object: "news/" + code, Topic: "news", StartedBy: "officer",
		Args: map[string]string{"title": "Портал в праздники", "headline": "Портал в праздники", "lead": "Работаем как обычно."},
	}
}

func anybody(context.Context, *db.Tx) error { return nil }

// subscribe makes everybody of n, and the person with contacts, want news by e-mail and SMS.
func (k *kit) subscribe(t *testing.T, n int) {
	t.Helper()
	s, err := k.Settings(t.Context(), k.owner)
	must(t, err)
	s.Wanted[notice.TypeNews] = map[notice.Channel]bool{notice.ChannelEmail: true, notice.ChannelSMS: true}
	must(t, k.Choose(t.Context(), k.owner, s))
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO notice.choice (owner_id, type, channel, wanted)
			SELECT gen_random_uuid(), 'news', 'email', true FROM generate_series(1, $1)`, n)
		return err
	}))
}

func (k *kit) told(t *testing.T) (people int) {
	t.Helper()
	must(t, k.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		people, err = db.Get[int](t.Context(), tx, `SELECT count(*)::int FROM notice.entry WHERE type = 'news'`)
		return err
	}))
	return people
}

// NTS-02: everybody who has asked for news gets them once, however many they are and
// however often the button is pressed; who has not asked gets nothing.
func TestMailingReachesEverySubscriberOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Public = func(context.Context, string) (bool, error) { return true, nil }
	k.subscribe(t, 501) // more than a batch
	n, err := k.Subscribers(t.Context())
	must(t, err)
	if n != 502 {
		t.Fatalf("%d subscribers", n)
	}
	var wg sync.WaitGroup
	begun := make(chan error, 8)
	for range 8 {
		wg.Go(func() { begun <- k.Mail(t.Context(), news("holiday"), anybody) })
	}
	wg.Wait()
	close(begun)
	won := 0
	for err := range begun {
		switch f, _ := fault.As(err); {
		case err == nil:
			won++
		case f == nil || f.Key != "notice.mailed_already":
			t.Errorf("a second mailing: %v", err)
		}
	}
	k.settle(t)
	m, err := k.MailingOf(t.Context(), "news/holiday")
	must(t, err)
	if won != 1 || k.told(t) != 502 || m.Sent != 502 || m.EndedAt == nil {
		t.Fatalf("%d begun, %d told, the mailing: %+v", won, k.told(t), m)
	}
	if len(k.email.Messages()) != 1 || len(k.sms.Messages()) != 1 {
		t.Fatalf("%d messages", len(k.sent()))
	}
	letter, sms := k.email.Messages()[0].Text, k.sms.Messages()[0].Text
	if !strings.Contains(letter, "Работаем как обычно") || !strings.Contains(letter, "https://uslugi.example.org/news/holiday") ||
		!strings.Contains(sms, "Портал в праздники https://uslugi.example.org/news") {
		t.Errorf("the letter:\n%s\nthe SMS: %s", letter, sms)
	}
}

// What is withdrawn while it is mailed goes to nobody more, and what may not be begun is not.
func TestMailingEnds(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Public = func(context.Context, string) (bool, error) { return false, nil }
	k.subscribe(t, 3)
	err := k.Mail(t.Context(), news("foreign"), func(context.Context, *db.Tx) error { return fault.Forbidden("officer.other_agency") })
	if !fault.Is(err, fault.KindForbidden) {
		t.Errorf("without the right: %v", err)
	}
	if m, err := k.MailingOf(t.Context(), "news/foreign"); err != nil || m != nil {
		t.Errorf("a mailing stands: %+v, %v", m, err)
	}
	must(t, k.Mail(t.Context(), news("gone"), anybody))
	k.settle(t)
	if m, err := k.MailingOf(t.Context(), "news/gone"); err != nil || m.EndedAt == nil || m.Sent != 0 || k.told(t) != 0 {
		t.Errorf("withdrawn: %+v, %v, %d told", m, err, k.told(t))
	}
}
