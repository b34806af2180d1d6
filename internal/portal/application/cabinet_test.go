package application_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/term"
)

// Whatever a stranger tries with the ids of somebody else is «not found».
func TestForeignThingsAreNotFound(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	v := k.fill(t, k.anna)
	app := k.send(t, k.anna)
	s := k.submission(k.boris, v)
	for name, try := range map[string]func() error{
		"open draft": func() error { _, err := k.Open(ctx, k.boris, v.ID, k.ru); return err },
		"save draft": func() error { _, err := k.SaveStep(ctx, k.boris, v.ID, "names", nil, k.ru); return err },
		"submit":     func() error { _, err := k.Submit(ctx, s); return err },
		"attach": func() error {
			_, err := k.Attach(ctx, k.boris, v.ID, "certificate_scan", upload("a.pdf", pdf), k.ru)
			return err
		},
		"refresh":     func() error { return k.Refresh(ctx, k.boris, v.ID, profile(start.Add(time.Hour))) },
		"application": func() error { _, err := k.Get(ctx, k.boris, app.ID); return err },
		"withdraw":    func() error { return k.Withdraw(ctx, k.boris, app.ID) },
		"answer": func() error {
			return k.Answer(ctx, application.Reply{Owner: k.boris, Application: app.ID, Key: "k", Text: "x"})
		},
		"write": func() error {
			return k.Write(ctx, application.Reply{Owner: k.boris, Application: app.ID, Key: "k", Text: "x"})
		},
		"rate":        func() error { return k.Rate(ctx, k.boris, app.ID, 5, "") },
		"receipt":     func() error { _, err := k.Receipt(ctx, k.boris, app.ID, k.ru); return err },
		"looks":       func() error { _, err := k.Looks(ctx, k.boris, app.ID); return err },
		"file":        func() error { _, _, err := k.OpenFile(ctx, k.boris, app.ID, db.NewID()); return err },
		"no such id":  func() error { _, err := k.Get(ctx, k.anna, db.NewID()); return err },
		"nonsense id": func() error { _, err := k.Get(ctx, k.anna, "../1"); return err },
	} {
		if err := try(); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	must(t, k.DeleteDraft(ctx, k.boris, v.ID))
	if _, err := k.Open(ctx, k.anna, v.ID, k.ru); err != nil {
		t.Errorf("a stranger deleted a draft: %v", err)
	}
	if list, err := k.List(ctx, k.boris, application.Filter{Archive: true}); err != nil || len(list.Applications) != 0 {
		t.Errorf("a stranger's list: %+v, %v", list, err)
	}
}

// Many drafts are sent and withdrawn at once: a withdrawal that says yes is in
// force, one that says no has changed nothing.
func TestSubmitRacesWithdraw(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	var apps []string
	for range 6 {
		app, err := k.Submit(t.Context(), k.submission(k.anna, k.fill(t, k.anna)))
		must(t, err)
		apps = append(apps, app.ID)
	}
	var wg sync.WaitGroup
	withdrawn := make([]bool, len(apps))
	for i, id := range apps {
		wg.Go(func() { withdrawn[i] = k.Withdraw(context.Background(), k.anna, id) == nil })
	}
	wg.Go(func() {
		if err := k.Queue.Settle(context.Background()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	k.settle(t)
	for i, id := range apps {
		d, err := k.Get(t.Context(), k.anna, id)
		must(t, err)
		if withdrawn[i] != (d.Status == application.StatusWithdrawn) {
			t.Errorf("withdrawal answered %v, application is %s", withdrawn[i], d.Status)
		}
	}
}

// The citizen withdraws while an officer decides: exactly one of both wins, the
// other is told.
func TestWithdrawRacesDecision(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for range 5 {
		app := k.send(t, k.anna)
		k.officer(t, app.ID, application.StatusInWork)
		var won atomic.Int32
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := k.Withdraw(context.Background(), k.anna, app.ID); err == nil {
				won.Add(1)
			} else if !fault.Is(err, fault.KindConflict) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			err := k.DB.InTx(context.Background(), func(tx *db.Tx) error {
				a, err := k.Lock(context.Background(), tx, "mvd", app.ID)
				if err != nil {
					return err
				}
				return k.Apply(context.Background(), tx, a, application.Move{To: application.StatusGranted, Actor: application.ActorOfficer, Officer: db.NewID(), Key: "grant"})
			})
			if err == nil {
				won.Add(1)
			} else if !fault.Is(err, fault.KindConflict) {
				t.Error(err)
			}
		})
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of the two won", won.Load())
		}
	}
}

// «История обработки»: every step with time, status, who and his words; files;
// course and term of consideration.
//
// SVC-16, SVC-17, SVC-24
func TestHistoryTermAndDetails(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	app := k.send(t, k.anna)
	k.Clock.Advance(time.Hour)
	k.officer(t, app.ID, application.StatusInWork)
	k.Clock.Advance(time.Hour)
	k.officer(t, app.ID, application.StatusMoreInfo)
	d, err := k.Get(t.Context(), k.anna, app.ID)
	must(t, err)
	var got []string
	for _, e := range d.Events {
		got = append(got, fmt.Sprintf("%s %s %s", e.Status, e.Actor, e.Officer))
		if e.At.IsZero() || e.Body == "" {
			t.Errorf("event without time or body: %+v", e)
		}
	}
	want := "sent applicant ;registered system ;in_work officer Гареева Л. М.;more_info officer Гареева Л. М."
	if strings.Join(got, ";") != want {
		t.Errorf("history %v", got)
	}
	if last := d.Events[3]; last.Comment != "Слова ведомства" {
		t.Errorf("the officer's words: %+v", last)
	}
	// 30 calendar days from Tuesday 24 November end on Thursday 24 December.
	if day := d.DueDay(k.Zone); day == nil || day.Format(time.DateOnly) != "2026-12-24" {
		t.Errorf("due day %v", day)
	}
	if d.AnswerDay(k.Zone) == nil || d.Content.Applicant == "" || len(d.Content.Form.Sections) != 4 {
		t.Errorf("details: %+v", d.Application)
	}
}

// A question is answered once, with text and file; the same form sent again
// changes nothing.
func TestAnswerToAQuestion(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	r := application.Reply{Owner: k.anna, Application: app.ID, Key: "reply-1", Text: "Вот скан"}
	if err := k.Answer(ctx, r); !fault.Is(err, fault.KindConflict) {
		t.Fatalf("nothing was asked: %v", err)
	}
	k.officer(t, app.ID, application.StatusInWork)
	k.officer(t, app.ID, application.StatusMoreInfo)
	feed, err := k.Notices.List(ctx, k.anna, notice.Filter{})
	must(t, err)
	if e := feed.Entries[0]; !e.Waiting() || e.Due == nil {
		t.Errorf("the feed does not ask to act: %+v", e)
	}
	doc, err := k.UploadReply(ctx, k.anna, app.ID, upload("паспорт.pdf", pdf))
	must(t, err)
	if err := k.Answer(ctx, application.Reply{Owner: k.anna, Application: app.ID, Key: "empty"}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("an answer of nothing: %v", err)
	}
	stolen := r
	stolen.Files = []string{db.NewID()}
	if err := k.Answer(ctx, stolen); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an answer with a file that is not there: %v", err)
	}
	r.Files = []string{doc.ID}
	for range 2 {
		must(t, k.Answer(ctx, r))
	}
	k.settle(t)
	d, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	if d.Status != application.StatusInWork || !d.Unseen || d.AnswerBy != nil || len(d.Messages) != 1 || d.Messages[0].Text != "Вот скан" || len(d.Files) != 1 {
		t.Errorf("after the answer: %+v, %+v, %+v", d.Application, d.Messages, d.Files)
	}
	_, body, err := k.OpenFile(ctx, k.anna, app.ID, doc.ID)
	must(t, err)
	defer body.Close()
	if b, _ := io.ReadAll(body); string(b) != pdf {
		t.Errorf("file came back as %q", b)
	}
	feed, err = k.Notices.List(ctx, k.anna, notice.Filter{})
	must(t, err)
	for _, e := range feed.Entries {
		if e.Waiting() {
			t.Errorf("the feed still asks: %+v", e)
		}
	}
}

