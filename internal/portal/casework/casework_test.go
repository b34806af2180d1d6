package casework_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/locale"
	"github.com/okno-gov/okno/services"
)

// kit is a portal with one citizen, two clerks of one agency and one of another.
type kit struct {
	*casework.Cases
	queue   *job.Queue
	ru      *i18n.Localizer
	feed    *notice.Notices
	email   *outbound.Box
	sms     *outbound.Box
	scanner *scanner
	anna    string
	lilia   *officer.Officer
	ivan    *officer.Officer
	foreign *officer.Officer
}

// scanner finds one word, and may be away.
type scanner struct{ away atomic.Bool }

func (s *scanner) Scan(_ context.Context, r io.Reader) (document.Verdict, error) {
	if s.away.Load() {
		return document.Verdict{}, errors.New("scanner is away")
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return document.Verdict{}, err
	}
	if bytes.Contains(b, []byte("EVIL")) {
		return document.Verdict{State: document.ScanInfected, Signature: "Test.Evil"}, nil
	}
	return document.Verdict{State: document.ScanClean}, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func newKit(t *testing.T) *kit {
	t.Helper()
	d := dbtest.Seeded(t, seed, account.Migrations(), setting.Migrations(), journal.Migrations(), outbound.Migrations(), notice.Migrations(),
		document.Migrations(), directory.Migrations(), catalogue.Migrations(), application.Migrations(), officer.Migrations(), casework.Migrations())
	c, keys := clock.At(start), crypt.NewTestKeyring()
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	must(t, err)
	bundle, err := catalogues()
	must(t, err)
	folder, err := blob.OpenFolder(t.TempDir())
	must(t, err)
	queue := job.New(d, c)
	k := &kit{queue: queue, ru: bundle.For("ru"), email: &outbound.Box{}, sms: &outbound.Box{}, scanner: &scanner{}}
	out := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: queue, Senders: map[outbound.Channel]outbound.Sender{outbound.Email: k.email, outbound.SMS: k.sms}}
	dir := &directory.Directory{DB: d, Clock: c}
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	cards := &catalogue.Services{DB: d, Clock: c, Directory: dir, Zone: zone}
	documents := &document.Documents{DB: d, Clock: c, Blobs: &blob.Sealed{Store: folder, Keys: keys}, Scanner: k.scanner, Queue: queue}
	k.feed = &notice.Notices{
		DB: d, Clock: c, Queue: queue, Accounts: accounts, Outbox: out, Bundle: bundle, Zone: zone,
		BaseURL: "https://uslugi.example.org", Portal: portalName,
	}
	journals := &journal.Journal{DB: d, Clock: c, Keys: keys}
	apps := &application.Applications{
		DB: d, Clock: c, Keys: keys, Queue: queue, Accounts: accounts, Directory: dir, Services: cards, Documents: documents,
		Notices: k.feed, Journal: journals, Calendar: term.Russian(), Bundle: bundle, Zone: zone, Region: 72,
		BaseURL: "https://uslugi.example.org", Portal: portalName,
	}
	k.Cases = &casework.Cases{
		DB: d, Clock: c, Keys: keys, Applications: apps, Officers: &officer.Officers{DB: d, Clock: c}, Services: cards,
		Documents: documents, Journal: journals, Calendar: term.Russian(), Zone: zone,
	}
	out.Work(queue)
	k.feed.Work(queue)
	documents.Work(queue)
	apps.Work(queue)
	k.people(t, accounts)
	return k
}

// seed writes the delivered agencies and services.
func seed(ctx context.Context, d *db.DB) error {
	c := clock.At(start)
	raw, err := services.FS.ReadFile("region/72/directory.yaml")
	if err != nil {
		return err
	}
	file, err := directory.ParseFile(raw)
	if err != nil {
		return err
	}
	agencies := &directory.Directory{DB: d, Clock: c}
	if _, err := agencies.Import(ctx, file, "test"); err != nil {
		return err
	}
	b, err := catalogue.LoadBundle(services.FS, "72")
	if err != nil {
		return err
	}
	_, err = (&catalogue.Services{DB: d, Clock: c, Directory: agencies, Zone: time.UTC}).Import(ctx, b, "test")
	return err
}

