package catalogue_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/setting"
)

const definitions = "../../../services"

var now = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

func newServices(t *testing.T, d *db.DB) *catalogue.Services {
	c := clock.At(now)
	return &catalogue.Services{DB: d, Clock: c, Zone: time.UTC, Directory: &directory.Directory{DB: d, Clock: c}}
}

// tyumen is the catalogue of the Tyumen Region as delivered.
func tyumen(t *testing.T) (*catalogue.Services, *catalogue.Bundle) {
	t.Helper()
	s := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	return s, fill(t, s, "72")
}

func fill(t *testing.T, s *catalogue.Services, region string) *catalogue.Bundle {
	t.Helper()
	b := fillDirectoryOf(t, s, region)
	if n, err := s.Import(t.Context(), b, "test"); err != nil || n != len(b.Services) {
		t.Fatalf("imported %d of %d: %v", n, len(b.Services), err)
	}
	return b
}

func fillDirectory(t *testing.T, s *catalogue.Services) *catalogue.Bundle {
	t.Helper()
	return fillDirectoryOf(t, s, "72")
}

// fillDirectoryOf imports the agencies of a region and answers its services.
func fillDirectoryOf(t *testing.T, s *catalogue.Services, region string) *catalogue.Bundle {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(definitions, "region", region, "directory.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := directory.ParseFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Directory.Import(t.Context(), f, "test"); err != nil {
		t.Fatal(err)
	}
	b, err := catalogue.LoadBundle(os.DirFS(definitions), region)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// must is for calls that cannot fail here: must(s.All(ctx))(t).
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func codes(list []*catalogue.Service) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Code
	}
	return out
}

// CAT-01, CAT-02, CAT-03, CAT-05, CAT-11: all ways lead to the same card, the register holds all.
func TestWaysToACard(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	all := must(s.All(ctx))(t)
	if len(all) != len(b.Services) {
		t.Errorf("the register holds %d services of %d", len(all), len(b.Services))
	}
	for _, want := range b.Services {
		card, err := s.Card(ctx, want.Code)
		if err != nil {
			t.Fatal(err)
		}
		ways := map[string][]*catalogue.Service{"agency": must(s.ByAgency(ctx, want.Agency))(t)}
		for _, c := range want.Categories {
			ways["category "+c] = must(s.ByCategory(ctx, c))(t)
		}
		for _, e := range want.LifeEvents {
			ways["life event "+e] = must(s.ByLifeEvent(ctx, e))(t)
		}
		ways["search"] = must(s.Search(ctx, want.Title.RU, catalogue.Filter{}))(t).Services[:1]
		for way, list := range ways {
			if !slices.Contains(list, card) {
				t.Errorf("%s is not reached by %s", want.Code, way)
			}
		}
	}
	if popular, err := s.Popular(ctx, 1); err != nil || popular[0].Code != "criminal-record" {
		t.Errorf("first of the popular services: %v %v", codes(popular), err)
	}
	if _, err := s.Card(ctx, "nothing"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("missing card: %v", err)
	}
}

