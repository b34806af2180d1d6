package support_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
)

// Whoever leaves the support strands no ticket: it is nobody's again, its term runs on,
// and its history says why. Another agency changes nothing: the support is one.
//
// BO-21
func TestNobodyStrandsTickets(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Officers.Tickets = k.Tickets
	ctx := t.Context()
	work, answered, olegs := k.open(t, question(k.anna)), k.open(t, question(k.boris)), k.open(t, anonymous("d1"))
	must(t, k.Take(ctx, k.deed(k.vera, work.ID, "")))
	must(t, k.Take(ctx, k.deed(k.oleg, olegs.ID, "")))
	k.answer(t, k.vera, answered.ID, "Вот он")

	next := *k.vera
	next.Agency = "edu"
	must(t, k.Officers.Change(ctx, k.clerk.ID, next))
	if x, err := k.Read(ctx, k.oleg.ID, work.ID); err != nil || x.Officer != k.vera.ID {
		t.Fatalf("moved to another agency, and %q holds the ticket: %v", x.OfficerName, err)
	}
	if load, err := k.Officers.Load(ctx, k.clerk.ID, k.vera.ID); err != nil || load.Tickets != 1 {
		t.Errorf("before it: %+v, %v", load, err)
	}
	stale := k.deed(k.vera, work.ID, "Вот он")
	must(t, k.Officers.Dismiss(ctx, k.clerk.ID, k.vera.ID))
	x, err := k.Read(ctx, k.oleg.ID, work.ID)
	must(t, err)
	if x.Officer != "" || x.Status != support.StatusNew || !x.DueAt.Equal(work.DueAt) || !slices.ContainsFunc(x.Messages, func(m support.Message) bool {
		return m.Side == support.SideAct && m.Text == string(support.ActRelease) && m.Officer == "Верина\u00a0В.\u00a0О."
	}) {
		t.Errorf("%s, held by %q, due %v, %+v", x.Status, x.OfficerName, x.DueAt, x.Messages)
	}
	if err := k.Answer(ctx, stale); err == nil {
		t.Error("who left answers")
	}
	must(t, k.Take(ctx, k.deed(k.oleg, work.ID, "")))
	must(t, k.Write(ctx, k.boris, answered.ID, db.NewID(), "Не вижу"))
	if x, err = k.Read(ctx, k.oleg.ID, answered.ID); err != nil || x.Officer != "" {
		t.Errorf("asked again of who left: held by %q, %v", x.OfficerName, err)
	}
	if x, err = k.Read(ctx, k.oleg.ID, olegs.ID); err != nil || x.Officer != k.oleg.ID {
		t.Errorf("a colleague lost his ticket: %q, %v", x.OfficerName, err)
	}
}

// However taking and dismissal cross, nobody who left holds a ticket.
func TestDismissalCrossesTaking(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Officers.Tickets = k.Tickets
	ctx := t.Context()
	var ids []string
	var wg sync.WaitGroup
	for i := range 6 {
		x := k.open(t, question([]string{k.anna, k.boris}[i%2]))
		ids = append(ids, x.ID)
		d := k.deed(k.vera, x.ID, "")
		wg.Go(func() { _ = k.Take(ctx, d) })
	}
	wg.Go(func() {
		next := *k.vera
		next.Roles = []officer.Role{officer.RoleEditor}
		if err := k.Officers.Change(ctx, k.clerk.ID, next); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	for _, id := range ids {
		if x, err := k.Read(ctx, k.oleg.ID, id); err != nil || x.Officer == k.vera.ID || x.Status != support.StatusNew {
			t.Errorf("%s held by %q, %v", x.Status, x.OfficerName, err)
		}
	}
}
