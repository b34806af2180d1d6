package application_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// 32 windows send one draft at once: one application, one number, the same
// receipt for all.
//
// SVC-10
func TestParallelSubmitsMakeOneApplication(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	s := k.submission(k.anna, k.fill(t, k.anna))
	got := make([]*application.Application, 32)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			app, err := k.Submit(context.Background(), s)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = app
		})
	}
	wg.Wait()
	for _, app := range got {
		if app == nil || app.ID != got[0].ID || app.Number != got[0].Number {
			t.Fatalf("answers differ: %+v and %+v", app, got[0])
		}
	}
	k.settle(t)
	counts := map[string]int{
		`SELECT count(*) FROM application.application`: 1, `SELECT count(*) FROM application.signature`: 1,
		`SELECT count(*) FROM application.draft`:                                              0,
		`SELECT count(*) FROM application.event WHERE status = 'sent'`:                        1,
		`SELECT count(*) FROM application.event WHERE status = 'registered'`:                  1,
		`SELECT count(*) FROM ledger.entry WHERE kind = 'application.submitted'`:              1,
		`SELECT count(*) FROM notice.entry WHERE topic = 'application.sent'`:                  1,
		`SELECT count(*) FROM notice.entry WHERE object LIKE 'draft/%'`:                       0,
		`SELECT count(*) FROM outbound.message WHERE id LIKE 'notice:%:email'`:                1,
		`SELECT count(*) FROM application.application WHERE draft_id IS NOT DISTINCT FROM id`: 0,
	}
	must(t, k.DB.Read(t.Context(), func(tx *db.Tx) error {
		for q, want := range counts {
			n, err := db.Get[int](t.Context(), tx, q)
			must(t, err)
			if n != want {
				t.Errorf("%s: %d, want %d", q, n, want)
			}
		}
		return nil
	}))
}

// Two drafts of one owner, sent at once by many: two numbers, both valid.
func TestNumbersAreUniqueAndCarryACheckDigit(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	numbers := sync.Map{}
	var wg sync.WaitGroup
	for range 25 { // more than one block
		s := k.submission(k.anna, k.fill(t, k.anna))
		wg.Go(func() {
			app, err := k.Submit(context.Background(), s)
			if err != nil {
				t.Error(err)
				return
			}
			if _, double := numbers.LoadOrStore(app.Number, true); double {
				t.Errorf("number %s twice", app.Number)
			}
			if n, err := ruid.ParseAppNumber(app.Number); err != nil || n.String() != app.Number || !strings.HasPrefix(app.Number, "72-2026-") {
				t.Errorf("number %s: %v", app.Number, err)
			}
		})
	}
	wg.Wait()
	// The year of the number is the year in Tyumen, five hours ahead of UTC.
	k.Clock.Set(time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC))
	if app := k.send(t, k.anna); !strings.HasPrefix(app.Number, "72-2027-0000001-") {
		t.Errorf("first number of the new year: %s", app.Number)
	}
}

// Only what was seen is signed: a draft that changed after its page of checking
// was shown is not sent.
func TestChangedDraftIsNotSigned(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v := k.fill(t, k.anna)
	s := k.submission(k.anna, v)
	_, err := k.SaveStep(t.Context(), k.anna, v.ID, "purpose", map[string][]string{"purpose": {"family"}, "regions": {"Тюмень"}}, k.ru)
	must(t, err)
	if _, err := k.Submit(t.Context(), s); !fault.Is(err, fault.KindConflict) {
		t.Fatalf("a draft changed in another window: %v", err)
	}
	s.Version++
	if _, err := k.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func TestIncompleteDraftIsNotSent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	d, err := k.Begin(t.Context(), k.anna, certificate, "key", profile(start))
	must(t, err)
	s := application.Submission{Owner: k.anna, Draft: d.ID, Version: d.Version, Words: k.ru}
	if _, err := k.Submit(t.Context(), s); !fault.Is(err, fault.KindInvalid) {
		t.Fatalf("an empty draft: %v", err)
	}
}