// catalogues are the messages, read once for all tests.
var catalogues = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(locale.FS) })

func (k *kit) people(t *testing.T, accounts *account.Accounts) {
	t.Helper()
	ctx := t.Context()
	must(t, k.DB.InTx(ctx, func(tx *db.Tx) error {
		acc, err := accounts.SignedIn(ctx, tx, account.SignIn{Subject: "1000000001", Level: account.LevelConfirmed})
		if err != nil {
			return err
		}
		k.anna = acc.ID
		return accounts.SetContacts(ctx, tx, acc.ID, account.Contacts{Email: "anna@example.org", Mobile: "+79120000001"}, start)
	}))
	add := func(subject, agency, name string, roles ...officer.Role) *officer.Officer {
		o, err := k.Officers.Add(ctx, officer.Officer{Subject: subject, Agency: agency, Name: name, Roles: roles})
		must(t, err)
		return o
	}
	k.lilia = add("2000000001", "mvd", "Гареева Лилия Маратовна", officer.RoleClerk)
	k.ivan = add("2000000002", "mvd", "Лыткин Иван Петрович", officer.RoleClerk)
	k.foreign = add("2000000003", "edu", "Белова Марина Олеговна", officer.RoleClerk)
}

func (k *kit) settle(t *testing.T) { t.Helper(); must(t, k.queue.Settle(t.Context())) }

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"

func upload(name, content string) document.Upload {
	return document.Upload{Name: name, Body: strings.NewReader(content)}
}

// send files Anna's request for the certificate with a scan of this content.
func (k *kit) send(t *testing.T, scan string) *application.Application {
	t.Helper()
	ctx := t.Context()
	mvd := form.Mark{Verified: true, Source: "МВД", On: start}
	p := form.Profile{
		Subject: "1000000001", Level: "confirmed", TakenAt: k.Clock.Now(),
		Person: form.Person{
			Surname: "Тестова", Name: "Анна", Patronymic: "Викторовна", BirthDate: "1988-05-14", BirthPlace: "г. Тюмень", Sex: "F",
			Citizenship: "RUS", Mark: mvd,
		},
		SNILS:        form.Value{Value: "11223344595", Mark: mvd},
		IDDocument:   form.Document{Type: "passport_rf", Number: "7114482106", IssueDate: "2014-06-21", IssueCode: "720001", IssuedBy: "УМВД", Mark: mvd},
		Registration: form.Address{Line: "г. Тюмень, ул. Республики, д. 142", Postcode: "625000"},
	}
	d, err := k.Applications.Begin(ctx, k.anna, "criminal-record", db.NewID(), p)
	must(t, err)
	for _, s := range []struct {
		step string
		post map[string][]string
	}{
		{"applicant", map[string][]string{"phone": {"+79120000001"}}},
		{"names", map[string][]string{"changed": {"yes"}, "former": {"Кузнецова"}, "reason": {"marriage"}, "certificate": {"I-ФР 512044"}}},
		{"purpose", map[string][]string{"purpose": {"work"}, "regions": {"Тюменская область"}}},
		{"delivery", map[string][]string{"delivery": {"cabinet"}, "consent": {"yes"}}},
	} {
		_, err := k.Applications.SaveStep(ctx, k.anna, d.ID, s.step, s.post, k.ru)
		must(t, err)
	}
	v, err := k.Applications.Attach(ctx, k.anna, d.ID, "certificate_scan", upload("брак.pdf", scan), k.ru)
	must(t, err)
	app, err := k.Applications.Submit(ctx, application.Submission{
		Owner: k.anna, Draft: v.ID, Version: v.Version, Consent: "1", Words: k.ru, Auth: application.Auth{Session: "s", Time: start},
	})
	must(t, err)
	k.settle(t)
	return app
}

