package catalogue_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/setting"
)

const editor = "officer-1"

// by is an editor who may change everything, on top of a version.
func by(version int64) catalogue.Edit {
	return catalogue.Edit{By: editor, Reason: "приказ 1", Version: version, Within: func(context.Context, *db.Tx, ...string) error { return nil }}
}

func propose(t *testing.T, s *catalogue.Services, f catalogue.Files) *catalogue.Proposal {
	t.Helper()
	id, p, err := s.Propose(t.Context(), db.NewID(), editor, "72", f)
	if err != nil || len(p) > 0 {
		t.Fatalf("propose: %v, %v", p, err)
	}
	return must(s.Proposal(t.Context(), id, editor, "72"))(t)
}

// CAT-13, G-34: what one portal exports another one imports, and then they are
// the same; before it the editor sees what would change.
func TestArchive(t *testing.T) {
	t.Parallel()
	from, _ := tyumen(t)
	ctx := t.Context()
	files := must(catalogue.ReadArchive(must(from.Archive(ctx, "72"))(t), "72"))(t)

	to := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	if _, err := to.Directory.Import(ctx, &directory.File{Agencies: must(from.Directory.Agencies(ctx))(t)}, "test"); err != nil {
		t.Fatal(err)
	}
	kinds := func(p *catalogue.Proposal) map[string]int {
		out := map[string]int{}
		for _, s := range p.Steps {
			out[s.Kind]++
		}
		return out
	}
	p := propose(t, to, files)
	if got := kinds(p); got["new"] != len(p.Steps) || !p.Whole || len(p.Shelves) == 0 {
		t.Errorf("before: %v, %d differences of shelves", got, len(p.Shelves))
	}
	if _, err := to.Proposal(ctx, p.ID, "officer-2", "72"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("somebody else's proposal: %v", err)
	}
	if n, err := to.Accept(ctx, by(0), p.ID, "72", p.Seen); err != nil || n != len(p.Steps) {
		t.Fatalf("accepted %d: %v", n, err)
	}
	if _, err := to.Accept(ctx, by(0), p.ID, "72", p.Seen); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("accepted twice: %v", err)
	}
	p = propose(t, to, files)
	if got := kinds(p); got["same"] != len(p.Steps) || p.Changes() {
		t.Errorf("after: %v", got)
	}
	if err := to.Remove(ctx, by(1), "criminal-record", to.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := to.Weigh(ctx, by(1), "kindergarten-enrolment", 900); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Accept(ctx, by(0), p.ID, "72", p.Seen); !fault.Is(err, fault.KindConflict) {
		t.Errorf("accepted what was compared to an older catalogue: %v", err)
	}
	again := must(to.Proposal(ctx, p.ID, editor, "72"))(t)
	if got := kinds(again); got["again"] != 1 || got["changed"] != 1 {
		t.Errorf("then: %v", got)
	}
	for _, s := range again.Steps {
		if s.Service.Code == "kindergarten-enrolment" && (len(s.Differences) != 1 || s.Differences[0].Path != "weight" || s.Differences[0].Was != "900") {
			t.Errorf("differences %+v", s.Differences)
		}
	}
	if first := must(to.Popular(ctx, 1))(t); first[0].Code != "kindergarten-enrolment" {
		t.Errorf("most popular is %s", first[0].Code)
	}
	for _, l := range must(to.Listing(ctx, "", ""))(t) {
		if l.Published == (l.Code == "criminal-record") {
			t.Errorf("%s is published: %v", l.Code, l.Published)
		}
	}
	if list := must(to.Listing(ctx, "ДЕТСКИЙ САД", ""))(t); len(list) == 0 || !strings.Contains(strings.ToLower(list[0].Title.RU), "детский сад") {
		t.Errorf("found %d services", len(list))
	}
}

