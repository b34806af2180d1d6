package application_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/notice"
)

// What was typed is there after the browser was closed, wrong values included;
// the draft opens where it was left.
//
// DRF-01, DRF-03
func TestDraftSurvives(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	d, err := k.Begin(ctx, k.anna, certificate, "key", profile(start))
	must(t, err)
	_, err = k.SaveStep(ctx, k.anna, d.ID, "applicant", map[string][]string{"phone": {"8 (912) 000-00-07"}}, k.ru)
	must(t, err)
	v, err := k.SaveStep(ctx, k.anna, d.ID, "names", map[string][]string{"changed": {"yes"}, "certificate": {"12"}}, k.ru)
	must(t, err)
	if len(v.State.StepErrors("names")) == 0 {
		t.Error("a wrong number passed")
	}
	v, err = k.Open(ctx, k.anna, d.ID, k.ru)
	must(t, err)
	if v.Step != "names" || v.State.Next() != "names" || v.Answers["certificate"][0] != "12" || v.Status != application.StatusDraft {
		t.Errorf("opened again: %+v, %v", v.Draft, v.Answers)
	}
	list, err := k.Drafts(ctx, k.anna)
	must(t, err)
	if len(list) != 1 || list[0].ID != d.ID {
		t.Errorf("drafts: %+v", list)
	}
}

// A double click on «Получить услугу» opens one draft.
func TestOneKeyOneDraft(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			d, err := k.Begin(context.Background(), k.anna, certificate, "one-key", profile(start))
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = d.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("drafts %v", ids)
		}
	}
	if d, err := k.Begin(t.Context(), k.boris, certificate, "one-key", profile(start)); err != nil || d.ID == ids[0] {
		t.Errorf("another person with the same key: %+v, %v", d, err)
	}
}

// Prefilled values are the profile's and cannot be changed by what is posted;
// an opened draft shows the profile of today.
//
// SVC-06, SVC-07, DRF-05
func TestProfileRulesAndIsRefreshed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	d, err := k.Begin(ctx, k.anna, certificate, "key", profile(start))
	must(t, err)
	v, err := k.SaveStep(ctx, k.anna, d.ID, "applicant", map[string][]string{
		"phone": {"+79120000001"}, "applicant.surname": {"Подложная"}, "snils": {"00000000000"},
	}, k.ru)
	must(t, err)
	text := func(v *application.DraftView) string { return string(v.State.Application().Bytes()) }
	if s := text(v); !strings.Contains(s, "Тестова Анна Викторовна") || strings.Contains(s, "Подложная") || !strings.Contains(s, "112-233-445") {
		t.Errorf("application: %s", s)
	}
	newer := profile(start.Add(time.Hour))
	newer.Person.Surname = "Новая"
	must(t, k.Refresh(ctx, k.anna, d.ID, newer))
	older := profile(start.Add(-time.Hour))
	older.Person.Surname = "Прежняя"
	must(t, k.Refresh(ctx, k.anna, d.ID, older))
	v, err = k.Open(ctx, k.anna, d.ID, k.ru)
	must(t, err)
	if s := text(v); !strings.Contains(s, "Новая Анна") {
		t.Errorf("after the refresh: %s", s)
	}
}

// The draft stands in the feed as «Черновик» and leads to itself; deleted, it
// is gone from there too, with its files.
//
// DRF-02, DRF-04, DRF-05
func TestDraftInTheFeedAndItsDeletion(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	v := k.fill(t, k.anna)
	_, err := k.SaveStep(ctx, k.anna, v.ID, "names", map[string][]string{"changed": {"yes"}}, k.ru)
	must(t, err)
	withFile, err := k.Attach(ctx, k.anna, v.ID, "certificate_scan", upload("a.pdf", pdf), k.ru)
	must(t, err)
	feed := func() []notice.Entry {
		t.Helper()
		p, err := k.Notices.List(ctx, k.anna, notice.Filter{Category: notice.CategoryDraft})
		must(t, err)
		return p.Entries
	}
	if f := feed(); len(f) != 1 || notice.Path(f[0].Object) != "/lk/drafts/"+v.ID {
		t.Fatalf("feed: %+v", f)
	}
	for range 2 {
		must(t, k.DeleteDraft(ctx, k.anna, v.ID))
	}
	k.settle(t)
	if len(feed()) != 0 {
		t.Error("the feed still shows a deleted draft")
	}
	for id := range withFile.Files {
		if _, _, err := k.Documents.OpenOwn(ctx, k.anna, id); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("file of a deleted draft: %v", err)
		}
	}
}