// act makes an act of an officer on the case as it stands now.
func (k *kit) act(t *testing.T, o *officer.Officer, id, text string) casework.Act {
	t.Helper()
	c, err := k.Get(t.Context(), o.ID, id)
	must(t, err)
	return casework.Act{Officer: o.ID, Application: id, Key: db.NewID(), Version: c.Version, Text: text}
}

func (k *kit) taken(t *testing.T) *application.Application {
	t.Helper()
	app := k.send(t, pdf)
	must(t, k.Take(t.Context(), k.act(t, k.lilia, app.ID, "")))
	return app
}

func (k *kit) status(t *testing.T, id string) application.Status {
	t.Helper()
	d, err := k.Applications.Get(t.Context(), k.anna, id)
	must(t, err)
	return d.Status
}

// The main job from the agency's side: take, answer with a file; the citizen is
// told by feed, e-mail and SMS and downloads what the clerk uploaded.
//
// BO-01, SVC-18, SVC-19
func TestAnswerWithAFileReachesTheCitizen(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.taken(t)
	answer := pdf + "справка № 1"
	doc, err := k.UploadAnswer(ctx, k.lilia.ID, app.ID, upload("справка.pdf", answer))
	must(t, err)
	if doc.Scan != document.ScanClean {
		t.Fatalf("the answer's file is %s", doc.Scan)
	}
	if _, _, err := k.Applications.OpenFile(ctx, k.anna, app.ID, doc.ID); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("the citizen opens a file that was not issued yet: %v", err)
	}
	a := k.act(t, k.lilia, app.ID, "Судимости нет")
	for range 2 { // a double click
		must(t, k.Answer(ctx, a, []string{doc.ID}))
	}
	k.settle(t)
	got, body, err := k.Applications.OpenFile(ctx, k.anna, app.ID, doc.ID)
	must(t, err)
	defer body.Close()
	if b, _ := io.ReadAll(body); string(b) != answer || got.Name != "справка.pdf" {
		t.Errorf("the citizen got %q named %q", b, got.Name)
	}
	d, err := k.Applications.Get(ctx, k.anna, app.ID)
	must(t, err)
	last := d.Events[len(d.Events)-1]
	if d.Status != application.StatusGranted || d.Outcome != application.StatusGranted || last.Comment != "Судимости нет" || last.Officer != "Гареева\u00a0Л.\u00a0М." {
		t.Errorf("decided: %+v, %+v", d.Application, last)
	}
	feed, err := k.feed.List(ctx, k.anna, notice.Filter{Limit: 1})
	must(t, err)
	if feed.Entries[0].Topic != "application.granted" {
		t.Errorf("feed begins with %s", feed.Entries[0].Topic)
	}
	for name, box := range map[string]*outbound.Box{"e-mail": k.email, "SMS": k.sms} {
		n := 0
		for _, m := range box.Messages() {
			if strings.Contains(m.Text, app.Number) && strings.Contains(m.Text, "готов ответ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d messages by %s about the answer, want 1", n, name)
		}
	}
	must(t, k.Close(ctx, k.act(t, k.lilia, app.ID, "")))
	if s := k.status(t, app.ID); s != application.StatusClosed {
		t.Errorf("after the end: %s", s)
	}
}