// CAT-13: a service is withdrawn on its day, an earlier revision comes back, and who
// saw an older version is told.
func TestVersions(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	ctx := t.Context()
	const code = "criminal-record"
	first := must(s.Edited(ctx, code))(t)
	if err := s.Weigh(ctx, by(1), code, 7); err != nil {
		t.Fatal(err)
	}
	if err := s.Weigh(ctx, by(1), code, 8); !fault.Is(err, fault.KindConflict) {
		t.Errorf("on top of an older version: %v", err)
	}
	if err := s.Weigh(ctx, by(2), code, -1); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a weight below nothing: %v", err)
	}
	nameless := by(2)
	nameless.Reason = " "
	if err := s.Weigh(ctx, nameless, code, 1); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := s.Return(ctx, by(2), code, first.Revision); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Edited(ctx, code))(t); got.Weight != first.Weight || got.Revision != first.Revision || got.Version != 3 {
		t.Errorf("returned to %+v", got)
	}
	other := must(s.Edited(ctx, "kindergarten-enrolment"))(t)
	if err := s.Return(ctx, by(3), code, other.Revision); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("returned to another service: %v", err)
	}

	if err := s.Remove(ctx, by(3), code, s.Clock.Now().AddDate(0, 0, 10)); err != nil {
		t.Fatal(err)
	}
	if n := must(s.WithdrawDue(ctx))(t); n != 0 {
		t.Errorf("withdrew %d before the day", n)
	}
	// The day is a change like any other: who saw the service without it is told.
	if err := s.Remove(ctx, by(3), code, s.Clock.Now().AddDate(0, 0, 5)); !fault.Is(err, fault.KindConflict) {
		t.Errorf("a second day over the first: %v", err)
	}
	if err := s.Keep(ctx, by(3), code); !fault.Is(err, fault.KindConflict) {
		t.Errorf("a day that was not seen is called off: %v", err)
	}
	if got := must(s.Edited(ctx, code))(t); got.Version != 4 || got.WithdrawAt == nil || !got.WithdrawAt.Equal(s.Clock.Now().AddDate(0, 0, 10)) {
		t.Errorf("planned: version %d, %v", got.Version, got.WithdrawAt)
	}
	if h := must(s.History(ctx, code))(t)[0]; h.Action != "plan" || h.Actor != editor || h.Reason != "приказ 1" || h.Due == nil || h.Version != 4 {
		t.Errorf("the plan in the history: %+v", h)
	}
	if err := s.Keep(ctx, by(4), code); err != nil {
		t.Fatal(err)
	}
	if h := must(s.History(ctx, code))(t)[0]; h.Action != "keep" || h.Due != nil {
		t.Errorf("called off in the history: %+v", h)
	}
	if err := s.Remove(ctx, by(5), code, s.Clock.Now().AddDate(0, 0, 10)); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(10 * 24 * time.Hour)
	if n := must(s.WithdrawDue(ctx))(t); n != 1 {
		t.Errorf("withdrew %d on the day", n)
	}
	if _, err := s.Card(ctx, code); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("still shown: %v", err)
	}
	past := must(s.History(ctx, code))(t)
	if past[0].Action != "withdraw" || past[0].Actor != editor || past[0].Reason != "приказ 1" {
		t.Errorf("history begins with %+v", past[0])
	}
	if err := s.Return(ctx, by(7), code, first.Revision); err != nil {
		t.Fatal(err)
	}
	if n := must(s.WithdrawDue(ctx))(t); n != 0 {
		t.Error("the old day withdrew it again")
	}
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.AgencyFree(ctx, tx, first.Agency) }); !fault.Is(err, fault.KindConflict) {
		t.Errorf("its agency is free: %v", err)
	}
}

// Editors of one agency cannot reach into another: the agencies of before and after
// are asked for.
func TestAgenciesOfAChange(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	var asked []string
	e := by(1)
	e.Within = func(_ context.Context, _ *db.Tx, agencies ...string) error {
		asked = agencies
		return fault.Forbidden("officer.other_agency")
	}
	sv := *b.Services[slices.IndexFunc(b.Services, func(x *catalogue.Service) bool { return x.Code == "criminal-record" })]
	if err := s.Weigh(ctx, e, sv.Code, 5); !fault.Is(err, fault.KindForbidden) || !slices.Equal(slices.Compact(asked), []string{sv.Agency}) {
		t.Errorf("asked for %v: %v", asked, err)
	}
	was := sv.Agency
	sv.Agency = "edu"
	src := must(sv.Source())(t)
	files := catalogue.Files{}
	for name, body := range src {
		files["federal/"+sv.Code+"/"+name] = body
	}
	p := propose(t, s, files)
	want := []string{"edu", was}
	slices.Sort(want)
	if _, err := s.Accept(ctx, e, p.ID, "72", p.Seen); !fault.Is(err, fault.KindForbidden) || !slices.Equal(asked, want) {
		t.Errorf("asked for %v: %v", asked, err)
	}
	if got := must(s.Card(ctx, sv.Code))(t); got.Agency != was {
		t.Error("it was published all the same")
	}
}

