package support_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
)

// BO-21: nobody without the role gets at the queue, also after he has lost it.
func TestOnlySupportReads(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	must(t, k.Take(ctx, k.deed(k.oleg, x.ID, "")))
	d := k.deed(k.oleg, x.ID, "Ответ")
	must(t, k.Officers.Deactivate(ctx, k.oleg.ID))
	for name, id := range map[string]string{"clerk": k.clerk.ID, "dismissed": k.oleg.ID, "citizen": k.anna, "nobody": db.NewID()} {
		d.Officer, d.Key = id, db.NewID()
		_, errBoard := k.Board(ctx, id, support.Filter{View: support.ViewOpen})
		_, errRead := k.Read(ctx, id, x.ID)
		_, errTemplates := k.Templates(ctx, id)
		_, errCall := k.Register(ctx, support.Call{Officer: id, Key: db.NewID(), Channel: support.ChannelPhone, Topic: support.TopicOther, Kind: support.KindQuestion, Text: "?"})
		for what, err := range map[string]error{
			"board": errBoard, "read": errRead, "templates": errTemplates, "call": errCall, "take": k.Take(ctx, d), "put back": k.PutBack(ctx, d),
			"answer": k.Answer(ctx, d), "note": k.Note(ctx, d), "move": k.Move(ctx, d, support.TopicOther), "close": k.Close(ctx, d, support.EndingDouble),
			"template": k.SaveTemplate(ctx, id, support.Template{ID: db.NewID(), Title: "a", Text: "b"}), "drop": k.DropTemplate(ctx, id, db.NewID()),
		} {
			wantKind(t, name+": "+what, err, fault.KindForbidden)
		}
	}
}

// HLP-07: 24 hours by the clock over a weekend; what is late stands in the list
// of late ones, its owner is told once, and late it stays.
func TestTermAndOverdueList(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	if !x.DueAt.Equal(start.Add(24 * time.Hour)) {
		t.Fatalf("due %v", x.DueAt)
	}
	late := func() (n int, ids []string) {
		t.Helper()
		b, err := k.Board(ctx, k.vera.ID, support.Filter{View: support.ViewLate})
		must(t, err)
		for _, r := range b.Rows {
			ids = append(ids, r.ID)
		}
		return b.Counts.Late, ids
	}
	k.Clock.Advance(24*time.Hour - time.Microsecond)
	k.settle(t)
	if n, ids := late(); n != 0 || len(ids) != 0 {
		t.Fatalf("late before the term: %d %v", n, ids)
	}
	k.Clock.Advance(time.Microsecond)
	if n, ids := late(); n != 1 || len(ids) != 1 || ids[0] != x.ID {
		t.Fatalf("the list must not wait for the sweep: %d %v", n, ids)
	}
	for range 2 {
		k.settle(t)
	}
	feed := k.feed(t, k.anna)
	if len(feed) != 2 || feed[0].Topic != "support.overdue" {
		t.Fatalf("feed %+v", feed)
	}
	k.answer(t, k.vera, x.ID, "Простите, что долго")
	if n, _ := late(); n != 0 {
		t.Errorf("%d late after the answer", n)
	}
	if d, err := k.Read(ctx, k.vera.ID, x.ID); err != nil || !d.Overdue {
		t.Errorf("that it was late is forgotten: %v", err)
	}
}

// C-63: a term for each queue, which an administrator may change.
func TestTermOfQueueIsASetting(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	s := &setting.Settings{DB: k.DB, Clock: k.Clock}
	must(t, s.Change(t.Context(), "support.identity_hours", 0, json.RawMessage("8"), "admin", "Проверка"))
	r := question(k.anna)
	r.Topic = support.TopicSignIn
	if x := k.open(t, r); x.Queue != support.QueueIdentity || !x.DueAt.Equal(start.Add(8*time.Hour)) {
		t.Errorf("%s due %v", x.Queue, x.DueAt)
	}
	if x := k.open(t, question(k.anna)); x.Queue != support.QueuePortal || !x.DueAt.Equal(start.Add(24*time.Hour)) {
		t.Errorf("%s due %v", x.Queue, x.DueAt)
	}
}