// Of many who take one case one wins; the others learn who.
func TestOneOfManyTakesTheCase(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	app := k.send(t, pdf)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		o := []*officer.Officer{k.lilia, k.ivan}[i%2]
		wg.Go(func() {
			err := k.Take(context.Background(), casework.Act{Officer: o.ID, Application: app.ID, Key: fmt.Sprint(o.ID, i)})
			if err == nil {
				won.Add(1)
				return
			}
			if f, _ := fault.As(err); !fault.Is(err, fault.KindConflict) || f.Key != "casework.held_by" || len(f.Args) != 2 {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d, err := k.Applications.Get(t.Context(), k.anna, app.ID)
	must(t, err)
	n := 0
	for _, e := range d.Events {
		if e.Status == application.StatusInWork {
			n++
		}
	}
	// The winner's own other clicks are no acts.
	if n != 1 || won.Load() != 8 || d.Officer == "" {
		t.Errorf("%d times taken, %d answers yes, holder %q", n, won.Load(), d.OfficerName)
	}
}

// Two ask for the next free case at once: each gets his own.
func TestTakeNextGivesEachHisOwn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	first, second := k.send(t, pdf), k.send(t, pdf)
	got := make([]string, 2)
	var wg sync.WaitGroup
	for i, o := range []*officer.Officer{k.lilia, k.ivan} {
		wg.Go(func() {
			id, err := k.TakeNext(context.Background(), o.ID, db.NewID())
			if err != nil {
				t.Error(err)
			}
			got[i] = id
		})
	}
	wg.Wait()
	slices.Sort(got)
	want := []string{first.ID, second.ID}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("taken %v of %v", got, want)
	}
	if _, err := k.TakeNext(t.Context(), k.lilia.ID, "k"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an empty queue: %v", err)
	}
}

// Whoever is no active clerk of the agency sees nothing and does nothing; a case
// of another agency is not found.
func TestRightsAtEveryAct(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.taken(t)
	d, err := k.Get(ctx, k.lilia.ID, app.ID)
	must(t, err)
	file := d.Files[0].Document
	acts := func(o string) map[string]error {
		a := casework.Act{Officer: o, Application: app.ID, Key: db.NewID(), Version: d.Version, Text: "текст"}
		_, get := k.Get(ctx, o, app.ID)
		_, _, open := k.OpenFile(ctx, o, app.ID, file)
		_, up := k.UploadAnswer(ctx, o, app.ID, upload("a.pdf", pdf))
		_, looks := k.Looks(ctx, o, app.ID)
		return map[string]error{
			"get": get, "open file": open, "upload": up, "looks": looks, "take": k.Take(ctx, a), "ask": k.Ask(ctx, a, nil),
			"invite": k.Invite(ctx, a), "answer": k.Answer(ctx, a, nil), "refuse": k.Refuse(ctx, a, "wrong-data"), "close": k.Close(ctx, a),
			"write": k.Write(ctx, a), "note": k.Note(ctx, a), "put back": k.PutBack(ctx, a), "hand over": k.HandOver(ctx, a, k.ivan.ID),
		}
	}
	for name, err := range acts(k.foreign.ID) {
		if !fault.Is(err, fault.KindNotFound) {
			t.Errorf("clerk of another agency, %s: %v", name, err)
		}
	}
	q, err := k.Queue(ctx, k.foreign.ID, casework.Filter{})
	must(t, err)
	if len(q.Rows) != 0 || q.Counts.Open != 0 {
		t.Errorf("queue of another agency: %+v", q)
	}
	must(t, k.Officers.Deactivate(ctx, k.ivan.ID))
	editor, err := k.Officers.Add(ctx, officer.Officer{Subject: "3", Agency: "mvd", Name: "Редактор", Roles: []officer.Role{officer.RoleEditor}})
	must(t, err)
	for _, o := range []string{k.ivan.ID, editor.ID, db.NewID(), "nonsense"} {
		for name, err := range acts(o) {
			if !fault.Is(err, fault.KindForbidden) {
				t.Errorf("officer %s, %s: %v", o, name, err)
			}
		}
		if _, err := k.Queue(ctx, o, casework.Filter{}); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("officer %s, queue: %v", o, err)
		}
	}
}