// A start of a release leaves the services and the shelves of editors alone and adds
// what its own services stand on.
func TestDeliveryLeavesEditorsAlone(t *testing.T) {
	t.Parallel()
	s := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	b := fillDirectory(t, s)
	ctx := t.Context()
	if n := must(s.Deliver(ctx, b, "delivery"))(t); n != len(b.Services) {
		t.Fatalf("delivered %d", n)
	}
	own := *b
	own.Shelves.Categories = slices.Clone(b.Shelves.Categories)
	own.Shelves.Categories[0].Title.RU = "Полка редактора"
	first := own.Shelves.Categories[0].Code
	own.Services = nil
	if _, err := s.Import(ctx, &own, editor); err != nil {
		t.Fatal(err)
	}
	if err := s.Weigh(ctx, by(1), "criminal-record", 500); err != nil {
		t.Fatal(err)
	}
	if n := must(s.Deliver(ctx, b, "delivery"))(t); n != 0 {
		t.Errorf("the next start changed %d", n)
	}
	if c := must(s.Category(ctx, first))(t); c.Title.RU != "Полка редактора" {
		t.Errorf("the shelf is %q", c.Title.RU)
	}
	if sv := must(s.Card(ctx, "criminal-record"))(t); sv.Weight != 500 {
		t.Errorf("the weight is %d", sv.Weight)
	}
	// A later release with a service of its own on a new shelf.
	next := *b
	fresh := *b.Services[0]
	fresh.Code, fresh.Categories = "brand-new", []string{"novelty"}
	next.Services = append(slices.Clone(b.Services), &fresh)
	next.Shelves.Categories = append(slices.Clone(b.Shelves.Categories), catalogue.Category{Code: "novelty"}, catalogue.Category{Code: "unused"})
	if n := must(s.Deliver(ctx, &next, "delivery"))(t); n != 1 {
		t.Errorf("the new release changed %d", n)
	}
	if _, err := s.Category(ctx, "novelty"); err != nil {
		t.Error(err)
	}
	if _, err := s.Category(ctx, "unused"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a shelf that nobody needs came back: %v", err)
	}
	if c := must(s.Category(ctx, first))(t); c.Title.RU != "Полка редактора" {
		t.Errorf("the shelf is %q", c.Title.RU)
	}
}

// The order of shelves, and of what stands in a definition, is a difference: nobody
// changes it unseen, an editor of one agency not at all.
func TestOrderIsADifference(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	ctx := t.Context()
	files := must(catalogue.ReadArchive(must(s.Archive(ctx, "72"))(t), "72"))(t)
	var shelves catalogue.Shelves
	if err := yaml.Unmarshal(files["catalogue.yaml"], &shelves); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(shelves.Categories)
	files["catalogue.yaml"] = must(yaml.Marshal(shelves))(t)
	p := propose(t, s, files)
	if !p.Changes() || len(p.Shelves) != 1 || p.Shelves[0].Path != "categories.order" || p.Shelves[0].Was == p.Shelves[0].Now {
		t.Fatalf("differences %+v", p.Shelves)
	}
	var asked []string
	own := by(0)
	own.Within = func(_ context.Context, _ *db.Tx, agencies ...string) error {
		asked = agencies
		if slices.Contains(agencies, "") {
			return fault.Forbidden("officer.other_agency")
		}
		return nil
	}
	first := func() string { return must(s.Categories(ctx))(t)[0].Item.Code }
	before := first()
	if _, err := s.Accept(ctx, own, p.ID, "72", p.Seen); !fault.Is(err, fault.KindForbidden) || first() != before {
		t.Errorf("an editor of one agency put the shelves in order: %v, asked for %q", err, asked)
	}
	if n, err := s.Accept(ctx, by(0), p.ID, "72", p.Seen); err != nil || n != 0 || first() != shelves.Categories[0].Code {
		t.Errorf("the portal's editor: %d, %v, first is %s", n, err, first())
	}

	sv := must(s.Edited(ctx, "criminal-record"))(t)
	next := *sv.Service
	next.Documents = slices.Clone(sv.Documents)
	slices.Reverse(next.Documents)
	one := catalogue.Files{}
	for name, body := range must(next.Source())(t) {
		one["federal/criminal-record/"+name] = body
	}
	p = propose(t, s, one)
	if len(p.Steps) != 1 || len(p.Steps[0].Differences) == 0 {
		t.Errorf("the order of documents is no difference: %+v", p.Steps)
	}
}