// 30 days after the last change an application is in the archive only.
//
// SVC-13
func TestThirtyDaysThenTheArchive(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	k.send(t, k.anna)
	count := func(archive bool) int {
		t.Helper()
		p, err := k.List(ctx, k.anna, application.Filter{Archive: archive})
		must(t, err)
		return len(p.Applications)
	}
	k.Clock.Advance(30 * 24 * time.Hour)
	if count(false) != 1 {
		t.Error("gone after 30 days")
	}
	k.Clock.Advance(24 * time.Hour)
	if count(false) != 0 || count(true) != 1 {
		t.Errorf("after 31 days: %d in the list, %d in the archive", count(false), count(true))
	}
}

// SVC-20
func TestSearchByNameNumberAndAgency(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	app := k.send(t, k.anna)
	for query, want := range map[string]int{
		"судимости": 1, "СУДИМОСТИ": 1, app.Number: 1, app.Number[8:12]: 1, "министерств": -1, "детский сад": 0, "%": 0,
	} {
		p, err := k.List(t.Context(), k.anna, application.Filter{Query: query})
		must(t, err)
		if want < 0 { // whatever the directory calls the agency
			words := strings.Fields(app.Body)
			p, err = k.List(t.Context(), k.anna, application.Filter{Query: words[0]})
			must(t, err)
			want = 1
		}
		if len(p.Applications) != want {
			t.Errorf("search %q: %d, want %d", query, len(p.Applications), want)
		}
	}
}