// Only the holder acts, or his deputy in the days of absence; what was shown
// must still be true.
func TestHolderDeputyAndStaleForms(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.taken(t)
	key := func(err error) string {
		f, _ := fault.As(err)
		if f == nil {
			return fmt.Sprint(err)
		}
		return f.Key
	}
	if got := key(k.Ask(ctx, k.act(t, k.ivan, app.ID, "Где скан?"), nil)); got != "casework.held_by" {
		t.Errorf("a colleague asks: %s", got)
	}
	stale := k.act(t, k.lilia, app.ID, "Сообщение")
	must(t, k.Write(ctx, k.act(t, k.lilia, app.ID, "Первое")))
	if got := key(k.Write(ctx, stale)); got != "application.changed" {
		t.Errorf("a form of an older version: %s", got)
	}
	must(t, k.Officers.Appoint(ctx, officer.Deputy{OfficerID: k.lilia.ID, DeputyID: k.ivan.ID, From: start, Until: start.Add(24 * time.Hour)}))
	must(t, k.Ask(ctx, k.act(t, k.ivan, app.ID, "Где скан?"), nil))
	k.Clock.Advance(25 * time.Hour)
	if got := key(k.Resume(ctx, k.act(t, k.ivan, app.ID, ""))); got != "casework.held_by" {
		t.Errorf("a deputy whose time is over: %s", got)
	}
	must(t, k.Resume(ctx, k.act(t, k.lilia, app.ID, "")))
	must(t, k.HandOver(ctx, k.act(t, k.lilia, app.ID, "Ухожу в отпуск"), k.ivan.ID))
	c, err := k.Get(ctx, k.ivan.ID, app.ID)
	must(t, err)
	if c.Officer != k.ivan.ID || len(c.Notes) != 1 || !c.Has(casework.ActAnswer) {
		t.Errorf("handed over: %+v, %+v, %v", c.Application, c.Notes, c.Acts)
	}
	if err := k.HandOver(ctx, k.act(t, k.ivan, app.ID, ""), k.foreign.ID); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("handed to another agency: %v", err)
	}
	must(t, k.PutBack(ctx, k.act(t, k.ivan, app.ID, "")))
	if s := k.status(t, app.ID); s != application.StatusRegistered {
		t.Errorf("put back: %s", s)
	}
}

// A question with its last day, the citizen's answer with a file, the queue
// shows the news.
//
// BO-01
func TestQuestionAndAnswer(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.taken(t)
	for _, bad := range []time.Time{start, start.AddDate(0, 0, -1), start.AddDate(2, 0, 0)} {
		if err := k.Ask(ctx, k.act(t, k.lilia, app.ID, "Где скан?"), &bad); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("last day %v: %v", bad, err)
		}
	}
	if err := k.Ask(ctx, k.act(t, k.lilia, app.ID, "  "), nil); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a question without words: %v", err)
	}
	must(t, k.Ask(ctx, k.act(t, k.lilia, app.ID, "Пришлите скан паспорта"), nil))
	d, err := k.Applications.Get(ctx, k.anna, app.ID)
	must(t, err)
	// Ten working days after Tuesday, 24 November 2026.
	if day := d.AnswerDay(k.Zone); day == nil || day.Format(time.DateOnly) != "2026-12-08" {
		t.Errorf("answer by %v", day)
	}
	doc, err := k.Applications.UploadReply(ctx, k.anna, app.ID, upload("паспорт.pdf", pdf))
	must(t, err)
	must(t, k.Applications.Answer(ctx, application.Reply{Owner: k.anna, Application: app.ID, Key: "r", Text: "Вот", Files: []string{doc.ID}}))
	k.settle(t)
	q, err := k.Queue(ctx, k.lilia.ID, casework.Filter{Unseen: true})
	must(t, err)
	if len(q.Rows) != 1 || q.Counts.Unseen != 1 || q.Rows[0].Applicant != "Тестова Анна Викторовна" {
		t.Errorf("news in the queue: %+v", q)
	}
	_, body, err := k.OpenFile(ctx, k.lilia.ID, app.ID, doc.ID)
	must(t, err)
	body.Close()
}