// An editor who took an agency off the pages meets neither a start that fails nor one
// that brings its services back; and nobody publishes for it.
func TestHiddenAgencyHasNoServices(t *testing.T) {
	t.Parallel()
	s := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	b := fillDirectory(t, s)
	ctx := t.Context()
	first, next := *b, *b
	agency := b.Services[0].Agency
	first.Services = slices.DeleteFunc(slices.Clone(b.Services), func(x *catalogue.Service) bool { return x.Agency == agency && x != b.Services[0] })
	if _, err := s.Deliver(ctx, &first, "delivery"); err != nil {
		t.Fatal(err)
	}
	free := func() error { return s.DB.InTx(ctx, func(tx *db.Tx) error { return s.AgencyFree(ctx, tx, agency) }) }
	if err := free(); !fault.Is(err, fault.KindConflict) {
		t.Errorf("free with a service: %v", err)
	}
	if err := s.Remove(ctx, by(1), b.Services[0].Code, s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := free(); err != nil {
		t.Error(err)
	}
	hide := directory.Edit{By: editor, Version: 1, Within: func(context.Context, *db.Tx, ...string) error { return nil }}
	if err := s.Directory.Hide(ctx, hide, directory.KindAgency, agency); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Deliver(ctx, &next, "delivery"); err != nil || n != 0 {
		t.Errorf("the next start changed %d: %v", n, err)
	}
	if _, err := s.Publish(ctx, b.Services[0], editor, "x"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("published for an agency that is not there: %v", err)
	}
	if err := s.Return(ctx, by(2), b.Services[0].Code, must(s.Edited(ctx, b.Services[0].Code))(t).Revision); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("returned to an agency that is not there: %v", err)
	}
}

// A form that is sent again with another file shows the other file; what one tab shows
// is what it accepts.
func TestUploadSentAgain(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	ctx := t.Context()
	files := func(title string) catalogue.Files {
		sv := *must(s.Edited(ctx, "criminal-record"))(t).Service
		sv.Title.RU = title
		out := catalogue.Files{}
		for name, body := range must(sv.Source())(t) {
			out["federal/criminal-record/"+name] = body
		}
		return out
	}
	key := db.NewID()
	send := func(who, title string) string {
		t.Helper()
		id, p, err := s.Propose(ctx, key, who, "72", files(title))
		if err != nil || len(p) > 0 {
			t.Fatalf("%v, %v", p, err)
		}
		return id
	}
	first, again, other := send(editor, "Первое название"), send(editor, "Первое название"), send(editor, "Второе название")
	if first != again || first == other {
		t.Errorf("proposals %s, %s, %s", first, again, other)
	}
	if sv := must(s.Proposal(ctx, other, editor, "72"))(t).Service("criminal-record"); sv.Title.RU != "Второе название" {
		t.Errorf("shown %q", sv.Title.RU)
	}
	if send("officer-2", "Первое название") == first {
		t.Error("the proposal of somebody else")
	}
	p := must(s.Proposal(ctx, first, editor, "72"))(t)
	if p.Steps[0].Meanwhile {
		t.Error("nobody has changed it")
	}
	s.Clock.Advance(time.Minute)
	if err := s.Weigh(ctx, by(1), "criminal-record", 5); err != nil {
		t.Fatal(err)
	}
	if p = must(s.Proposal(ctx, first, editor, "72"))(t); !p.Steps[0].Meanwhile {
		t.Error("a proposal does not tell that it undoes a later change")
	}
}