// CAT-04: morphology, synonyms, typing errors, ё, and the wrong keyboard layout.
func TestSearch(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	for query, want := range map[string]string{
		"справка о несудимости":            "criminal-record",
		"справки о судимости":              "criminal-record",
		"несудимость":                      "criminal-record",
		"спарвка о несудимоти":             "criminal-record",
		"cghfdrf j ytcelbvjcnb":            "criminal-record",
		"запись в садик":                   "kindergarten-enrolment",
		"записать ребенка в детский сад":   "kindergarten-enrolment",
		"записать ребёнка в детский садик": "kindergarten-enrolment",
		"запсиь в десткий сад":             "kindergarten-enrolment",
		"Балалар бакчасы":                  "kindergarten-enrolment",
		"criminal record":                  "criminal-record",
		"запись к врачу":                   "doctor-appointment",
		"записаться на прием к врачу":      "doctor-appointment",
		"pfgbcm r dhfxe":                   "doctor-appointment",
		"запсь к врачу":                    "doctor-appointment",
		"потерял паспорт":                  "passport-replacement",
		"паспорт в 45 лет":                 "passport-replacement",
		"поставить машину на учёт":         "vehicle-registration",
		"прописка":                         "residence-registration",
		"свадьба":                          "marriage-registration",
		"детское пособие":                  "child-benefit",
		"охотбилет":                        "hunting-ticket",
		"первый класс":                     "school-enrolment",
		"отпечатки пальцев":                "fingerprints",
		"СПРАВКА!!! (судимость)":           "criminal-record",
	} {
		got, err := s.Search(t.Context(), query, catalogue.Filter{})
		if err != nil || len(got.Services) == 0 || got.Services[0].Code != want {
			t.Errorf("%q finds %v, want %s first (%v)", query, codes(got.Services), want, err)
		}
	}
	got := must(s.Search(t.Context(), "pfgbcm", catalogue.Filter{}))(t)
	if got.Query != "запись" || !slices.Contains(codes(got.Services), "kindergarten-enrolment") {
		t.Errorf("pfgbcm: %q %v", got.Query, codes(got.Services))
	}
	for _, query := range []string{"щщщъъъ", "и в на", "%_'\x00", strings.Repeat("ы", 5000)} {
		if got, err := s.Search(t.Context(), query, catalogue.Filter{}); err != nil || len(got.Services) != 0 {
			t.Errorf("%.20q finds %v %v", query, codes(got.Services), err)
		}
	}
	// CAT-07, CAT-08: filters.
	got = must(s.Search(t.Context(), "", catalogue.Filter{Level: "federal", Delivery: catalogue.DeliveryRemote}))(t)
	for _, sv := range got.Services {
		if sv.Level != "federal" || sv.Delivery != catalogue.DeliveryRemote {
			t.Errorf("filter lets %s through", sv.Code)
		}
	}
	if len(got.Services) == 0 {
		t.Error("the filter finds nothing")
	}
	if sug := must(s.Suggest(t.Context(), "суди", 5))(t); len(sug) == 0 || sug[0].Code != "criminal-record" {
		t.Errorf("suggestions for «суди»: %v", codes(sug))
	}
}

// CAT-06, CAT-07, CAT-08, CAT-10, SVC-22, ID-LVL-04: what the delivered catalogue must hold.
func TestDeliveredCatalogue(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	if len(b.Services) < 12 {
		t.Errorf("only %d services", len(b.Services))
	}
	for _, c := range []string{"health", "patient"} {
		if list := must(s.ByCategory(ctx, c))(t); !slices.Contains(codes(list), "doctor-appointment") {
			t.Errorf("category %s does not lead to the doctor", c)
		}
	}
	levels, deliveries := map[string]int{}, map[string]int{}
	for _, sv := range b.Services {
		levels[sv.Level]++
		deliveries[sv.Delivery]++
		if (sv.Delivery == catalogue.DeliveryRemote) != sv.Apply() {
			t.Errorf("%s is %s and its form says %v", sv.Code, sv.Delivery, sv.Apply())
		}
	}
	for _, n := range []int{levels["federal"], levels["regional"], levels["municipal"], deliveries[catalogue.DeliveryInPerson], deliveries[catalogue.DeliveryExternal]} {
		if n == 0 {
			t.Errorf("levels %v, deliveries %v", levels, deliveries)
		}
	}
	for code, level := range map[string]string{
		"criminal-record": "confirmed", "passport-replacement": "confirmed", "marriage-registration": "confirmed",
		"kindergarten-enrolment": "standard", "vehicle-registration": "standard", "doctor-appointment": "standard", "kindergarten-info": "simplified",
	} {
		if sv := must(s.Card(ctx, code))(t); sv.MinLevel != level {
			t.Errorf("%s needs %s, want %s", code, sv.MinLevel, level)
		}
	}
	kinds := must(s.Card(ctx, "passport-replacement"))(t).Form.Field("kind").Options
	if len(kinds) != 3 || kinds[0].Value != "first" || kinds[1].Value != "reissue" || kinds[2].Value != "restore" {
		t.Errorf("first issue, re-issue and restoration of the passport: %+v", kinds)
	}
}

// RPG-01, RPS-02: another region from the same program, with its own agencies and services.
func TestSevastopol(t *testing.T) {
	t.Parallel()
	s := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	fill(t, s, "92")
	card := must(s.Card(t.Context(), "doctor-appointment"))(t)
	if !strings.Contains(card.Places[0].Address.RU, "Севастополь") {
		t.Errorf("the doctor's places: %+v", card.Places)
	}
	if _, err := s.Card(t.Context(), "hunting-ticket"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a service of another region: %v", err)
	}
	operators := map[string]bool{}
	for _, c := range must(s.Directory.Centres(t.Context(), directory.FunctionConfirm, nil))(t) {
		operators[c.Operator] = true
	}
	if !operators["МФЦ"] || !operators["Ростелеком"] || !operators["РНКБ"] {
		t.Errorf("centres that confirm: %v", operators)
	}
}

