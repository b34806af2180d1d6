package notice_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/locale"
)

type kit struct {
	*notice.Notices
	email *outbound.Box
	sms   *outbound.Box
	owner string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKit(t *testing.T) *kit {
	t.Helper()
	ctx := t.Context()
	d := dbtest.New(t, account.Migrations(), setting.Migrations(), notice.Migrations(), outbound.Migrations())
	c := clock.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)) // 14:00 in Tyumen
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	must(t, err)
	keys, queue := crypt.NewTestKeyring(), job.New(d, c)
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	k := &kit{email: &outbound.Box{}, sms: &outbound.Box{}}
	out := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: queue, Senders: map[outbound.Channel]outbound.Sender{outbound.Email: k.email, outbound.SMS: k.sms}}
	out.Work(queue)
	k.Notices = &notice.Notices{
		DB: d, Clock: c, Queue: queue, Accounts: accounts, Outbox: out, Bundle: bundle, Zone: zone,
		BaseURL: "https://uslugi.example.org", Portal: portalName,
	}
	k.Work(k.Queue)
	must(t, d.InTx(ctx, func(tx *db.Tx) error {
		acc, err := accounts.SignedIn(ctx, tx, account.SignIn{Subject: "1", Level: account.LevelStandard})
		if err != nil {
			return err
		}
		k.owner = acc.ID
		return accounts.SetContacts(ctx, tx, acc.ID, account.Contacts{Email: "anna@example.org", Mobile: "+79120000001"}, c.Now())
	}))
	return k
}

func (k *kit) post(t *testing.T, p notice.Post) {
	t.Helper()
	if p.Owner == "" {
		p.Owner = k.owner
	}
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error { return k.Post(t.Context(), tx, p) }))
}

// sent is everything that has gone out.
func (k *kit) sent() []outbound.Envelope { return append(k.email.Messages(), k.sms.Messages()...) }

func (k *kit) settle(t *testing.T) { t.Helper(); must(t, k.Queue.Settle(t.Context())) }

func sent(key string) notice.Post {
	return notice.Post{
		Key: key, Category: notice.CategoryApplication, Type: notice.TypeApplication, Topic: "application.more_info",
		Args: map[string]string{
			"service": "Справка о наличии (отсутствии) судимости", "number": "72-2026-0000012-3",
			"agency": "УМВД по Тюменской области", "due_date": "2026-12-04",
		},
		Object: "application/11111111-1111-7111-8111-111111111111", Action: true,
		Words: []string{"Справка о наличии (отсутствии) судимости", "72-2026-0000012-3", "УМВД по Тюменской области"},
	}
}

// The same event posted and delivered again makes one entry and one message a
// channel.
func TestPostAndDeliveryAreIdempotent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { k.post(t, sent("application/1/more_info")) })
	}
	wg.Wait()
	k.settle(t)
	page, err := k.List(t.Context(), k.owner, notice.Filter{})
	must(t, err)
	if len(page.Entries) != 1 || len(k.email.Messages()) != 1 || len(k.sms.Messages()) != 1 {
		t.Fatalf("%d entries, %d messages; want 1 and 2", len(page.Entries), len(k.sent()))
	}
	for _, m := range k.sent() {
		if !strings.Contains(m.Text, "4 декабря 2026") && !strings.Contains(m.Text, "4\u00a0декабря\u00a02026") {
			t.Errorf("%s does not name the last day: %q", m.To, m.Text)
		}
		// An SMS leads to the cabinet: with the application's whole address it would take a third part.
		link := "https://uslugi.example.org/lk/"
		if strings.Contains(m.To, "@") {
			link += "applications/11111111-1111-7111-8111-111111111111"
		}
		if !strings.Contains(m.Text, link) || !strings.Contains(m.To, "@") && strings.Contains(m.Text, "11111111") {
			t.Errorf("%s does not lead to %s: %q", m.To, link, m.Text)
		}
		if strings.Contains(m.Text, "{") || strings.Contains(m.Text, "notice.") {
			t.Errorf("%s is not rendered: %q", m.To, m.Text)
		}
	}
}