// A refusal needs a ground of the service's card and a reason.
//
// SVC-25
func TestRefusalNeedsGroundAndReason(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.taken(t)
	for name, c := range map[string]struct{ text, ground string }{
		"no reason": {"", "wrong-data"}, "no ground": {"Данные не совпали", ""}, "ground of nobody": {"Данные не совпали", "because"},
	} {
		if err := k.Refuse(ctx, k.act(t, k.lilia, app.ID, c.text), c.ground); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, k.Refuse(ctx, k.act(t, k.lilia, app.ID, "Данные не совпали с паспортом"), "wrong-data"))
	d, err := k.Applications.Get(ctx, k.anna, app.ID)
	must(t, err)
	last := d.Events[len(d.Events)-1]
	if d.Outcome != application.StatusRefused || d.Ground != "wrong-data" || last.Comment != "Данные не совпали с паспортом" || last.Ground != "wrong-data" {
		t.Errorf("refused: %+v, %+v", d.Application, last)
	}
}

// Infected and unscanned files stay away from the clerk, and he is told why.
func TestUnsafeFilesAreHeldBack(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	key := func(err error) string {
		f, _ := fault.As(err)
		if f == nil {
			return fmt.Sprint(err)
		}
		return f.Key
	}
	k.scanner.away.Store(true)
	waiting := k.send(t, pdf)
	open := func(app *application.Application) string {
		d, err := k.Get(ctx, k.lilia.ID, app.ID)
		must(t, err)
		_, body, err := k.OpenFile(ctx, k.lilia.ID, app.ID, d.Files[0].Document)
		if err == nil {
			body.Close()
		}
		return string(d.Files[0].Scan) + " " + key(err)
	}
	if got := open(waiting); got != "waiting document.waiting" {
		t.Errorf("scanner away: %s", got)
	}
	evil := k.send(t, pdf+"EVIL") // sent while nobody could know
	must(t, k.Take(ctx, k.act(t, k.lilia, waiting.ID, "")))
	doc, err := k.UploadAnswer(ctx, k.lilia.ID, waiting.ID, upload("ответ.pdf", pdf))
	must(t, err)
	if got := key(k.Answer(ctx, k.act(t, k.lilia, waiting.ID, ""), []string{doc.ID})); got != "document.waiting" {
		t.Errorf("an answer that nobody scanned: %s", got)
	}
	k.scanner.away.Store(false)
	must(t, k.queue.Hurry(ctx, time.Hour))
	k.settle(t)
	if got := open(waiting); got != "clean <nil>" {
		t.Errorf("scanner back: %s", got)
	}
	if got := open(evil); got != "infected document.infected" {
		t.Errorf("infected: %s", got)
	}
	feed, err := k.feed.List(ctx, k.anna, notice.Filter{Limit: 50})
	must(t, err)
	if !slices.ContainsFunc(feed.Entries, func(e notice.Entry) bool { return e.Topic == "application.file_infected" }) {
		t.Error("the citizen is not told of the infected file")
	}
	must(t, k.Answer(ctx, k.act(t, k.lilia, waiting.ID, ""), []string{doc.ID}))
}