// C-63: routing by topic; a wrong topic is put right and the term runs on.
func TestQueuesAndSearch(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	a := k.open(t, question(k.anna))
	k.Clock.Advance(time.Minute)
	r := anonymous("d")
	r.Topic, r.ErrorID = support.TopicProfile, "abc12345"
	b := k.open(t, r)
	find := func(f support.Filter) string {
		t.Helper()
		board, err := k.Board(ctx, k.vera.ID, f)
		must(t, err)
		out := ""
		for _, row := range board.Rows {
			out += map[string]string{a.ID: "a", b.ID: "b"}[row.ID]
		}
		if board.Total != len(out) {
			t.Errorf("%+v: %d rows of %d", f, len(out), board.Total)
		}
		return out
	}
	for _, c := range []struct {
		f    support.Filter
		want string
	}{
		{support.Filter{View: support.ViewWork}, "ab"},
		{support.Filter{View: support.ViewMine}, ""},
		{support.Filter{View: support.ViewFree, Queue: support.QueueIdentity}, "b"},
		{support.Filter{View: support.ViewOpen, Queue: support.QueuePortal}, "a"},
		{support.Filter{Query: a.Number}, "a"},
		{support.Filter{Query: " № " + b.Number[:4] + b.Number[5:]}, "b"},
		{support.Filter{Query: "PETR@example.org"}, "b"},
		{support.Filter{Query: "abc12345"}, "b"},
		{support.Filter{Query: "%"}, ""},
		{support.Filter{Query: "Анна"}, ""},
		{support.Filter{View: support.ViewClosed}, ""},
	} {
		if got := find(c.f); got != c.want {
			t.Errorf("%+v finds %q, want %q", c.f, got, c.want)
		}
	}
	must(t, k.Take(ctx, k.deed(k.vera, b.ID, "")))
	must(t, k.Move(ctx, k.deed(k.vera, b.ID, ""), support.TopicSite))
	d, err := k.Read(ctx, k.vera.ID, b.ID)
	must(t, err)
	if d.Queue != support.QueuePortal || d.Status != support.StatusNew || d.Officer != "" || !d.DueAt.Equal(b.DueAt) {
		t.Errorf("moved: %+v", d.Ticket)
	}
	wantKind(t, "no topic", k.Move(ctx, k.deed(k.vera, b.ID, ""), "bribe"), fault.KindInvalid)
	_, err = k.Board(ctx, k.vera.ID, support.Filter{View: "evil"})
	wantKind(t, "no view", err, fault.KindNotFound)
}