// NTS-01
func TestTypeSwitchedOffStaysInTheFeedAlone(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	s, err := k.Settings(t.Context(), k.owner)
	must(t, err)
	s.Wanted[notice.TypeApplication] = map[notice.Channel]bool{}
	must(t, k.Choose(t.Context(), k.owner, s))
	k.post(t, sent("1"))
	k.settle(t)
	if len(k.sent()) != 0 {
		t.Errorf("messages in spite of the switch: %v", k.sent())
	}
	if u, _ := k.Unread(t.Context(), k.owner); u[notice.CategoryApplication] != 1 {
		t.Errorf("unread: %v, want the entry in the feed", u)
	}
	s.Wanted[notice.TypeApplication][notice.ChannelEmail] = true
	must(t, k.Choose(t.Context(), k.owner, s))
	k.post(t, sent("2"))
	k.settle(t)
	if len(k.email.Messages()) != 1 || len(k.sms.Messages()) != 0 {
		t.Errorf("%d messages, want the e-mail alone", len(k.sent()))
	}
}

// NTS-02, NTS-09
func TestDefaultsAreSensibleAndAllGoOffAtOnce(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	s, err := k.Settings(t.Context(), k.owner)
	must(t, err)
	if !s.Wanted[notice.TypeApplication][notice.ChannelSMS] || s.Wanted[notice.TypeNews][notice.ChannelEmail] || s.Hours != nil {
		t.Errorf("defaults: %+v", s)
	}
	for _, typ := range notice.Types {
		if len(s.Wanted[typ]) != len(notice.Channels) {
			t.Errorf("row %s of the matrix: %v", typ, s.Wanted[typ])
		}
	}
	must(t, k.Choose(t.Context(), k.owner, notice.Settings{}))
	s, err = k.Settings(t.Context(), k.owner)
	must(t, err)
	for typ, row := range s.Wanted {
		for ch, on := range row {
			if on {
				t.Errorf("%s by %s is on after all off", typ, ch)
			}
		}
	}
}

// NTS-06
func TestMessagesWaitForConvenientHours(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for i, c := range []struct {
		from, until int
		now, want   string // UTC; Tyumen is five hours ahead
	}{
		{9 * 60, 20 * 60, "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"}, // 14:00 lies within
		{9 * 60, 20 * 60, "2026-11-22T15:00:00Z", "2026-11-23T04:00:00Z"}, // 20:00 is the end: next morning
		{9 * 60, 20 * 60, "2026-11-22T21:30:00Z", "2026-11-23T04:00:00Z"}, // 02:30 at night: the same morning
		{22 * 60, 2 * 60, "2026-11-22T20:59:00Z", "2026-11-22T20:59:00Z"}, // 01:59 in a window over midnight
		{22 * 60, 2 * 60, "2026-11-22T21:00:00Z", "2026-11-23T17:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		must(t, err)
		k.Clock.Set(now)
		s, err := k.Settings(t.Context(), k.owner)
		must(t, err)
		s.Hours = &notice.Hours{From: c.from, Until: c.until}
		must(t, k.Choose(t.Context(), k.owner, s))
		k.post(t, sent(fmt.Sprint(i)))
		k.settle(t)
		before := len(k.sent())
		if want, err := time.Parse(time.RFC3339, c.want); err != nil || want.After(now) {
			must(t, err)
			if before != 2*i {
				t.Errorf("case %d: went out at %s already", i, c.now)
			}
			k.Clock.Set(want.Add(-time.Minute))
			k.settle(t)
			if len(k.sent()) != 2*i {
				t.Errorf("case %d: went out before %s", i, c.want)
			}
			k.Clock.Set(want)
			k.settle(t)
		}
		if len(k.sent()) != 2*(i+1) {
			t.Errorf("case %d: %d messages at %s, want %d", i, len(k.sent()), c.want, 2*(i+1))
		}
	}
	for _, bad := range []notice.Hours{{From: 60, Until: 60}, {From: -1, Until: 5}, {From: 0, Until: 1440}} {
		if err := k.Choose(t.Context(), k.owner, notice.Settings{Hours: &bad}); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("hours %+v: %v", bad, err)
		}
	}
}

