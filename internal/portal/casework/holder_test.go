package casework_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// dismissals gives the kit an administrator whose acts release cases.
func (k *kit) dismissals(t *testing.T) (admin string) {
	t.Helper()
	k.Officers.Cases = k.Cases
	a, err := k.Officers.Add(t.Context(), officer.Officer{Subject: "2000000009", Name: "Павлова Анна Ильинична", Roles: []officer.Role{officer.RoleAdmin}})
	must(t, err)
	return a.ID
}

func (k *kit) last(t *testing.T, id string) (application.Event, *application.Details) {
	t.Helper()
	d, err := k.Applications.Get(t.Context(), k.anna, id)
	must(t, err)
	return d.Events[len(d.Events)-1], d
}

// Whoever leaves, moves or loses the role strands nothing: his cases are in the queue of
// the agency that they belong to, with a line in the history that says why.
//
// BO-01
func TestNobodyStrandsCases(t *testing.T) {
	t.Parallel()
	ways := map[string]func(k *kit, admin string) error{
		"dismissed": func(k *kit, admin string) error { return k.Officers.Dismiss(context.Background(), admin, k.lilia.ID) },
		"moved": func(k *kit, admin string) error {
			next := *k.lilia
			next.Agency = "edu"
			return k.Officers.Change(context.Background(), admin, next)
		},
		"a clerk no more": func(k *kit, admin string) error {
			next := *k.lilia
			next.Roles = []officer.Role{officer.RoleEditor}
			return k.Officers.Change(context.Background(), admin, next)
		},
		"made somebody else by the command line": func(k *kit, _ string) error {
			next := *k.lilia
			next.Agency = "edu"
			_, err := k.Officers.Add(context.Background(), next)
			return err
		},
	}
	for name, leave := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			admin := k.dismissals(t)
			ctx := t.Context()
			work, asked, decided, ivans := k.taken(t), k.taken(t), k.taken(t), k.send(t, pdf)
			must(t, k.Take(ctx, k.act(t, k.ivan, ivans.ID, "")))
			must(t, k.Ask(ctx, k.act(t, k.lilia, asked.ID, "Пришлите вторую страницу"), nil))
			must(t, k.Answer(ctx, k.act(t, k.lilia, decided.ID, "Судимости нет"), nil))
			before, err := k.Get(ctx, k.ivan.ID, work.ID)
			must(t, err)
			if load, err := k.Officers.Load(ctx, admin, k.lilia.ID); err != nil || load.Cases != 2 {
				t.Errorf("before it: %+v, %v", load, err)
			}
			stale := k.act(t, k.lilia, work.ID, "Судимости нет")
			must(t, leave(k, admin))

			e, d := k.last(t, work.ID)
			if d.Status != application.StatusRegistered || d.Officer != "" || e.Reason != application.ReasonReleased || e.Actor != application.ActorSystem {
				t.Errorf("the case in work: %s held by %q, %+v", d.Status, d.OfficerName, e)
			}
			if !d.DueAt.Equal(*before.DueAt) {
				t.Errorf("the term moved from %v to %v", before.DueAt, d.DueAt)
			}
			if err := k.Answer(ctx, stale, nil); err == nil {
				t.Error("who left answers")
			}
			if id, err := k.TakeNext(ctx, k.ivan.ID, db.NewID()); err != nil || id != work.ID {
				t.Errorf("the next free case is %s, %v", id, err)
			}

			// The question stands, its term stands still, and the citizen still sees what is asked.
			e, d = k.last(t, asked.ID)
			if d.Status != application.StatusMoreInfo || d.Officer != "" || e.Reason != application.ReasonReleased || d.Asked() == nil || d.Asked().Comment != "Пришлите вторую страницу" {
				t.Errorf("the question: %s held by %q, %+v", d.Status, d.OfficerName, e)
			}
			if _, err := k.TakeNext(ctx, k.ivan.ID, db.NewID()); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("a case that waits for the citizen was handed out as the next: %v", err)
			}
			must(t, k.Take(ctx, k.act(t, k.ivan, asked.ID, "")))
			if e, d = k.last(t, asked.ID); d.Status != application.StatusMoreInfo || d.Officer != k.ivan.ID || e.Reason != application.ReasonTaken || d.Asked() == nil {
				t.Errorf("taken while the citizen is asked: %s held by %q, %+v", d.Status, d.OfficerName, e)
			}

			// What is decided anybody of the agency may close.
			if err := k.Close(ctx, casework.Act{Officer: k.foreign.ID, Application: decided.ID, Key: db.NewID(), Version: 9}); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("another agency closes: %v", err)
			}
			must(t, k.Close(ctx, k.act(t, k.ivan, decided.ID, "")))
			if _, d = k.last(t, ivans.ID); d.Officer != k.ivan.ID {
				t.Errorf("a colleague lost his case: %q", d.OfficerName)
			}
			log, err := k.Officers.Log(ctx, admin, "", 10)
			must(t, err)
			n := 0
			for _, x := range log {
				if x.Kind == officer.DeedRelease && x.Object == k.lilia.ID && officer.ParseLoad(x.Note).Cases == 2 {
					n++
				}
			}
			if want := 1; name != "made somebody else by the command line" && n != want {
				t.Errorf("%d lines of the journal tell it: %+v", n, log)
			}
		})
	}
}