// Looks at the case, its files and its row in the queue are in the citizen's
// journal, once per officer and hour; notes are not the citizen's.
func TestLooksAreVisibleToTheCitizen(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	app := k.send(t, pdf)
	d, err := k.Get(ctx, k.lilia.ID, app.ID)
	must(t, err)
	for range 3 {
		_, err := k.Get(ctx, k.lilia.ID, app.ID)
		must(t, err)
		_, err = k.Queue(ctx, k.ivan.ID, casework.Filter{})
		must(t, err)
		_, body, err := k.OpenFile(ctx, k.lilia.ID, app.ID, d.Files[0].Document)
		must(t, err)
		body.Close()
	}
	must(t, k.Note(ctx, k.act(t, k.ivan, app.ID, "Проверить архив")))
	page, err := k.Journal.List(ctx, k.anna, journal.Filter{Kinds: []journal.Kind{journal.Looked, journal.Listed, journal.FileOpened}})
	must(t, err)
	var got []string
	for _, e := range page.Entries {
		got = append(got, string(e.Kind)+" "+e.Details["officer"])
		if e.Details["number"] != app.Number || e.Details["agency"] == "" {
			t.Errorf("look without number or agency: %+v", e)
		}
	}
	slices.Sort(got)
	want := "application.listed Лыткин И. П.; application.looked Гареева Л. М.; application.looked Лыткин И. П.; document.opened Гареева Л. М."
	if s := strings.ReplaceAll(strings.Join(got, "; "), "\u00a0", " "); s != want {
		t.Errorf("looks: %s", s)
	}
	own, err := k.Applications.Get(ctx, k.anna, app.ID)
	must(t, err)
	if s := fmt.Sprintf("%+v", own); strings.Contains(s, "Проверить архив") {
		t.Error("an internal note is in what the citizen reads")
	}
	must(t, k.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*) FROM casework.note WHERE position(convert_to('архив', 'UTF8') IN text) > 0`)
		must(t, err)
		if n != 0 {
			t.Error("notes lie open in the database")
		}
		return nil
	}))
}

// Three years after its end a case holds no personal data any more: names,
// answers, messages, files and notes are gone, number and history stay.
func TestOldCasesAreErased(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	k.Applications.OnErase = append(k.Applications.OnErase, k.Erase)
	app := k.taken(t)
	must(t, k.Note(ctx, k.act(t, k.lilia, app.ID, "Заметка")))
	must(t, k.Write(ctx, k.act(t, k.lilia, app.ID, "Сообщение")))
	must(t, k.Refuse(ctx, k.act(t, k.lilia, app.ID, "Данные не совпали"), "wrong-data"))
	open := k.send(t, pdf)
	proof, err := k.Applications.ProofURL(ctx, k.anna, app.ID)
	must(t, err)
	k.Clock.Advance(1095 * 24 * time.Hour)
	k.settle(t)
	if d, err := k.Applications.Get(ctx, k.anna, app.ID); err != nil || d.ErasedAt != nil || len(d.Files) != 1 {
		t.Fatalf("a day before the term: %+v, %v", d, err)
	}
	k.Clock.Advance(24 * time.Hour)
	k.settle(t)
	d, err := k.Applications.Get(ctx, k.anna, app.ID)
	must(t, err)
	if d.ErasedAt == nil || d.Number != app.Number || len(d.Events) != 4 || d.Status != application.StatusRefused {
		t.Errorf("what must stay: %+v, %d events", d.Application, len(d.Events))
	}
	if d.Content.Applicant != "" || len(d.Messages) != 0 || len(d.Files) != 0 || d.Events[3].Comment != "" {
		t.Errorf("what must go: %+v, %+v, %+v", d.Content, d.Messages, d.Files)
	}
	c, err := k.Get(ctx, k.lilia.ID, app.ID)
	must(t, err)
	if len(c.Notes) != 0 {
		t.Errorf("notes stay: %+v", c.Notes)
	}
	q, err := k.Queue(ctx, k.lilia.ID, casework.Filter{Query: "Тестова", Status: []application.Status{application.StatusRefused}})
	must(t, err)
	if q.Total != 0 {
		t.Error("an erased case is found by the name")
	}
	if _, err := k.Applications.Check(ctx, proof[strings.LastIndexByte(proof, '/')+1:]); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("proof of an erased case: %v", err)
	}
	if _, err := k.Applications.Receipt(ctx, k.anna, app.ID, k.ru); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("receipt of an erased case: %v", err)
	}
	if still, err := k.Applications.Get(ctx, k.anna, open.ID); err != nil || still.ErasedAt != nil || still.Content.Applicant == "" {
		t.Errorf("an open case was erased: %+v, %v", still, err)
	}
}

// The queue is paged by the nearest term and found by number, name and SNILS.
//
// BO-01
func TestQueueFiltersAndSearch(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	var apps []*application.Application
	for range 5 {
		apps = append(apps, k.send(t, pdf))
		k.Clock.Advance(24 * time.Hour)
	}
	must(t, k.Take(ctx, k.act(t, k.lilia, apps[3].ID, "")))
	list := func(o *officer.Officer, f casework.Filter) *casework.Queue {
		t.Helper()
		q, err := k.Queue(ctx, o.ID, f)
		must(t, err)
		return q
	}
	seen := map[string]bool{}
	for p := 1; p <= 3; p++ {
		q := list(k.lilia, casework.Filter{Limit: 2, Page: p})
		if q.Total != 5 {
			t.Errorf("total %d", q.Total)
		}
		for _, r := range q.Rows {
			seen[r.ID] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d cases over the pages", len(seen))
	}
	if q := list(k.lilia, casework.Filter{}); q.Rows[0].ID != apps[0].ID || q.Counts.Mine != 1 || q.Counts.Free != 4 {
		t.Errorf("order or counts: %+v", q.Counts)
	}
	for query, want := range map[string]int{
		apps[1].Number: 1, "Тестова": 5, "тестова анна": 5, "Тестова Анна Викторовна": 5, "112-233-445 95": 5, "11223344595": 5,
		"Анна": 0, "Иванова": 0, "%": 0,
	} {
		if q := list(k.ivan, casework.Filter{Query: query}); q.Total != want {
			t.Errorf("search %q: %d, want %d", query, q.Total, want)
		}
	}
	for name, c := range map[string]struct {
		f    casework.Filter
		want int
	}{
		"mine": {casework.Filter{Mine: true}, 1}, "free": {casework.Filter{Free: true}, 4}, "mine and free": {casework.Filter{Mine: true, Free: true}, 5},
		"in work": {casework.Filter{Status: []application.Status{application.StatusInWork}}, 1}, "late": {casework.Filter{Late: true}, 0},
		"other service": {casework.Filter{Service: "kindergarten-info"}, 0},
	} {
		if q := list(k.lilia, c.f); q.Total != c.want {
			t.Errorf("%s: %d, want %d", name, q.Total, c.want)
		}
	}
	d, err := k.Applications.Get(ctx, k.anna, apps[0].ID)
	must(t, err)
	k.Clock.Set(*d.DueAt)
	k.settle(t)
	if q := list(k.lilia, casework.Filter{Late: true}); q.Total != 1 || q.Counts.Late != 1 {
		t.Errorf("late by the clock: %d, %+v", q.Total, q.Counts)
	}
	by := d.DueAt.AddDate(0, 0, 30)
	if q := list(k.lilia, casework.Filter{DueBy: &by}); q.Total != 4 {
		t.Errorf("%d cases with a term that has not ended", q.Total)
	}
	// While its citizen is asked the term of a case stands still: it is neither late nor
	// nearly so, in the list as in the counts, and stands by the end of the citizen's time.
	until := k.Clock.Now().AddDate(0, 0, 40)
	must(t, k.Take(ctx, k.act(t, k.lilia, apps[0].ID, "")))
	must(t, k.Ask(ctx, k.act(t, k.lilia, apps[0].ID, "Пришлите скан"), &until))
	q := list(k.lilia, casework.Filter{})
	if q.Counts.Late != 0 || q.Counts.Week != 4 || q.Rows[4].ID != apps[0].ID {
		t.Errorf("a case that waits for its citizen: %+v, the last is %s", q.Counts, q.Rows[4].Number)
	}
	if n := list(k.lilia, casework.Filter{Late: true}).Total; n != 0 {
		t.Errorf("%d late cases, the counter says none", n)
	}
	if n := list(k.lilia, casework.Filter{DueBy: &by}).Total; n != 4 {
		t.Errorf("%d cases of the week", n)
	}
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