// An untouched draft ends after 90 days, with a word a week before; touching it
// prolongs its life.
//
// DRF-05
func TestDraftExpiresWithNotice(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	d, err := k.Begin(ctx, k.anna, certificate, "key", profile(start))
	must(t, err)
	topics := func() string {
		t.Helper()
		k.settle(t)
		p, err := k.Notices.List(ctx, k.anna, notice.Filter{})
		must(t, err)
		var out []string
		for _, e := range p.Entries {
			out = append(out, e.Topic)
		}
		return strings.Join(out, " ")
	}
	k.Clock.Advance(82 * 24 * time.Hour)
	if got := topics(); got != "draft.open" {
		t.Errorf("after 82 days: %s", got)
	}
	_, err = k.SaveStep(ctx, k.anna, d.ID, "names", map[string][]string{"changed": {"no"}}, k.ru)
	must(t, err)
	k.Clock.Advance(82 * 24 * time.Hour)
	if got := topics(); got != "draft.open" {
		t.Errorf("82 days after the change: %s", got)
	}
	k.Clock.Advance(36 * time.Hour)
	for range 2 {
		if got := topics(); got != "draft.expiring draft.open" {
			t.Errorf("in the last week: %s", got)
		}
	}
	k.Clock.Advance(7 * 24 * time.Hour)
	if _, err := k.Open(ctx, k.anna, d.ID, k.ru); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("expired, not swept yet: %v", err)
	}
	if got := topics(); got != "draft.expired" {
		t.Errorf("after the end: %s", got)
	}
	if n := len(k.email.Messages()); n != 2 {
		t.Errorf("%d e-mails, want the warning and the end", n)
	}
}

// The slot's rules are kept: number, size, type, content.
//
// SVC-08
func TestAttachments(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	v := k.fill(t, k.anna)
	_, err := k.SaveStep(ctx, k.anna, v.ID, "names", map[string][]string{"changed": {"yes"}, "former": {"Кузнецова"}, "reason": {"marriage"}, "certificate": {"I-ФР 512044"}}, k.ru)
	must(t, err)
	attach := func(slot, name, content string) (*application.DraftView, error) {
		return k.Attach(ctx, k.anna, v.ID, slot, upload(name, content), k.ru)
	}
	for _, c := range []struct{ slot, name, content, key string }{
		{"certificate_scan", "брак.exe", "MZ", "document.type_not_permitted"},
		{"certificate_scan", "брак.pdf", "MZ\x90\x00", "document.content_mismatch"},
		{"certificate_scan", "брак.pdf", "", "document.empty"},
		{"certificate_scan", "брак.pdf", pdf + strings.Repeat("x", 15<<20), "document.too_large"},
		{"changed", "брак.pdf", pdf, "application.slot_not_found"},
		{"nothing", "брак.pdf", pdf, "application.slot_not_found"},
	} {
		_, err := attach(c.slot, c.name, c.content)
		if f, ok := fault.As(err); !ok || f.Key != c.key {
			t.Errorf("%s into %s: %v, want %s", c.name, c.slot, err, c.key)
		}
	}
	got, err := attach("certificate_scan", "брак.pdf", pdf)
	must(t, err)
	if got.Status != application.StatusUnsigned || len(got.Files) != 1 {
		t.Errorf("with its file: %s, %v, %+v", got.Status, got.Files, got.State.Errors())
	}
	if _, err := attach("certificate_scan", "ещё.pdf", pdf); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a second file into a slot for one: %v", err)
	}
	for id := range got.Files {
		got, err = k.Detach(ctx, k.anna, v.ID, id, k.ru)
		must(t, err)
	}
	if got.Status != application.StatusDraft || len(got.Files) != 0 {
		t.Errorf("without its file: %s, %v", got.Status, got.Files)
	}
	if _, err := attach("certificate_scan", "другой.pdf", pdf); err != nil {
		t.Errorf("after the first was taken out: %v", err)
	}
}

// An unpublished service keeps its drafts: they carry their revision.
func TestDraftKeepsItsRevision(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	v := k.fill(t, k.anna)
	card, err := k.Services.Card(ctx, certificate)
	must(t, err)
	changed := *card
	changed.Short.RU = "Другое описание"
	rev, err := k.Services.Publish(ctx, &changed, "editor", "new words")
	must(t, err)
	if rev == v.Revision {
		t.Fatal("the new text has the old revision")
	}
	app, err := k.Submit(ctx, k.submission(k.anna, v))
	must(t, err)
	if app.Revision != v.Revision {
		t.Errorf("application of revision %s, draft of %s", app.Revision, v.Revision)
	}
	if d, err := k.Begin(ctx, k.anna, certificate, db.NewID(), profile(start)); err != nil || d.Revision != rev {
		t.Errorf("a new draft: %+v, %v", d, err)
	}
}