// SVC-23
func TestOneRatingOfADecidedApplication(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	if err := k.Rate(ctx, k.anna, app.ID, 5, ""); !fault.Is(err, fault.KindConflict) {
		t.Errorf("rated before the decision: %v", err)
	}
	k.officer(t, app.ID, application.StatusInWork)
	k.officer(t, app.ID, application.StatusGranted)
	for _, bad := range []int{0, 6, -1} {
		if err := k.Rate(ctx, k.anna, app.ID, bad, ""); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%d stars: %v", bad, err)
		}
	}
	must(t, k.Rate(ctx, k.anna, app.ID, 2, "Долго"))
	must(t, k.Rate(ctx, k.anna, app.ID, 4, "Быстро"))
	got, err := k.Ratings(ctx, "mvd")
	must(t, err)
	if len(got) != 1 || got[0].Count != 1 || got[0].Average != 4 || got[0].Service != certificate {
		t.Errorf("ratings %+v", got)
	}
}

// The overdue flag appears by the clock, once, and the citizen is told.
//
// SVC-27
func TestOverdueAppearsByTheClock(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	read := func() *application.Details {
		t.Helper()
		k.settle(t)
		d, err := k.Get(ctx, k.anna, app.ID)
		must(t, err)
		return d
	}
	d := read()
	k.Clock.Set(d.DueAt.Add(-time.Minute))
	if d = read(); d.Overdue {
		t.Error("overdue a minute before the end of the last day")
	}
	k.Clock.Set(*d.DueAt)
	if d = read(); !d.Overdue {
		t.Error("not overdue when the last day has ended")
	}
	read()
	feed, err := k.Notices.List(ctx, k.anna, notice.Filter{Limit: 50})
	must(t, err)
	n := 0
	for _, e := range feed.Entries {
		if e.Topic == "application.overdue" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

// While the agency waits for the citizen its term stands still, as both are told:
// it is not overdue then, and what was left is left after the answer.
//
// SVC-16, SVC-27
func TestTermStandsStillWhileTheCitizenIsAsked(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	k.settle(t)
	d, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	due := *d.DueAt
	k.officer(t, app.ID, application.StatusInWork)
	k.Clock.Set(due.AddDate(0, 0, -3).Add(-time.Hour)) // three days before the last one
	k.officer(t, app.ID, application.StatusMoreInfo)
	k.Clock.Set(due.AddDate(0, 0, 30))
	k.settle(t)
	if d, err = k.Get(ctx, k.anna, app.ID); err != nil || d.Overdue || d.Asked() == nil {
		t.Fatalf("overdue %v while the citizen is asked (%v), %v", d.Overdue, d.Asked(), err)
	}
	must(t, k.Answer(ctx, application.Reply{Owner: k.anna, Application: app.ID, Key: "late", Text: "Вот"}))
	k.settle(t)
	d, err = k.Get(ctx, k.anna, app.ID)
	must(t, err)
	today := term.Date(k.Clock.Now(), k.Zone)
	if want := term.EndOf(k.Calendar.AddCalendarDays(today, 3), k.Zone); d.Overdue || !d.DueAt.Equal(want) || d.Asked() != nil {
		t.Errorf("due %s, want %s, overdue %v", d.DueAt, want, d.Overdue)
	}
	k.Clock.Set(*d.DueAt)
	k.settle(t)
	if d, err = k.Get(ctx, k.anna, app.ID); err != nil || !d.Overdue {
		t.Errorf("the new term has run out: overdue %v, %v", d.Overdue, err)
	}
}

// The term of registration is watched too: the queue was down for days.
//
// SVC-27
func TestLateRegistrationIsMarked(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app, err := k.Submit(ctx, k.submission(k.anna, k.fill(t, k.anna)))
	must(t, err)
	// Tuesday's application is to be registered by the end of Wednesday.
	if got := app.RegisterBy.In(k.Zone).Format(time.DateTime); got != "2026-11-26 00:00:00" {
		t.Errorf("register by %s", got)
	}
	k.Clock.Set(app.RegisterBy.Add(time.Hour))
	k.settle(t)
	d, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	if !d.LateRegistration || d.Status != application.StatusRegistered {
		t.Errorf("late %v, status %s", d.LateRegistration, d.Status)
	}
}

// A feed entry comes at each status change, as does the history.
//
// SVC-19, SVC-24
func TestEachStatusIsInTheFeed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	for _, to := range []application.Status{application.StatusInWork, application.StatusInvited, application.StatusAwaitingPayment, application.StatusInvited, application.StatusGranted} {
		k.Clock.Advance(time.Minute)
		k.officer(t, app.ID, to)
	}
	k.settle(t)
	feed, err := k.Notices.List(ctx, k.anna, notice.Filter{})
	must(t, err)
	var got []string
	for _, e := range feed.Entries {
		got = append(got, strings.TrimPrefix(e.Topic, "application."))
		if title := e.Title(k.ru); strings.HasPrefix(title, "notice.") || strings.Contains(title+e.Note(k.ru), "{") {
			t.Errorf("entry without words: %q, %q", title, e.Note(k.ru))
		}
	}
	if s := strings.Join(got, " "); s != "granted invited awaiting_payment invited in_work registered sent" {
		t.Errorf("feed: %s", s)
	}
	// They go to the contact of the profile that was read when the form opened.
	if n := len(k.email.To("anna@example.org")); n != 5 {
		t.Errorf("%d e-mails, want 5: sent and taken into work are seen in the feed", n)
	}
}

// Receipt and print are real papers that lead to the public check page, which
// says nothing about the person.
//
// SVC-11
func TestPapersAndTheirProof(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	receipt, err := k.Receipt(ctx, k.anna, app.ID, k.ru)
	must(t, err)
	again, err := k.Receipt(ctx, k.anna, app.ID, k.ru)
	must(t, err)
	if !bytes.Equal(receipt, again) {
		t.Error("the same receipt has other bytes")
	}
	print, err := k.Print(ctx, k.anna, app.ID, k.ru)
	must(t, err)
	for name, b := range map[string][]byte{"receipt": receipt, "print": print} {
		if !bytes.HasPrefix(b, []byte("%PDF-")) || len(b) > 120_000 {
			t.Errorf("%s: %d bytes, begins %q", name, len(b), b[:8])
		}
	}
	url, err := k.ProofURL(ctx, k.anna, app.ID)
	must(t, err)
	if !bytes.Contains(receipt, []byte(url)) {
		t.Error("the receipt does not lead to its check page")
	}
	token := strings.TrimPrefix(url, "https://uslugi.example.org/check/")
	proof, err := k.Check(ctx, token)
	must(t, err)
	if proof.Number != app.Number || proof.Status != application.StatusRegistered || len(proof.Digest) != 64 {
		t.Errorf("proof %+v", proof)
	}
	if s := fmt.Sprintf("%+v", proof); strings.Contains(s, "Тестова") || strings.Contains(s, "11223344595") {
		t.Errorf("the proof tells of the person: %s", s)
	}
	for _, bad := range []string{"", "x", token + "x", app.Number} {
		if _, err := k.Check(ctx, bad); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

func TestMessagesAreBoundedAndSentOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, k.anna)
	write := func(key, text string) error {
		return k.Write(ctx, application.Reply{Owner: k.anna, Application: app.ID, Key: key, Text: text})
	}
	for range 2 {
		must(t, write("k", "Когда будет готово?"))
	}
	if err := write("long", strings.Repeat("я", application.MaxText+1)); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("too long: %v", err)
	}
	must(t, write("full", strings.Repeat("я", application.MaxText)))
	for i := range 18 {
		must(t, write(fmt.Sprint(i), "Ау"))
	}
	if err := write("flood", "Ау"); !fault.Is(err, fault.KindLimited) {
		t.Errorf("the 21st of the day: %v", err)
	}
	d, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	if len(d.Messages) != 20 {
		t.Errorf("%d messages, want 20", len(d.Messages))
	}
	must(t, k.Withdraw(ctx, k.anna, app.ID))
	if err := write("late", "Ещё вопрос"); !fault.Is(err, fault.KindConflict) {
		t.Errorf("after the end: %v", err)
	}
}
