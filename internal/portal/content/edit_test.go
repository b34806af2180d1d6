package content_test

import (
	"context"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
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
	if got, err := c.Newest(ctx, content.KindHelp, "confirm"); err != nil || !got.Withdrawn {
		t.Errorf("the withdrawn one: %+v, %v", got, err)
	}
	past, err := c.History(ctx, content.KindHelp, "levels")
	if err != nil || len(past) != 2 || past[0].By != "officer-1" {
		t.Errorf("history %+v, %v", past, err)
	}
}

func by(number int) content.Edit {
	return content.Edit{By: "officer-1", Number: number, Within: func(context.Context, *db.Tx, ...string) error { return nil }}
}

// BO-23: an editor writes news, mends and withdraws them; who saw an older edition
// is told; what is missing is said by field.
func TestSave(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	ctx := t.Context()
	news := content.Entry{Kind: content.KindNews, Code: "new-year"}
	err := c.Save(ctx, by(0), news)
	if e, ok := fault.As(err); !ok || len(e.Fields) != 3 {
		t.Fatalf("empty news: %v", err)
	}
	news.Title.RU, news.Body.RU, news.Since = "Портал в праздники", "Работаем как обычно.", time.Date(2030, 12, 29, 0, 0, 0, 0, time.UTC)
	if err := c.Save(ctx, by(0), news); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(ctx, by(0), news); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a second text of this code: %v", err)
	}
	if _, err := c.NewsItem(ctx, "new-year"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("news of the future are shown: %v", err)
	}
	if list, n, err := c.Texts(ctx, content.KindNews, "ПРАЗДНИК", 0, 10); err != nil || n != 1 || list[0].Number != 1 {
		t.Errorf("the editor's list: %+v, %v", list, err)
	}
	news.Since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := c.Save(ctx, by(1), news); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(ctx, by(1), news); !fault.Is(err, fault.KindConflict) {
		t.Errorf("on top of an old edition: %v", err)
	}
	if _, err := c.NewsItem(ctx, "new-year"); err != nil {
		t.Error(err)
	}
	stranger := by(2)
	stranger.Within = func(context.Context, *db.Tx, ...string) error { return fault.Forbidden("officer.unknown") }
	if err := c.Remove(ctx, stranger, content.KindNews, "new-year"); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("a stranger withdrew: %v", err)
	}
	if err := c.Remove(ctx, by(2), content.KindNews, "new-year"); err != nil {
		t.Fatal(err)
	}
	if old, err := c.Past(ctx, content.KindNews, "new-year", 1); err != nil || old.Since.Year() != 2030 {
		t.Errorf("edition 1: %+v, %v", old, err)
	}
	if err := c.Remove(ctx, by(1), content.KindAgreement, content.CodeUserAgreement); !fault.Is(err, fault.KindConflict) {
		t.Errorf("the user agreement was withdrawn: %v", err)
	}
	bad := content.Entry{Kind: content.KindAct, Code: "act-1", URL: "javascript:alert(1)", Related: []string{"no-such"}}
	bad.Title.RU = "Закон"
	if e, ok := fault.As(c.Save(ctx, by(0), bad)); !ok || len(e.Fields) != 2 {
		t.Errorf("an address that runs: %v", e)
	}
}
