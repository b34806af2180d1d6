package support_test

import (
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/support"
)

// HLP-05, HLP-06, HLP-10
func TestRequestIsChecked(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, err := k.Open(t.Context(), support.Request{Key: db.NewID()})
	wantFields(t, err, "name", "email", "topic", "kind", "text")
	_, err = k.Open(t.Context(), support.Request{Key: db.NewID(), Owner: k.anna, Topic: "bribe", Kind: "order", Text: " \n "})
	wantFields(t, err, "topic", "kind", "text")

	r := anonymous("d")
	r.Email = "petr@"
	r.Text = strings.Repeat("ё", support.MaxText+1)
	_, err = k.Open(t.Context(), r)
	wantFields(t, err, "email", "text")
	r.Email, r.Text, r.Topic = "Petr@Example.org", strings.Repeat("ё", support.MaxText), support.TopicInPerson
	x := k.open(t, r)
	if x.Email != "petr@example.org" || x.Queue != support.QueuePortal || x.Topic != support.TopicInPerson {
		t.Errorf("ticket %+v", x)
	}
	r = question(k.anna)
	r.Key = "no id"
	_, err = k.Open(t.Context(), r)
	wantKind(t, "a form without key", err, fault.KindInvalid)
}

// ERR-02: page, time, browser, error id and text; no query, no key of a link.
func TestReportOfAnError(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	x := k.open(t, support.Request{
		Key: db.NewID(), Report: true, Text: "Белый экран", Page: "http://uslugi.test/check/Zk3v9Qw8eR7tY6uI5oP4aS3d?snils=11223344595#x",
		Browser: "Mozilla/5.0\x00 (X11)", ErrorID: "1a2B3c4d", Device: "d", Known: true, Network: "n", Locale: "tt",
	})
	if x.Topic != support.TopicSite || x.Kind != support.KindProblem || x.Channel != support.ChannelReport || x.Locale != "tt" {
		t.Errorf("ticket %+v", x)
	}
	if x.Page != "uslugi.test/check/…" || x.Browser != "Mozilla/5.0 (X11)" || x.ErrorID != "1a2B3c4d" || !x.CreatedAt.Equal(start) {
		t.Errorf("page %q, browser %q, error %q at %v", x.Page, x.Browser, x.ErrorID, x.CreatedAt)
	}
	_, err := k.Open(t.Context(), support.Request{Key: db.NewID(), Report: true, Device: "d", Known: true})
	wantFields(t, err, "text")
}

// A form sent twice, at once from two windows as well, is one ticket.
func TestRepeatedRequestIsOneTicket(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	r := question(k.anna)
	var wg sync.WaitGroup
	numbers := make([]string, 6)
	for i := range numbers {
		wg.Go(func() {
			if x, err := k.Open(t.Context(), r); err != nil {
				t.Error(err)
			} else {
				numbers[i] = x.Number
			}
		})
	}
	wg.Wait()
	for _, n := range numbers {
		if n != numbers[0] || len(n) != 9 {
			t.Fatalf("numbers %v", numbers)
		}
	}
	d, err := k.List(t.Context(), k.anna, "")
	must(t, err)
	if len(d.Tickets) != 1 || len(k.feed(t, k.anna)) != 1 {
		t.Errorf("%d tickets, %d entries in the feed", len(d.Tickets), len(k.feed(t, k.anna)))
	}
	r.Owner = k.boris
	_, err = k.Open(t.Context(), r)
	wantKind(t, "the key of somebody else's form", err, fault.KindConflict)
}

// ERR-02: limits by device, by new browsers of a network, by network, by account;
// they go with the hour and say how long.
func TestFloodIsLimited(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	send := func(n int, change func(i int, r *support.Request)) (ok int, last error) {
		for i := range n {
			r := anonymous("d")
			change(i, &r)
			if _, err := k.Open(t.Context(), r); err == nil {
				ok++
			} else {
				last = err
			}
		}
		return ok, last
	}
	ok, err := send(8, func(int, *support.Request) {})
	wantKind(t, "one device", err, fault.KindLimited)
	if e, _ := fault.As(err); ok != 5 || e.RetryAfter != 30*time.Minute {
		t.Errorf("%d of one device passed, then wait %v", ok, e.RetryAfter)
	}
	if ok, _ := send(1, func(_ int, r *support.Request) { r.Device = "other" }); ok != 1 {
		t.Error("a neighbour in the network is shut out")
	}
	ok, err = send(25, func(i int, r *support.Request) { r.Known, r.Device = false, db.NewID() })
	wantKind(t, "browsers that drop their cookie", err, fault.KindLimited)
	if ok != 20 {
		t.Errorf("%d requests of new browsers passed", ok)
	}
	ok, err = send(12, func(_ int, r *support.Request) { r.Owner = k.anna })
	wantKind(t, "one account", err, fault.KindLimited)
	if ok != 10 {
		t.Errorf("%d requests of an account passed", ok)
	}
	ok, _ = send(120, func(i int, r *support.Request) { r.Device = db.NewID() })
	if want := 120 - 5 - 1 - 20; ok != want {
		t.Errorf("%d more of a whole network passed, want %d", ok, want)
	}
	k.Clock.Advance(30 * time.Minute)
	if ok, _ := send(1, func(int, *support.Request) {}); ok != 1 {
		t.Error("the next hour is shut as well")
	}
}