// The level is looked up at the act, not at the beginning: a draft stays open
// for hours, the token of the session may carry an older level.
//
// SVC-03
func TestLevelIsEnforcedAtBeginningAndSending(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	ivan := k.person(t, "1000000003", account.LevelStandard)
	_, err := k.Begin(ctx, ivan, certificate, "key", profile(start))
	if f, _ := fault.As(err); !fault.Is(err, fault.KindForbidden) || f.Key != "application.level_too_low" {
		t.Fatalf("standard level began a service for the confirmed: %v", err)
	}
	if _, err := k.Begin(ctx, ivan, kindergarten, "key", profile(start)); err != nil {
		t.Fatalf("standard level, service for the standard: %v", err)
	}
	offer := func(l account.Level) {
		must(t, k.DB.InTx(ctx, func(tx *db.Tx) error { return k.Accounts.OfferLevel(ctx, tx, "1000000003", l) }))
	}
	offer(account.LevelConfirmed)
	_, err = k.Begin(ctx, ivan, certificate, "key2", profile(start))
	if f, _ := fault.As(err); !fault.Is(err, fault.KindForbidden) || f.Key != "application.sign_in_again" {
		t.Errorf("a raised level waits for a new sign-in: %v", err)
	}

	v := k.fill(t, k.anna)
	must(t, k.DB.InTx(ctx, func(tx *db.Tx) error { return k.Accounts.OfferLevel(ctx, tx, "1000000001", account.LevelStandard) }))
	if _, err := k.Submit(ctx, k.submission(k.anna, v)); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("a level lowered meanwhile: %v", err)
	}
}