// The feed is searched by line, and by name, number and agency.
//
// NTF-02, NTF-07
func TestSearchFindsByServiceNumberAndAgency(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.post(t, sent("1"))
	other := sent("2")
	other.Words = []string{"Запись ребёнка в детский сад", "72-2026-0000099-1", "Департамент образования"}
	k.post(t, other)
	for query, want := range map[string]int{
		"судимости": 1, "РЕБЕНКА": 1, "0000012": 1, "умвд": 1, "департамент": 1, "в": 2, "%": 0, "нет такого": 0, "": 2,
	} {
		page, err := k.List(t.Context(), k.owner, notice.Filter{Query: query})
		must(t, err)
		if len(page.Entries) != want {
			t.Errorf("search %q: %d entries, want %d", query, len(page.Entries), want)
		}
	}
}

// The counter counts unread entries; reading one, an object or all lowers it.
// Foreign entries stay as they are.
//
// NTF-11
func TestUnreadCounter(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	for i := range 4 {
		p := sent(fmt.Sprint(i))
		p.Object = fmt.Sprintf("application/%d", i/2)
		k.post(t, p)
	}
	unread := func() (n int) {
		t.Helper()
		u, err := k.Unread(ctx, k.owner)
		must(t, err)
		for _, c := range u {
			n += c
		}
		return n
	}
	page, err := k.List(ctx, k.owner, notice.Filter{})
	must(t, err)
	must(t, k.MarkRead(ctx, db.NewID(), page.Entries[0].ID))
	if unread() != 4 {
		t.Error("a stranger marked an entry as read")
	}
	must(t, k.MarkRead(ctx, k.owner, page.Entries[0].ID))
	must(t, k.MarkObjectRead(ctx, k.owner, "application/0"))
	if n := unread(); n != 1 {
		t.Errorf("%d unread, want 1", n)
	}
	must(t, k.MarkRead(ctx, k.owner))
	if n := unread(); n != 0 {
		t.Errorf("%d unread after all, want 0", n)
	}
	if err := k.MarkRead(ctx, k.owner, "1"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("nonsense id: %v", err)
	}
}

func TestFeedIsPagedWithoutGapsAndForeignersSeeNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for i := range 25 { // all at one moment: the id breaks the tie
		k.post(t, sent(fmt.Sprint(i)))
	}
	seen := map[string]bool{}
	for f := (notice.Filter{Limit: 10}); ; {
		page, err := k.List(t.Context(), k.owner, f)
		must(t, err)
		for _, e := range page.Entries {
			if seen[e.ID] {
				t.Errorf("entry %s twice", e.ID)
			}
			seen[e.ID] = true
		}
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d entries over all pages, want 25", len(seen))
	}
	page, err := k.List(t.Context(), db.NewID(), notice.Filter{})
	must(t, err)
	if len(page.Entries) != 0 {
		t.Error("a stranger sees the feed")
	}
	if _, err := k.List(t.Context(), k.owner, notice.Filter{After: "x'; --"}); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("nonsense cursor: %v", err)
	}
}