// Foreign tickets are not there.
func TestForeignTicketIsNotFound(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	x, lost := k.open(t, question(k.anna)), k.open(t, anonymous("d"))
	ctx := t.Context()
	for _, id := range []string{x.ID, lost.ID, db.NewID(), "1", ""} {
		_, err := k.Get(ctx, k.boris, id)
		wantKind(t, "read "+id, err, fault.KindNotFound)
		wantKind(t, "write "+id, k.Write(ctx, k.boris, id, db.NewID(), "Ага"), fault.KindNotFound)
		wantKind(t, "solve "+id, k.Solve(ctx, k.boris, id), fault.KindNotFound)
	}
	_, err := k.Get(ctx, "", lost.ID)
	wantKind(t, "an anonymous ticket without owner", err, fault.KindNotFound)
	list, err := k.List(ctx, k.boris, "")
	must(t, err)
	if len(list.Tickets) != 0 {
		t.Errorf("Boris sees %+v", list.Tickets)
	}
	_, err = k.List(ctx, k.boris, "nonsense")
	wantKind(t, "cursor", err, fault.KindNotFound)
}

// HLP-07, HLP-08, NTF-08: the answer comes into the feed and by e-mail; a further
// question opens the ticket again with a new term.
func TestConversation(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	x := k.open(t, question(k.anna))
	k.answer(t, k.vera, x.ID, "Ответ уже в ленте.")
	must(t, k.Note(ctx, k.deed(k.vera, x.ID, "Спрашивает третий раз")))
	k.settle(t)
	feed := k.feed(t, k.anna)
	if len(feed) != 2 || feed[0].Topic != "support.answered" || feed[0].Object != "ticket/"+x.ID || feed[0].ReadAt != nil {
		t.Fatalf("feed %+v", feed)
	}
	mails := k.email.Messages()
	if len(mails) != 1 || mails[0].To != "p1000000001@example.org" || !strings.Contains(mails[0].Text, "/lk/support/"+x.ID) {
		t.Fatalf("mails %+v", mails)
	}
	d, err := k.Get(ctx, k.anna, x.ID)
	must(t, err)
	if d.Status != support.StatusAnswered || len(d.Messages) != 2 || d.Messages[1].Officer != "Верина\u00a0В.\u00a0О." {
		t.Errorf("Anna reads %s %+v", d.Status, d.Messages)
	}
	k.Clock.Advance(48 * time.Hour)
	key := db.NewID()
	for range 2 {
		must(t, k.Write(ctx, k.anna, x.ID, key, "Не вижу"))
	}
	d, err = k.Get(ctx, k.anna, x.ID)
	must(t, err)
	if d.Status != support.StatusInWork || d.Officer != k.vera.ID || len(d.Messages) != 3 || !d.DueAt.Equal(k.Clock.Now().Add(24*time.Hour)) {
		t.Errorf("asked again: %s of %s, %d messages, due %v", d.Status, d.OfficerName, len(d.Messages), d.DueAt)
	}
	must(t, k.Answer(ctx, k.deed(k.vera, x.ID, "Теперь видно")))
	must(t, k.Officers.Deactivate(ctx, k.vera.ID))
	must(t, k.Write(ctx, k.anna, x.ID, db.NewID(), "И всё-таки"))
	if d, err = k.Get(ctx, k.anna, x.ID); err != nil || d.Status != support.StatusNew || d.Officer != "" {
		t.Errorf("the holder has left: %s of %q, %v", d.Status, d.OfficerName, err)
	}
	must(t, k.Solve(ctx, k.anna, x.ID))
	must(t, k.Solve(ctx, k.anna, x.ID))
	wantKind(t, "write to a closed one", k.Write(ctx, k.anna, x.ID, db.NewID(), "А?"), fault.KindConflict)
	if feed := k.feed(t, k.anna); len(feed) != 3 {
		t.Errorf("feed %+v", feed)
	}
}