// What was signed can be reproduced, byte for byte.
//
// SVC-10, SVC-26
func TestSignedBytesAreKept(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	d, err := k.Begin(ctx, k.anna, certificate, db.NewID(), profile(start))
	must(t, err)
	posts := certificateAnswers
	for i, a := range posts {
		post := a.post
		if i == 1 {
			post = map[string][]string{"changed": {"yes"}, "former": {"Кузнецова"}, "reason": {"marriage"}, "certificate": {"I-ФР 512044"}}
		}
		_, err := k.SaveStep(ctx, k.anna, d.ID, a.step, post, k.ru)
		must(t, err)
	}
	v, err := k.Attach(ctx, k.anna, d.ID, "certificate_scan", upload("свидетельство.pdf", pdf), k.ru)
	must(t, err)
	app, err := k.Submit(ctx, k.submission(k.anna, v))
	must(t, err)
	signed, digest, err := k.Signed(ctx, app.ID, 1)
	must(t, err)
	if sum := sha256.Sum256(signed); !bytes.Equal(sum[:], digest) {
		t.Error("the digest is not that of the bytes")
	}
	var got struct {
		Number, Service, Revision, Capacity, Consent string
		Answers                                      json.RawMessage
		Files                                        []struct {
			Name, SHA256 string
			Size         int64
		}
	}
	must(t, json.Unmarshal(signed, &got))
	if got.Number != app.Number || got.Service != certificate || got.Revision != v.Revision || got.Capacity != "self" || got.Consent != "2026-11" {
		t.Errorf("signed: %+v", got)
	}
	if sum := sha256.Sum256([]byte(pdf)); len(got.Files) != 1 || got.Files[0].SHA256 != hexOf(sum[:]) || got.Files[0].Name != "свидетельство.pdf" {
		t.Errorf("signed files: %+v", got.Files)
	}
	for _, want := range []string{"Кузнецова", "Тестова Анна Викторовна", "I-ФР 512044"} {
		if !bytes.Contains(got.Answers, []byte(want)) {
			t.Errorf("signed answers lack %q", want)
		}
	}
	if v.Profile.Person.Surname != "Тестова" {
		t.Error("snapshot of the profile is lost")
	}
	must(t, k.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*) FROM application.content WHERE position('Тестова'::bytea IN content) > 0 OR position(convert_to('Кузнецова', 'UTF8') IN signed) > 0`)
		must(t, err)
		if n != 0 {
			t.Error("answers lie open in the database")
		}
		return nil
	}))
}

// A kindergarten application is filed for a child, and the clerk sees that.
//
// SVC-26
func TestApplicationForAChildCarriesItsSubject(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	d, err := k.Begin(ctx, k.anna, kindergarten, db.NewID(), profile(start))
	must(t, err)
	v, err := k.Open(ctx, k.anna, d.ID, k.ru)
	must(t, err)
	for range 20 {
		step := v.State.Next()
		if step == "" {
			break
		}
		v, err = k.SaveStep(ctx, k.anna, d.ID, step, kindergartenPost, k.ru)
		must(t, err)
		if errs := v.State.StepErrors(step); len(errs) > 0 {
			t.Fatalf("step %s: %+v", step, errs)
		}
	}
	app, err := k.Submit(ctx, k.submission(k.anna, v))
	must(t, err)
	det, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	if app.Capacity != application.CapacityChild || det.Content.Subject != "Тестов Пётр Ильич" || det.Content.Applicant != "Тестова Анна Викторовна" {
		t.Errorf("capacity %s, subject %q, applicant %q", app.Capacity, det.Content.Subject, det.Content.Applicant)
	}
}

// The application is in «Мои заявления» and in the feed as soon as it is sent,
// before any job has run.
//
// SVC-12
func TestSentApplicationIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app, err := k.Submit(ctx, k.submission(k.anna, k.fill(t, k.anna)))
	must(t, err)
	list, err := k.List(ctx, k.anna, application.Filter{})
	must(t, err)
	feed, err := k.Notices.List(ctx, k.anna, notice.Filter{Category: notice.CategoryApplication})
	must(t, err)
	if len(list.Applications) != 1 || list.Applications[0].Number != app.Number || len(feed.Entries) != 1 || feed.Entries[0].Args["number"] != app.Number {
		t.Errorf("list %+v, feed %+v", list, feed)
	}
	page, err := k.Journal.List(ctx, k.anna, journal.Filter{})
	must(t, err)
	if len(page.Entries) != 2 || page.Entries[0].Kind != journal.Submitted || page.Entries[1].Kind != journal.ProfileRead {
		t.Errorf("journal %+v", page.Entries)
	}
}

// A crash before COMMIT leaves the draft as it was; the next attempt sends it.
func TestFailedSubmissionLosesNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	v := k.fill(t, k.anna)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Submit(ctx, k.submission(k.anna, v)); err == nil {
		t.Fatal("a cancelled submission succeeded")
	}
	again, err := k.Open(t.Context(), k.anna, v.ID, k.ru)
	must(t, err)
	if again.Version != v.Version || again.Status != application.StatusUnsigned {
		t.Errorf("the draft changed: %+v", again.Draft)
	}
	if _, err := k.Submit(t.Context(), k.submission(k.anna, again)); err != nil {
		t.Fatal(err)
	}
}

// A portal may ask for more than the service does: at the beginning and, for
// drafts that are open already, at the sending.
//
// ID-LVL-13
func TestThePortalsOwnMinimumIsEnforced(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	ivan := k.person(t, "1000000003", account.LevelSimplified)
	d, err := k.Begin(ctx, ivan, "kindergarten-info", "key", profile(start))
	must(t, err)
	v, err := k.SaveStep(ctx, ivan, d.ID, "question", map[string][]string{"city": {"tyumen"}, "age": {"3"}, "topics": {"queue"}, "consent": {"yes"}}, k.ru)
	must(t, err)
	if !v.State.Complete() {
		t.Fatalf("the draft is not complete: %+v", v.State.StepErrors("question"))
	}
	minimum := func(version int, level string) {
		settings := &setting.Settings{DB: k.DB, Clock: k.Clock}
		must(t, settings.Change(ctx, "catalogue.least_level", version, json.RawMessage(`"`+level+`"`), "1", "policy"))
		k.Services = &catalogue.Services{DB: k.DB, Clock: k.Clock, Directory: k.Directory, Zone: k.Zone}
	}
	minimum(0, "standard")
	for what, err := range map[string]error{
		"beginning": func() error { _, err := k.Begin(ctx, ivan, "kindergarten-info", "key2", profile(start)); return err }(),
		"sending":   func() error { _, err := k.Submit(ctx, k.submission(ivan, v)); return err }(),
	} {
		if f, _ := fault.As(err); !fault.Is(err, fault.KindForbidden) || f.Key != "application.level_too_low" {
			t.Errorf("%s below the portal's minimum: %v", what, err)
		}
	}
	minimum(1, "simplified")
	if _, err := k.Submit(ctx, k.submission(ivan, v)); err != nil {
		t.Errorf("sending after the minimum was lowered: %v", err)
	}
}