// What the citizen answers while nobody holds the case is the next to be taken, with the
// time of the question added to its term.
func TestAnswerToNobodyIsTaken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	admin := k.dismissals(t)
	ctx := t.Context()
	app := k.taken(t)
	must(t, k.Ask(ctx, k.act(t, k.lilia, app.ID, "Пришлите вторую страницу"), nil))
	k.Clock.Advance(24 * time.Hour)
	must(t, k.Officers.Dismiss(ctx, admin, k.lilia.ID))
	k.Clock.Advance(24 * time.Hour)
	must(t, k.Applications.Answer(ctx, application.Reply{Owner: k.anna, Application: app.ID, Key: db.NewID(), Text: "Вот она"}))
	// The term ended on Thursday 24 December; the question took two working days.
	if _, d := k.last(t, app.ID); !d.DueAt.Equal(time.Date(2026, 12, 28, 19, 0, 0, 0, time.UTC)) {
		t.Errorf("the term ends at %v", d.DueAt)
	}
	if id, err := k.TakeNext(ctx, k.ivan.ID, db.NewID()); err != nil || id != app.ID {
		t.Errorf("the next free case is %s, %v", id, err)
	}
	must(t, k.Answer(ctx, k.act(t, k.ivan, app.ID, "Судимости нет"), nil))
}

// Absence takes nothing away: a deputy goes on with the cases of who is away, and keeps
// that right whatever else happens to him but his own dismissal. Another post moves nothing.
func TestAbsenceReleasesNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	admin := k.dismissals(t)
	ctx := t.Context()
	app := k.taken(t)
	must(t, k.Officers.AppointBy(ctx, admin, officer.Deputy{OfficerID: k.lilia.ID, DeputyID: k.ivan.ID, From: start, Until: start.AddDate(0, 0, 14)}))
	for i, o := range []*officer.Officer{k.lilia, k.ivan} {
		next := *o
		next.Post = "начальник"
		if i == 1 {
			next.Roles = []officer.Role{officer.RoleClerk, officer.RoleEditor}
		}
		must(t, k.Officers.Change(ctx, admin, next))
	}
	if _, d := k.last(t, app.ID); d.Officer != k.lilia.ID {
		t.Fatalf("released: %q", d.OfficerName)
	}
	must(t, k.Ask(ctx, k.act(t, k.ivan, app.ID, "Пришлите вторую страницу"), nil))
	// The one who is away is dismissed: the deputy takes the case as everybody may.
	must(t, k.Officers.Dismiss(ctx, admin, k.lilia.ID))
	must(t, k.Take(ctx, k.act(t, k.ivan, app.ID, "")))
	must(t, k.Resume(ctx, k.act(t, k.ivan, app.ID, "")))
	must(t, k.Answer(ctx, k.act(t, k.ivan, app.ID, "Судимости нет"), nil))
}

// However taking, handing over and dismissal cross, nobody who left holds a case.
func TestDismissalCrossesTaking(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	admin := k.dismissals(t)
	ctx := t.Context()
	handed := k.send(t, pdf)
	must(t, k.Take(ctx, k.act(t, k.ivan, handed.ID, "")))
	over := k.act(t, k.ivan, handed.ID, "")
	ids := []string{handed.ID}
	var wg sync.WaitGroup
	for range 4 {
		app := k.send(t, pdf)
		ids = append(ids, app.ID)
		wg.Go(func() { _ = k.Take(ctx, casework.Act{Officer: k.lilia.ID, Application: app.ID, Key: db.NewID()}) })
		wg.Go(func() { _, _ = k.TakeNext(ctx, k.lilia.ID, db.NewID()) })
	}
	wg.Go(func() { _ = k.HandOver(ctx, over, k.lilia.ID) })
	wg.Go(func() {
		if err := k.Officers.Dismiss(ctx, admin, k.lilia.ID); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	for _, id := range ids {
		if _, d := k.last(t, id); d.Officer == k.lilia.ID || d.Officer == "" && d.Status != application.StatusRegistered {
			t.Errorf("case %s is %s and held by %q", id, d.Status, d.OfficerName)
		}
	}
}
