package content_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/portal/content"
)

// BO-23: what an editor has changed or withdrawn outlives the next start.
func TestEditOutlivesDelivery(t *testing.T) {
	t.Parallel()
	c, entries := delivered(t)
	ctx := t.Context()
	// The stand imported as "test": for the delivery that is somebody else.
	if n, err := c.Deliver(ctx, entries, "delivery"); err != nil || n != 0 {
		t.Errorf("the start changed %d: %v", n, err)
	}
	if n, err := c.Deliver(ctx, entries, "test"); err != nil || n != 0 {
		t.Errorf("delivered again %d: %v", n, err)
	}
	e, err := c.Article(ctx, "levels")
	if err != nil {
		t.Fatal(err)
	}
	e.Title.RU = "Что такое уровни"
	if err := c.Publish(ctx, e, "officer-1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Withdraw(ctx, content.KindHelp, "confirm", "officer-1"); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Deliver(ctx, entries, "test"); err != nil || n != 0 {
		t.Errorf("the next start changed %d: %v", n, err)
	}
	if got, err := c.Article(ctx, "levels"); err != nil || got.Title.RU != "Что такое уровни" {
		t.Errorf("the article: %q, %v", got.Title.RU, err)
	}
	got, withdrawn, err := c.Current(ctx, content.KindHelp, "confirm")
	if err != nil || got == nil || !withdrawn {
		t.Errorf("the withdrawn one: %+v %v, %v", got, withdrawn, err)
	}
	past, err := c.History(ctx, content.KindHelp, "levels")
	if err != nil || len(past) != 2 || past[0].By != "officer-1" {
		t.Errorf("history %+v, %v", past, err)
	}
}
