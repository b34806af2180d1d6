package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/outbound"
)

// arrived is what a gateway took, as the person would see it.
type arrived struct{ to, subject, text string }

// testSender is the conformance test of every sender: what is sent arrives, once, unchanged, from many goroutines too.
func testSender(t *testing.T, s outbound.Sender, to func(n int) string, hasSubject bool, got func() []arrived) {
	t.Helper()
	ctx := context.Background()
	texts := []string{
		"Код 123456",
		"Plain ASCII, = and \"quotes\", 100 %",
		"Заявление № 72-2026-0000123-5 принято.\n\nОтвет придёт до 5 декабря. Подробности — в личном кабинете.\n",
		"Строка\n.\nещё строка\n..две точки\n",
		strings.Repeat("Ё", 70),
		strings.Repeat("Длинный текст 🙂 ", 30),
		strings.Repeat("🙂", 34) + "к" + strings.Repeat("🙂", 40),
	}
	var want []arrived
	for i, text := range texts {
		e := outbound.Envelope{Key: fmt.Sprintf("%032x", i*251), To: to(i), Text: text, Date: start}
		if hasSubject {
			e.Subject = fmt.Sprintf("Ваше заявление %d: очень длинная тема, которая не помещается в одну строку заголовка", i)
		}
		if err := s.Send(ctx, e); err != nil {
			t.Fatalf("text %d: %v", i, err)
		}
		want = append(want, arrived{e.To, e.Subject, text})
	}
	if have := got(); !slices.Equal(have, want) {
		for i := range max(len(have), len(want)) {
			if i >= len(have) || i >= len(want) || have[i] != want[i] {
				t.Fatalf("message %d of %d, %d: arrived %+v", i, len(have), len(want), slices.Clone(have)[min(i, len(have)-1)])
			}
		}
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			e := outbound.Envelope{Key: fmt.Sprintf("%032x", 1000+i), To: to(100 + i), Subject: "s", Text: "t", Date: start}
			if err := s.Send(ctx, e); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	recipients := map[string]bool{}
	for _, a := range got()[len(want):] {
		recipients[a.to] = true
	}
	if len(recipients) != 20 || len(got()) != len(want)+20 {
		t.Errorf("%d messages for %d people arrived of 20 sent at once", len(got())-len(want), len(recipients))
	}
}

func mailTo(n int) string  { return fmt.Sprintf("citizen%d@example.org", n) }
func phoneTo(n int) string { return fmt.Sprintf("+7912%07d", n+1) }

func TestBoxConforms(t *testing.T) {
	t.Parallel()
	b := &outbound.Box{}
	testSender(t, b, mailTo, true, func() (out []arrived) {
		for _, e := range b.Messages() {
			out = append(out, arrived{e.To, e.Subject, e.Text})
		}
		return out
	})
}

// checkFate sends one message to a gateway that misbehaves; the sender must answer in time, with the right fate, and
// must not repeat the address.
func checkFate(t *testing.T, s outbound.Sender, to string, want outbound.Fate) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	e := outbound.Envelope{Key: strings.Repeat("ab", 16), To: to, Subject: "Тема", Text: "Секрет 123456", Date: start}
	began := time.Now()
	err := s.Send(ctx, e)
	var f *outbound.Failure
	if !errors.As(err, &f) || f.Fate != want {
		t.Errorf("err = %v, want fate %q", err, want)
	}
	if err != nil && (strings.Contains(err.Error(), strings.TrimPrefix(to, "+")) || strings.Contains(err.Error(), "Секрет")) {
		t.Errorf("the error holds address or text: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