// Who wrote on top of an older version sees what changed since, and what his text would
// change of that.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	ctx := t.Context()
	const code = "criminal-record"
	began := must(s.Edited(ctx, code))(t)
	mine := *began.Service
	mine.Short.RU = "Моё новое описание."
	if m, err := s.Meanwhile(ctx, code, began.Version, &mine); err != nil || m != nil {
		t.Fatalf("nothing happened: %+v, %v", m, err)
	}
	if err := s.Weigh(ctx, by(1), code, 77); err != nil {
		t.Fatal(err)
	}
	m := must(s.Meanwhile(ctx, code, began.Version, &mine))(t)
	if m.Last.Actor != editor || m.Now.Version != 2 || len(m.Theirs) != 1 || m.Theirs[0].Path != "weight" || m.Theirs[0].Now != "77" {
		t.Errorf("theirs: %+v of %+v", m.Theirs, m.Last)
	}
	if len(m.Yours) != 2 || m.Yours[0].Path != "short.ru" || m.Yours[0].Now != mine.Short.RU || m.Yours[1].Path != "weight" || m.Yours[1].Was != "77" {
		t.Errorf("yours: %+v", m.Yours)
	}
}

// What is no archive of a catalogue is refused, one that unpacks to a bomb too.
func TestReadArchiveRefuses(t *testing.T) {
	t.Parallel()
	pack := func(size int, names ...string) []byte {
		t.Helper()
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write(make([]byte, size))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprintf("f%d", i)
	}
	wide := []string{"catalogue.yaml"}
	for i := range 80 {
		wide = append(wide, fmt.Sprintf("federal/x%d/service.yaml", i))
	}
	liar := pack(2<<20, "catalogue.yaml")
	// The central directory says that the file is small.
	if i := bytes.LastIndex(liar, []byte("PK\x01\x02")); i > 0 {
		binary.LittleEndian.PutUint32(liar[i+24:], 10)
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "no zip": []byte("PK but not quite"), "another zip": pack(3, "readme.txt"),
		"a bomb": pack(65<<20, "catalogue.yaml"), "a wide bomb": pack(1<<20, wide...), "a liar": liar, "100,000 entries": pack(0, many...),
		"out of the folder": pack(3, "catalogue.yaml", "../../etc/service.yaml"), "from the root": pack(3, "/catalogue.yaml"),
		"of Windows": pack(3, "catalogue.yaml", `..\..\x/service.yaml`),
	} {
		if _, err := catalogue.ReadArchive(raw, "72"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, names := range [][]string{{"services/catalogue.yaml", "services/readme.txt"}, {"x/service.yaml"}} {
		if _, err := catalogue.ReadArchive(pack(3, names...), "72"); err != nil {
			t.Errorf("%v: %v", names, err)
		}
	}
}

// A form of ten thousand fields is refused in words, as is one that no citizen can
// fill in.
func TestTooLargeForms(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	sv := b.Services[slices.IndexFunc(b.Services, func(x *catalogue.Service) bool { return x.Code == "criminal-record" })]
	src := must(sv.Source())(t)
	var form strings.Builder
	form.WriteString("format: 1\nsteps:\n- id: one\n  title: {ru: Шаг}\n  fields:\n")
	for i := range 10_000 {
		fmt.Fprintf(&form, "  - {id: f%d, kind: text, label: {ru: Поле}}\n", i)
	}
	src["form.yaml"] = []byte(form.String())
	files := catalogue.Files{}
	for name, body := range src {
		files["federal/criminal-record/"+name] = body
	}
	_, p, err := s.Propose(t.Context(), db.NewID(), editor, "72", files)
	if err != nil || len(p) == 0 || !strings.Contains(p.Error(), "10000") {
		t.Errorf("%v, %v", p, err)
	}
}

func FuzzReadArchive(f *testing.F) {
	raw, err := (catalogue.Files{"catalogue.yaml": []byte("categories: []"), "federal/x/service.yaml": []byte("code: x")}).Zip()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		files, err := catalogue.ReadArchive(raw, "72")
		if err != nil && !fault.Is(err, fault.KindInvalid) {
			t.Fatal(err)
		}
		for name := range files {
			if strings.Contains(name, "..") || strings.HasPrefix(name, "/") {
				t.Fatalf("path %q", name)
			}
		}
	})
}