// Of several who take a ticket one wins; what is done twice is done once; what
// was seen in an older state is not acted on.
func TestActsAreExclusive(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	deeds := []support.Deed{k.deed(k.vera, x.ID, ""), k.deed(k.oleg, x.ID, "")}
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for _, d := range deeds {
		wg.Go(func() {
			switch err := k.Take(context.WithoutCancel(ctx), d); {
			case err == nil:
				won.Add(1)
			case fault.Is(err, fault.KindConflict):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 1 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
	d, err := k.Read(ctx, k.vera.ID, x.ID)
	must(t, err)
	mine, other := k.vera, k.oleg
	if d.Officer == k.oleg.ID {
		mine, other = k.oleg, k.vera
	}
	wantKind(t, "answer of who does not hold it", k.Answer(ctx, k.deed(other, x.ID, "Я")), fault.KindConflict)
	must(t, k.Take(ctx, k.deed(mine, x.ID, "")))
	stale := k.deed(mine, x.ID, "Ответ")
	put := k.deed(mine, x.ID, "")
	must(t, k.PutBack(ctx, put))
	must(t, k.PutBack(ctx, put))
	must(t, k.Take(ctx, k.deed(mine, x.ID, "")))
	wantKind(t, "an older state", k.Answer(ctx, stale), fault.KindConflict)
	wantKind(t, "no text", k.Answer(ctx, k.deed(mine, x.ID, " ")), fault.KindInvalid)
	wantKind(t, "no reason", k.Close(ctx, k.deed(mine, x.ID, ""), support.EndingSolved), fault.KindInvalid)
	shut := k.deed(mine, x.ID, "Дубль 1234-5678")
	must(t, k.Close(ctx, shut, support.EndingDouble))
	must(t, k.Close(ctx, shut, support.EndingDouble))
	d, err = k.Read(ctx, mine.ID, x.ID)
	must(t, err)
	if d.Status != support.StatusClosed || d.Ending != support.EndingDouble || d.ClosedAt == nil || !d.Has(support.ActNote) || d.Has(support.ActAnswer) {
		t.Errorf("closed: %+v, acts %v", d.Ticket, d.Acts)
	}
	sides := map[support.Side]int{}
	for _, m := range d.Messages {
		sides[m.Side]++
	}
	if sides[support.SideAct] != 4 || sides[support.SideNote] != 1 || sides[support.SideCitizen] != 1 {
		t.Errorf("history %v", sides)
	}
	if mine, err := k.Get(ctx, k.anna, x.ID); err != nil || len(mine.Messages) != 1 {
		t.Errorf("Anna sees what is internal: %+v, %v", mine.Messages, err)
	}
	if feed := k.feed(t, k.anna); len(feed) != 2 || feed[0].Topic != "support.closed" {
		t.Errorf("feed %+v", feed)
	}
	wantKind(t, "answer to a closed one", k.Answer(ctx, k.deed(mine, x.ID, "А")), fault.KindConflict)
}

// Looks are in the owner's journal: one of a list and one of the ticket in an hour.
func TestLooksAreJournalled(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	for range 3 {
		_, err := k.Board(ctx, k.vera.ID, support.Filter{View: support.ViewOpen})
		must(t, err)
		_, err = k.Read(ctx, k.vera.ID, x.ID)
		must(t, err)
	}
	page, err := k.Journal.List(ctx, k.anna, journal.Filter{Kinds: journal.Access})
	must(t, err)
	kinds := map[journal.Kind]int{}
	for _, e := range page.Entries {
		kinds[e.Kind]++
		if e.Actor != "officer:"+k.vera.ID || e.Details["number"] != x.Number {
			t.Errorf("entry %+v", e)
		}
	}
	if kinds[journal.SupportLooked] != 1 || kinds[journal.SupportListed] != 1 || len(page.Entries) != 2 {
		t.Errorf("journal %v", kinds)
	}
	lost := k.open(t, anonymous("d"))
	_, err = k.Read(ctx, k.vera.ID, lost.ID)
	must(t, err)
	page, err = k.Journal.ListObject(ctx, support.Object(lost.ID), journal.Filter{})
	must(t, err)
	if len(page.Entries) != 1 {
		t.Errorf("the look at an anonymous ticket left %d entries", len(page.Entries))
	}
}

// HLP-09, BO-21: an officer writes down what came by phone or social network.
func TestCallIsRegistered(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	_, err := k.Register(ctx, support.Call{Officer: k.vera.ID, Key: db.NewID(), Channel: support.ChannelForm, Email: "x"})
	wantFields(t, err, "topic", "kind", "channel", "email", "text")
	c := support.Call{
		Officer: k.vera.ID, Key: db.NewID(), Channel: support.ChannelSocial, Name: "Пётр", Topic: support.TopicCentre, Kind: support.KindQuestion,
		Text: "Где ближайший МФЦ?", Source: "https://vk.example/wall1_2?reply=3",
	}
	var first *support.Ticket
	for range 2 {
		x, err := k.Register(ctx, c)
		must(t, err)
		if first == nil {
			first = x
		}
		if x.ID != first.ID || x.Officer != k.vera.ID || x.Status != support.StatusInWork || x.Page != "vk.example/wall1_2" {
			t.Errorf("registered %+v", x)
		}
	}
}

// Answered tickets close by themselves; closed ones are erased in time, with
// texts and counters.
func TestEndAndErasure(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	k.answer(t, k.vera, x.ID, "Ответ")
	k.Clock.Advance(13 * 24 * time.Hour)
	k.settle(t)
	if d, err := k.Get(ctx, k.anna, x.ID); err != nil || d.Status != support.StatusAnswered {
		t.Fatalf("closed too early: %v", err)
	}
	k.Clock.Advance(24 * time.Hour)
	k.settle(t)
	if d, err := k.Get(ctx, k.anna, x.ID); err != nil || d.Status != support.StatusClosed || d.Ending != support.EndingQuiet {
		t.Fatalf("not closed: %+v, %v", d, err)
	}
	k.Clock.Advance(1096 * 24 * time.Hour)
	k.settle(t)
	_, err := k.Get(ctx, k.anna, x.ID)
	wantKind(t, "after three years", err, fault.KindNotFound)
	must(t, k.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT (SELECT count(*) FROM support.ticket)::int + (SELECT count(*) FROM support.message)::int + (SELECT count(*) FROM support.quota)::int`)
		if n != 0 {
			err = errors.Join(err, errors.New("rows are left"))
		}
		return err
	}))
	if feed := k.feed(t, k.anna); len(feed) != 0 {
		t.Errorf("the feed leads to what is gone: %+v", feed)
	}
}

// BO-21: templates, with the change of somebody else noticed.
func TestTemplates(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	wantFields(t, k.SaveTemplate(ctx, k.vera.ID, support.Template{ID: db.NewID()}), "title", "text")
	n := support.Template{ID: db.NewID(), Title: "Пароль", Text: "Нажмите «Я не знаю пароль»."}
	must(t, k.SaveTemplate(ctx, k.vera.ID, n))
	must(t, k.SaveTemplate(ctx, k.vera.ID, n))
	n.Version, n.Text = 1, "Нажмите «Я не знаю пароль» и введите телефон."
	must(t, k.SaveTemplate(ctx, k.oleg.ID, n))
	wantKind(t, "an older version", k.SaveTemplate(ctx, k.vera.ID, n), fault.KindConflict)
	list, err := k.Templates(ctx, k.vera.ID)
	must(t, err)
	if len(list) != 1 || list[0].Text != n.Text || list[0].Version != 2 {
		t.Fatalf("templates %+v", list)
	}
	must(t, k.DropTemplate(ctx, k.vera.ID, n.ID))
	must(t, k.DropTemplate(ctx, k.vera.ID, n.ID))
	_, err = k.Template(ctx, k.vera.ID, n.ID)
	wantKind(t, "a dropped one", err, fault.KindNotFound)
}

// A deleted account takes its answered tickets along; one that waits loses owner
// and name, and can still be answered for.
func TestForget(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	done, waits, other := k.open(t, question(k.anna)), k.open(t, question(k.anna)), k.open(t, question(k.boris))
	k.answer(t, k.vera, done.ID, "Ответ")
	for range 2 {
		must(t, k.DB.InTx(ctx, func(tx *db.Tx) error { return k.Forget(ctx, tx, k.anna) }))
	}
	_, err := k.Read(ctx, k.vera.ID, done.ID)
	wantKind(t, "the answered one", err, fault.KindNotFound)
	d, err := k.Read(ctx, k.vera.ID, waits.ID)
	must(t, err)
	if d.Owner != "" || d.Name != "" || d.Reachable() || len(d.Messages) != 1 {
		t.Errorf("the waiting one: %+v", d.Ticket)
	}
	k.answer(t, k.vera, waits.ID, "Исправили")
	if _, err := k.Get(ctx, k.boris, other.ID); err != nil {
		t.Errorf("Boris has lost his: %v", err)
	}
}