// Drafts follow their object in the feed, quietly, and go with it.
//
// DRF-02
func TestDraftEntryFollowsItsDraft(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	draft := notice.Post{
		Owner: k.owner, Key: "draft/1", Category: notice.CategoryDraft, Type: notice.TypeDraft, Topic: "draft.open",
		Args: map[string]string{"service": "Справка"}, Object: "draft/1",
	}
	for range 3 {
		must(t, k.DB.InTx(ctx, func(tx *db.Tx) error { return k.Refresh(ctx, tx, draft) }))
		k.Clock.Advance(time.Minute)
	}
	k.post(t, sent("1"))
	k.settle(t)
	page, err := k.List(ctx, k.owner, notice.Filter{Category: notice.CategoryDraft})
	must(t, err)
	if len(page.Entries) != 1 || page.Entries[0].ReadAt == nil || notice.Path(page.Entries[0].Object) != "/lk/drafts/1" {
		t.Fatalf("drafts in the feed: %+v", page.Entries)
	}
	l := k.Bundle.For("ru")
	if got := page.Entries[0].Title(l); got != "Черновик: Справка" {
		t.Errorf("title %q", got)
	}
	must(t, k.DB.InTx(ctx, func(tx *db.Tx) error { return k.Remove(ctx, tx, k.owner, "draft/1") }))
	page, err = k.List(ctx, k.owner, notice.Filter{Category: notice.CategoryDraft})
	must(t, err)
	if len(page.Entries) != 0 {
		t.Error("the entry outlived its draft")
	}
	if len(k.sent()) != 2 {
		t.Errorf("%d messages: drafts must not be sent", len(k.sent()))
	}
}

// Three years later an entry is gone; younger ones stay.
func TestOldEntriesAreErased(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.post(t, sent("old"))
	k.Clock.Advance(24 * time.Hour)
	k.post(t, sent("young"))
	k.Clock.Advance(1095 * 24 * time.Hour)
	k.settle(t)
	page, err := k.List(t.Context(), k.owner, notice.Filter{})
	must(t, err)
	if len(page.Entries) != 1 {
		t.Errorf("%d entries after three years, want the younger one", len(page.Entries))
	}
}

// Every topic has all its texts in Russian.
func TestEveryTopicHasItsTexts(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	l := bundle.For("ru")
	topics := map[string]bool{}
	for _, key := range bundle.Keys("ru") {
		if rest, ok := strings.CutPrefix(key, "notice."); ok && strings.HasSuffix(rest, ".title") {
			topics[strings.TrimSuffix(rest, ".title")] = true
		}
	}
	if len(topics) < 14 {
		t.Errorf("%d topics", len(topics))
	}
	for topic := range topics {
		if strings.HasPrefix(topic, "account.") {
			continue // the identity provider sends the messages
		}
		for _, part := range []string{"title", "subject", "sms", "email"} {
			if !l.Has("notice." + topic + "." + part) {
				t.Errorf("notice.%s.%s is missing", topic, part)
			}
		}
	}
	for _, c := range notice.Categories {
		if !l.Has("notice.category." + string(c)) {
			t.Errorf("no name for category %s", c)
		}
	}
}

// A message is written in its reader's language, the name of the service too; a language without a name of its own
// gets the Russian one.
func TestMessagesSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	must(t, k.Accounts.SetLocale(t.Context(), k.owner, "en"))
	p := sent("1")
	p.Args["service.en"], p.Args["service.tt"] = "Certificate of criminal record", "Белешмә"
	k.post(t, p)
	k.settle(t)
	mail := k.email.Messages()
	if len(mail) != 1 || !strings.Contains(mail[0].Text, "Certificate of criminal record") || strings.Contains(mail[0].Text, "Справка") ||
		!strings.Contains(mail[0].Text, "УМВД по Тюменской области") {
		t.Errorf("the letter: %+v", mail)
	}
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	page, err := k.List(t.Context(), k.owner, notice.Filter{})
	must(t, err)
	for lang, want := range map[string]string{"ru": "Справка о наличии", "tt": "Белешмә", "en": "Certificate of"} {
		if got := page.Entries[0].Note(bundle.For(lang)); !strings.HasPrefix(got, want) {
			t.Errorf("the feed in %s: %q", lang, got)
		}
	}
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