// Somebody without an account gets the answer by e-mail, in his language, and
// nothing before: else the form would send letters to strangers.
func TestAnonymousAnswerGoesByMail(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	r := anonymous("d")
	r.Locale = "en"
	x := k.open(t, r)
	k.settle(t)
	if n := len(k.email.Messages()); n != 0 {
		t.Fatalf("%d letters before an answer", n)
	}
	must(t, k.Take(t.Context(), k.deed(k.vera, x.ID, "")))
	d := k.deed(k.vera, x.ID, "Обновите страницу.")
	must(t, k.Answer(t.Context(), d))
	must(t, k.Answer(t.Context(), d))
	k.settle(t)
	mails := k.email.Messages()
	if len(mails) != 1 || mails[0].To != "petr@example.org" || !strings.Contains(mails[0].Subject, x.Number) ||
		!strings.Contains(mails[0].Text, "Обновите страницу.") || !strings.Contains(mails[0].Text, "You wrote to support") {
		t.Errorf("letters %+v", mails)
	}
	r = anonymous("d2")
	r.Report, r.Email = true, ""
	y := k.open(t, r)
	k.answer(t, k.vera, y.ID, "Исправили")
	k.settle(t)
	if len(k.email.Messages()) != 1 || y.Reachable() {
		t.Error("a report without address was answered to somebody")
	}
}

// What is stored tells nobody who wrote what.
func TestTextsAreSealed(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	r := anonymous("device-secret")
	r.Name, r.Text, r.Page = "Пётр Тайный", "Мой СНИЛС 112-233-445 95", "/lk/secret-page"
	k.open(t, r)
	must(t, k.DB.Read(t.Context(), func(tx *db.Tx) error {
		for _, table := range []string{"ticket", "message", "quota"} {
			rows, err := db.List[string](t.Context(), tx, `SELECT x::text FROM support.`+table+` x`)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				t.Errorf("%s is empty", table)
			}
			for _, row := range rows {
				for _, secret := range []string{"Тайный", "СНИЛС", "petr@", "secret-page", "192.0.2", "device-secret"} {
					if strings.Contains(row, secret) || strings.Contains(row, hex.EncodeToString([]byte(secret))) {
						t.Errorf("%s shows %q", table, secret)
					}
				}
			}
		}
		return nil
	}))
}

func TestCleanPage(t *testing.T) {
	t.Parallel()
	const id = "0193a5c2-7b1e-7cc3-98c4-dc0c0c07398f"
	for in, want := range map[string]string{
		"":  "",
		"/": "/",
		"/services/passport?q=Тестова#top":            "/services/passport",
		"http://esia.test:8080/login?code=1":          "esia.test:8080/login",
		"/lk/applications/" + id:                      "/lk/applications/" + id,
		"/registration/link/AbCdEfGhIjKlMnOpQrStUvWx": "/registration/link/…",
		"/help/how-to-confirm-your-account-here":      "/help/how-to-confirm-your-account-here",
		"javascript:alert(1)":                         "",
		"data:text/html,x":                            "",
		"//evil.test/x":                               "evil.test/x",
		"/a\u202eb":                                   "/ab",
		"%zz":                                         "",
	} {
		if got := support.CleanPage(in); got != want {
			t.Errorf("CleanPage(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"1a2B-_": "1a2B-_", "": "", "<script>": "", strings.Repeat("a", 41): ""} {
		if got := support.CleanErrorID(in); got != want {
			t.Errorf("CleanErrorID(%q) = %q", in, got)
		}
	}
}

// Whatever is sent as an address, no query, no control character and no more
// than the limit is kept, and cleaning twice changes nothing.
func FuzzCleanPage(f *testing.F) {
	for _, s := range []string{"/a?b", "http://h/p#f", "/x/AbCdEfGhIjKlMnOpQrStUvWx", "%zz", "//h", "/\u202e", "/a%3Fb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := support.CleanPage(s)
		if len([]rune(got)) > 300 || strings.ContainsAny(got, "\n\r\x00") {
			t.Errorf("CleanPage(%q) = %q", s, got)
		}
		if i := strings.IndexByte(s, '?'); i >= 0 && i < len(s)-1 && len(s)-i > 12 && strings.Contains(got, s[i:]) {
			t.Errorf("CleanPage(%q) kept the query: %q", s, got)
		}
	})
}