// CAT-13: a change is seen after publishing only; drafts keep the revision that they began with;
// each act stands in the history.
func TestPublishAndWithdraw(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	i := slices.IndexFunc(b.Services, func(sv *catalogue.Service) bool { return sv.Code == "criminal-record" })
	before := must(s.Card(ctx, "criminal-record"))(t)

	changed := *b.Services[i]
	changed.Title = form.Text{RU: "Справка о судимости (новая)"}
	if c, _ := s.Card(ctx, "criminal-record"); c != before {
		t.Error("an edited card is seen before it is published")
	}
	id, err := s.Publish(ctx, &changed, "officer-1", "новое название")
	if err != nil || id == before.Revision {
		t.Fatalf("publish: %q %v", id, err)
	}
	if c, _ := s.Card(ctx, "criminal-record"); c.Title.RU != "Справка о судимости (новая)" || c.Revision != id {
		t.Errorf("after publishing the card is %q", c.Title.RU)
	}
	old, err := s.Revision(ctx, before.Revision)
	if err != nil || old.Title != before.Title || old.Form.Field("certificate_scan") == nil {
		t.Errorf("the old revision: %v", err)
	}
	if again, err := s.Publish(ctx, &changed, "officer-1", "ещё раз"); err != nil || again != id {
		t.Errorf("the same content again: %q %v", again, err)
	}
	if err := s.Withdraw(ctx, "criminal-record", "officer-2", "закрыта"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Card(ctx, "criminal-record"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a withdrawn card: %v", err)
	}
	if found, _ := s.Search(ctx, "несудимость", catalogue.Filter{}); slices.Contains(codes(found.Services), "criminal-record") {
		t.Error("a withdrawn service is found")
	}
	if err := s.Withdraw(ctx, "criminal-record", "officer-2", "ещё раз"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("withdrawn twice: %v", err)
	}
	h, err := s.History(ctx, "criminal-record")
	if err != nil || len(h) != 3 || h[0].Action != "withdraw" || h[1].Actor != "officer-1" || h[2].Revision != before.Revision {
		t.Errorf("history %+v %v", h, err)
	}
	broken := changed
	broken.MinLevel = "any"
	if _, err := s.Publish(ctx, &broken, "officer-1", "x"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a card with a level that does not exist: %v", err)
	}
	broken = changed
	broken.Agency = "nobody"
	if _, err := s.Publish(ctx, &broken, "officer-1", "x"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a card of an unknown agency: %v", err)
	}
}

// Two processes agree: what one publishes the other shows when it looks next.
func TestProcessesAgree(t *testing.T) {
	t.Parallel()
	a, b := tyumen(t)
	other := newServices(t, a.DB)
	changed := *b.Services[0]
	changed.Short = form.Text{RU: "Изменено"}
	if _, err := a.Publish(t.Context(), &changed, "x", "y"); err != nil {
		t.Fatal(err)
	}
	card, err := other.Card(t.Context(), changed.Code)
	if err != nil || card.Short.RU != "Изменено" {
		t.Errorf("the other process shows %v %v", card, err)
	}
}

// Readers never see half a catalogue while an editor publishes.
func TestReadersDuringPublish(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				all, err := s.All(ctx)
				if err != nil || len(all) != len(b.Services) {
					t.Errorf("%d services: %v", len(all), err)
					return
				}
				if found, err := s.Search(ctx, "справка о несудимости", catalogue.Filter{}); err != nil || len(found.Services) == 0 {
					t.Errorf("search finds %v: %v", codes(found.Services), err)
					return
				}
			}
		})
	}
	for i := range 10 {
		changed := *b.Services[0]
		changed.Short = form.Text{RU: strings.Repeat("я", i+1)}
		if _, err := s.Publish(ctx, &changed, "editor", "правка"); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

// CAT-05: where the editor has set no order, use orders.
func TestPopularByUse(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	for _, sv := range b.Services {
		sv.Weight = 0
	}
	must(s.Import(ctx, b, "test"))(t)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.CountOpened(ctx, tx, "criminal-record"); err != nil {
			return err
		}
		return s.CountSubmitted(ctx, tx, "kindergarten-info")
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh := newServices(t, s.DB)
	got := must(fresh.Popular(ctx, 2))(t)
	if !slices.Equal(codes(got), []string{"kindergarten-info", "criminal-record"}) {
		t.Errorf("popular %v", codes(got))
	}
	fresh.Clock.Advance(4 * 365 * 24 * time.Hour)
	if n, err := fresh.ForgetUse(ctx); err != nil || n != 2 {
		t.Errorf("old counts are not erased: %d %v", n, err)
	}
}

// An import again changes nothing; the stored content reads back as it was.
func TestImportTwice(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	if n, err := s.Import(t.Context(), b, "test"); err != nil || n != 0 {
		t.Errorf("second import changed %d: %v", n, err)
	}
	v1 := must(s.Version(t.Context()))(t)
	s2 := newServices(t, s.DB)
	if v2 := must(s2.Version(t.Context()))(t); v1 != v2 {
		t.Errorf("version moved without a change: %d, %d", v1, v2)
	}
	for _, want := range b.Services {
		got, err := s2.Card(t.Context(), want.Code)
		if err != nil || got.Title != want.Title || got.Body != want.Body || got.Term != want.Term || (got.Form == nil) != (want.Form == nil) {
			t.Errorf("%s reads back different: %v", want.Code, err)
		}
	}
}

// ID-LVL-06, CAT-13: a region exports its catalogue; what comes back is the same, and a definition
// with another level takes effect by import alone.
func TestExport(t *testing.T) {
	t.Parallel()
	s, b := tyumen(t)
	ctx := t.Context()
	files := must(s.Export(ctx, "72"))(t)
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	again := must(catalogue.LoadBundle(fsys, "72"))(t)
	if len(again.Services) != len(b.Services) {
		t.Errorf("%d services came back of %d", len(again.Services), len(b.Services))
	}
	if n := must(s.Import(ctx, again, "test"))(t); n != 0 {
		t.Errorf("what was exported differs: %d services changed", n)
	}
	const file = "federal/criminal-record/service.yaml"
	fsys[file].Data = bytes.Replace(fsys[file].Data, []byte("min_level: confirmed"), []byte("min_level: standard"), 1)
	if n := must(s.Import(ctx, must(catalogue.LoadBundle(fsys, "72"))(t), "test"))(t); n != 1 {
		t.Errorf("import changed %d services, want 1", n)
	}
	if c := must(s.Card(ctx, "criminal-record"))(t); c.MinLevel != "standard" {
		t.Errorf("level is %s", c.MinLevel)
	}
	fsys[file].Data = bytes.Replace(fsys[file].Data, []byte("min_level: standard"), []byte("min_level: any"), 1)
	if _, err := catalogue.LoadBundle(fsys, "72"); err == nil || !strings.Contains(err.Error(), "min_level") {
		t.Errorf("a level that does not exist: %v", err)
	}
}

// The schema for editors takes every delivered card; the lint names what it cannot see.
func TestServiceFiles(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(definitions, "schema", "service.json"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, pattern := range []string{"/federal/*/service.yaml", "/region/*/*/service.yaml"} {
		files, err := filepath.Glob(definitions + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			n++
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := yaml.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d cards found", n)
	}
	empty := &catalogue.Service{Card: catalogue.Card{Code: "Bad", Delivery: catalogue.DeliveryRemote}}
	for _, want := range []string{"code", "title", "level", "min_level", "form.yaml", "agency", "applicants"} {
		if !strings.Contains(empty.Lint().Error(), want) {
			t.Errorf("lint of an empty card does not speak of %s", want)
		}
	}
}

func BenchmarkLoadBundle(b *testing.B) {
	for b.Loop() {
		if _, err := catalogue.LoadBundle(os.DirFS(definitions), "72"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzSearch(f *testing.F) {
	b, err := catalogue.LoadBundle(os.DirFS(definitions), "72")
	if err != nil {
		f.Fatal(err)
	}
	for _, q := range []string{"справка", "pfgbcm", "ё", "\xff", "а б в г д е ж з и к л м н о п"} {
		f.Add(q)
	}
	x := catalogue.NewIndexForTest(b)
	f.Fuzz(func(t *testing.T, q string) {
		if n := x(q); n > len(b.Services) {
			t.Errorf("%d hits of %d services", n, len(b.Services))
		}
	})
}
