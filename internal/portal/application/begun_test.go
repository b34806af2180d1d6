package application_test

import (
	"context"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/directory"
)

// A draft goes on when its service was withdrawn and its agency taken off the pages:
// it is sent, registered and told of. Before that the editor can count what has begun.
func TestHiddenAgencyStrandsNobody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	card, err := k.Services.Card(ctx, certificate)
	must(t, err)
	sent := k.send(t, k.boris)
	draft := k.fill(t, k.anna)
	k.settle(t)
	free := func() error {
		return k.DB.InTx(ctx, func(tx *db.Tx) error { return k.AgencyFree(ctx, tx, card.Agency) })
	}
	begun := func() application.Begun {
		t.Helper()
		b, err := k.Begun(ctx, card.Agency)
		must(t, err)
		return b
	}
	if b := begun(); b.Open != 1 || b.Drafts != 1 || b.LastDraft.Sub(k.Clock.Now()) < 24*time.Hour {
		t.Errorf("begun: %+v", b)
	}
	if b, err := k.Begun(ctx, "edu"); err != nil || b != (application.Begun{}) {
		t.Errorf("begun at another agency: %+v, %v", b, err)
	}
	if err := free(); !fault.Is(err, fault.KindConflict) {
		t.Errorf("the agency owes an answer and is free: %v", err)
	}
	k.officer(t, sent.ID, application.StatusInWork)
	k.officer(t, sent.ID, application.StatusGranted)
	if err := free(); err != nil {
		t.Error(err)
	}

	list, err := k.Services.ByAgency(ctx, card.Agency)
	must(t, err)
	for _, sv := range list {
		must(t, k.Services.Withdraw(ctx, sv.Code, "test", "x"))
	}
	must(t, k.Directory.Hide(ctx, directory.Edit{By: "test", Version: 1, Within: func(context.Context, *db.Tx, ...string) error { return nil }}, directory.KindAgency, card.Agency))
	if _, err := k.Directory.Agency(ctx, card.Agency); !fault.Is(err, fault.KindNotFound) {
		t.Fatalf("the agency is still shown: %v", err)
	}
	app, err := k.Submit(ctx, k.submission(k.anna, draft))
	must(t, err)
	k.settle(t)
	d, err := k.Get(ctx, k.anna, app.ID)
	must(t, err)
	if d.Status != application.StatusRegistered || d.Body == "" {
		t.Errorf("the application of a hidden agency: %s at %q", d.Status, d.Body)
	}
	if b := begun(); b.Open != 1 || b.Drafts != 0 {
		t.Errorf("begun: %+v", b)
	}
}
