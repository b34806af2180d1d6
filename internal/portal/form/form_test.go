package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/i18n"
)

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func anna() Profile {
	mvd := Mark{Verified: true, Source: "МВД", On: time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC)}
	return Profile{
		Subject: "1000000001", Level: "confirmed",
		Person: Person{
			Surname: "Тестова", Name: "Анна", Patronymic: "Викторовна", BirthDate: "1988-05-14",
			BirthPlace: "г. Тюмень", Sex: "F", Citizenship: "RUS", Mark: mvd,
		},
		SNILS:      Value{"11223344595", mvd},
		IDDocument: Document{Type: "passport_rf", Number: "7114482106", IssueDate: "2014-06-21", IssueCode: "720001", IssuedBy: "УМВД по Тюменской области", Mark: mvd},
		Phone:      Value{Value: "+79120000001"},
		Children: []Child{
			{ID: "k1", Person: Person{Surname: "Тестов", Name: "Пётр", BirthDate: "2023-11-25", Mark: mvd}, BirthCertificate: "I-ФР512044"},
			{ID: "k2", Person: Person{Surname: "Тестова", Name: "Мария", BirthDate: "2015-01-02"}},
		},
	}
}

func mustParse(t testing.TB, src string) *Definition {
	t.Helper()
	d, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// one makes a definition of a single step with the fields given as YAML list items.
func one(t testing.TB, fields string) *Definition {
	t.Helper()
	return mustParse(t, "format: 1\nsteps:\n- id: a\n  title: A\n  fields:\n"+fields)
}

// plain replaces the no-break spaces of dates, so that expectations stay readable.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func rulesOf(errs []FieldError) string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Input+" "+e.Rule)
	}
	return strings.Join(out, ", ")
}

// SVC-05: required fields and formats block, each with its message, all at once.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, typed, want, text string }{
		{"kind: text, required: true", "", "x required", ""},
		{"kind: text", "", "", ""},
		{"kind: text, max_length: 3", "абвг", "x max_length", ""},
		{"kind: text, min_length: 3", "аб", "x min_length", ""},
		{"kind: text, max_length: 3", "абв", "", "абв"},
		{"kind: text, pattern: '[А-Я]{2}', hint: h", "аб", "x pattern", ""},
		{"kind: text, pattern: '[А-Я]{2}|Ё', hint: h", "АБВ", "x pattern", ""},
		{"kind: text, format: plate", "a123bc72", "", "А 123 ВС 72"},
		{"kind: text, format: postcode", "62500", "x format", ""},
		{"kind: number", "12,5", "x decimals", ""},
		{"kind: number, decimals: 2", "1 500,50", "", "1500,50"},
		{"kind: number, min: '1', max: '10'", "0", "x min", ""},
		{"kind: number, min: '1', max: '10'", "11", "x max", ""},
		{"kind: number", "много", "x format", ""},
		{"kind: date", "29.02.2025", "x format", ""},
		{"kind: date", "29.02.2024", "", "29 февраля 2024"},
		{"kind: date, max: today", "25.11.2026", "x max", ""},
		{"kind: date, max: today", "24.11.2026", "", "24 ноября 2026"},
		{"kind: date, min: today-14y", "23.11.2012", "x min", ""},
		{"kind: date, min_age: 14", "25.11.2012", "x min_age", ""},
		{"kind: date, min_age: 14", "24.11.2012", "", "24 ноября 2012"},
		{"kind: date, max_age: 13", "24.11.2012", "x max_age", ""},
		{"kind: yesno, required: true", "", "x required", ""},
		{"kind: yesno", "maybe", "x option", ""},
		{"kind: yesno", "yes", "", "Да"},
		{"kind: choice, options: [{value: a, label: Альфа}]", "b", "x option", ""},
		{"kind: select, options: [{value: a, label: Альфа}]", "a", "", "Альфа"},
		{"kind: snils", "112-233-445 96", "x checksum", ""},
		{"kind: snils", "112-233-445", "x format", ""},
		{"kind: snils", "11223344595", "", "112-233-445 95"},
		{"kind: inn", "7707083893", "", "7707083893"},
		{"kind: phone", "8 (912) 000-00-01", "", "+7 912 000-00-01"},
		{"kind: phone", "12", "x format", ""},
		{"kind: email", "anna@", "x format", ""},
		{"kind: consent, required: true, body: B", "", "x required", ""},
		{"kind: consent, required: true, body: Согласие", "yes", "", "Согласие"},
		{"kind: textarea", strings.Repeat("я", 2001), "x max_length", ""},
		{"kind: file, required: true", "", "x required", ""},
	} {
		d := one(t, "  - {id: x, label: Икс, "+c.field+"}\n")
		in := Input{Today: day, Words: russian(t), Answers: Answers{}}
		in.Answers = d.Accept(in, "a", map[string][]string{"x": {c.typed}})
		s := d.Evaluate(in)
		if got := rulesOf(s.Errors()); got != c.want {
			t.Errorf("%s: typed %q: errors %q, want %q", c.field, c.typed, got, c.want)
		}
		if c.want == "" && c.text != "" {
			if got := plain(s.Application().Sections[0].Answers[0].Text()); got != c.text {
				t.Errorf("%s: typed %q: text %q, want %q", c.field, c.typed, got, c.text)
			}
		}
	}
}

func TestCheckboxes(t *testing.T) {
	t.Parallel()
	d := one(t, "  - {id: x, label: Икс, kind: checkboxes, required: true, min_count: 2, max_count: 2, options: [{value: a, label: А}, {value: b, label: Б}, {value: c, label: В}]}\n")
	for _, c := range []struct {
		typed []string
		want  string
	}{
		{nil, "x required"},
		{[]string{"a"}, "x min_count"},
		{[]string{"c", "a"}, ""},
		{[]string{"a", "b", "c"}, "x max_count"},
		{[]string{"z"}, "x required"},
	} {
		in := Input{Today: day, Answers: Answers{"x": {"a", "b"}}}
		in.Answers = d.Accept(in, "a", map[string][]string{"x": c.typed})
		s := d.Evaluate(in)
		if got := rulesOf(s.Errors()); got != c.want {
			t.Errorf("%v: %q, want %q", c.typed, got, c.want)
		}
		if c.want == "" {
			if got := s.Application().Sections[0].Answers[0].Values; !slices.Equal(got, []string{"a", "c"}) {
				t.Errorf("values %v are not in the order of the list", got)
			}
		}
	}
}

const person = "  - {id: who, kind: person, label: Заявитель, required: true, from: profile.person, parts: [surname, name, patronymic, birth_date]}\n"

// SVC-06, SVC-07: verified profile data fill the form, are shown with their source and cannot be
// replaced by a forged request.
func TestVerifiedProfileRules(t *testing.T) {
	t.Parallel()
	d := one(t, person+"  - {id: phone, kind: phone, label: Телефон, from: profile.phone}\n")
	in := Input{Today: day, Words: russian(t), Profile: anna(), Answers: Answers{}}
	in.Answers = d.Accept(in, "a", map[string][]string{
		"who.surname": {"Чужая"}, "who.birth_date": {"01.01.1990"}, "phone": {"+7 912 000-00-02"}, "unknown": {"x"},
	})
	if got := fmt.Sprint(in.Answers); strings.Contains(got, "Чужая") || strings.Contains(got, "1990") || strings.Contains(got, "unknown") {
		t.Errorf("the answers took what the profile rules: %s", got)
	}
	s := d.Evaluate(in)
	v, _ := s.Step("a")
	who := v.Fields[0]
	if !who.Locked || len(who.Inputs) != 0 || who.Mark.Source != "МВД" {
		t.Errorf("verified person is not read-only with its source: %+v", who)
	}
	if who.Known[0].Text != "Тестова Анна Викторовна" || plain(who.Known[1].Text) != "14 мая 1988" {
		t.Errorf("known lines %+v", who.Known)
	}
	app := s.Application().Sections[0].Answers
	if plain(app[0].Text()) != "Тестова Анна Викторовна; 14 мая 1988" || !app[0].Known || app[0].Source != "МВД" {
		t.Errorf("application does not hold the profile: %+v", app[0])
	}
	if app[1].Values[0] != "+79120000002" || app[1].Known {
		t.Errorf("an unverified value must be editable: %+v", app[1])
	}
}

// DRF-05: a profile that changed meanwhile is seen when the draft is opened again.
func TestProfileIsRefreshed(t *testing.T) {
	t.Parallel()
	d := one(t, person+"  - {id: phone, kind: phone, label: Телефон, from: profile.phone}\n")
	in := Input{Today: day, Words: russian(t), Profile: anna(), Answers: Answers{}}
	in.Answers = d.Accept(in, "a", map[string][]string{})
	in.Profile.Person.Surname = "Новикова"
	in.Profile.Phone.Value = "+79120000009"
	app := d.Evaluate(in).Application().Sections[0].Answers
	if app[0].Parts[0].Value != "Новикова" || app[1].Values[0] != "+79120000009" {
		t.Errorf("stale profile values: %+v", app)
	}
}

func TestUnverifiedProfileIsEditable(t *testing.T) {
	t.Parallel()
	p := anna()
	p.Person.Mark = Mark{}
	d := one(t, person)
	in := Input{Today: day, Profile: p, Answers: Answers{}, Words: russian(t)}
	v, _ := d.Evaluate(in).Step("a")
	if v.Fields[0].Locked || len(v.Fields[0].Inputs) != 4 || v.Fields[0].Inputs[0].Value != "Тестова" {
		t.Fatalf("not prefilled and editable: %+v", v.Fields[0])
	}
	if in3 := v.Fields[0].Inputs[3]; in3.Day != "14" || in3.Month != "5" || in3.Year != "1988" || in3.Label != "Дата рождения" {
		t.Errorf("date input %+v", in3)
	}
	in.Answers = d.Accept(in, "a", map[string][]string{
		"who.surname": {""}, "who.name": {"Ан1"}, "who.patronymic": {""},
		"who.birth_date.day": {"31"}, "who.birth_date.month": {"2"}, "who.birth_date.year": {"1988"},
	})
	s := d.Evaluate(in)
	if got := rulesOf(s.Errors()); got != "who.surname required, who.name format, who.birth_date format" {
		t.Errorf("errors %q", got)
	}
	v, _ = s.Step("a")
	if i := v.Fields[0].Inputs; i[3].Day != "31" || i[3].Error == "" || i[1].Value != "Ан1" || i[0].Value != "" {
		t.Errorf("typed values are not kept: %+v", i)
	}
	if v.Errors[0].Text != "Заполните поле «Фамилия»" || v.Errors[0].ID() != v.Fields[0].Inputs[0].ID {
		t.Errorf("message %+v", v.Errors[0])
	}
}

// ID-CHD-09: the form offers the children of the profile and fills in what is known of the chosen one.
func TestChild(t *testing.T) {
	t.Parallel()
	d := one(t, "  - {id: child, kind: child, label: Ребёнок, required: true, from: profile.children, parts: [surname, name, birth_date, birth_certificate], max_age: 6}\n")
	post := func(values map[string][]string) (*State, StepView) {
		in := Input{Today: day, Profile: anna(), Answers: Answers{}, Words: russian(t)}
		in.Answers = d.Accept(in, "a", values)
		s := d.Evaluate(in)
		v, _ := s.Step("a")
		return s, v
	}
	s, v := post(nil)
	if got := rulesOf(s.Errors()); got != "child required" || len(v.Fields[0].Inputs[0].Options) != 3 {
		t.Errorf("no choice: %q %+v", got, v.Fields[0].Inputs)
	}
	s, v = post(map[string][]string{"child": {"k1"}, "child.surname": {"Подложный"}})
	if got := rulesOf(s.Errors()); got != "" || len(v.Fields[0].Inputs) != 1 {
		t.Errorf("verified child: errors %q, inputs %+v", got, v.Fields[0].Inputs)
	}
	if sub := s.Subject(); sub.Capacity != "child" || sub.ChildID != "k1" || sub.Person.Surname != "Тестов" {
		t.Errorf("subject %+v", sub)
	}
	s, _ = post(map[string][]string{"child": {"k2"}})
	if got := rulesOf(s.Errors()); got != "child max_age, child.birth_certificate required" {
		t.Errorf("eleven years, unverified: %q", got)
	}
	s, _ = post(map[string][]string{"child": {"stranger"}})
	if got := rulesOf(s.Errors()); got != "child required" {
		t.Errorf("a child that is not of the profile: %q", got)
	}
	s, _ = post(map[string][]string{
		"child": {"other"}, "child.surname": {"Иванов"}, "child.name": {"Иван"},
		"child.birth_date": {"2022-03-01"}, "child.birth_certificate": {"I-ФР 512045"},
	})
	if got := rulesOf(s.Errors()); got != "" || s.Subject().Person.Name != "Иван" {
		t.Errorf("entered by hand: %q", got)
	}
}

// SVC-05: conditions open and close questions and steps; what is closed is neither asked nor sent.
func TestConditions(t *testing.T) {
	t.Parallel()
	d := mustParse(t, `
format: 1
steps:
- id: a
  title: A
  fields:
  - {id: changed, kind: yesno, label: Меняли, required: true}
  - {id: old, kind: text, label: Прежняя, required: true, when: {field: changed, is: yes}}
- id: b
  title: B
  when: {field: changed, is: yes}
  fields:
  - {id: scan, kind: file, label: Скан, required: true, types: [pdf], max_size_mb: 1}
- id: c
  title: C
  fields:
  - {id: n, kind: number, label: Число, default: "5"}
- id: d
  title: D
  when: {all: [{field: n, above: "3"}, {not: {field: n, above: "7"}}, {any: [{profile: sex, is: F}, {age: {of: subject, to: 10}}]}]}
  fields:
  - {id: note, kind: text, label: Примечание}
`)
	in := Input{Today: day, Profile: anna(), Answers: Answers{}, Files: map[string]File{}}
	step := func(id string, values map[string][]string) *State {
		in.Answers = d.Accept(in, id, values)
		return d.Evaluate(in)
	}
	if got := d.Evaluate(in).Next(); got != "a" {
		t.Fatalf("first step %q", got)
	}
	v, _ := d.Evaluate(in).Step("a")
	if len(v.Fields) != 2 || v.Fields[1].Shown || *v.Fields[1].Reveal != (Reveal{"changed", "yes"}) || len(v.Errors) != 0 {
		t.Errorf("the waiting question must be on the page, closed: %+v", v.Fields)
	}
	s := step("a", map[string][]string{"changed": {"no"}, "old": {"Кузнецова"}})
	if s.Next() != "c" || strings.Contains(string(s.Application().Bytes()), "Кузнецова") {
		t.Errorf("a closed question was sent: %s", s.Application().Bytes())
	}
	s = step("a", map[string][]string{"changed": {"yes"}, "old": {"Кузнецова"}})
	if s.Next() != "b" || s.After("a") != "b" || s.Before("c") != "b" {
		t.Errorf("next %q", s.Next())
	}
	s = step("b", nil)
	if s.Next() != "b" || rulesOf(s.StepErrors("b")) != "scan required" {
		t.Errorf("a step without its file must stay: %q", rulesOf(s.StepErrors("b")))
	}
	for _, f := range []struct {
		file File
		rule string
	}{
		{File{ID: "f", Name: "скан.docx", Size: 1}, "type"},
		{File{ID: "f", Name: "скан", Size: 1}, "type"},
		{File{ID: "f", Name: "скан.pdf", Size: 1<<20 + 1}, "size"},
		{File{ID: "f", Name: "Скан.PDF", Size: 1 << 20}, ""},
		{File{ID: "g", Name: "second.pdf", Size: 1}, "max_count"},
	} {
		answers, rule := d.Attach(in.Answers, "scan", f.file)
		if rule != f.rule {
			t.Errorf("attach %+v: %q", f.file, rule)
		}
		in.Answers = answers
	}
	in.Files["f"] = File{ID: "f", Name: "Скан.PDF", Size: 1 << 20, Infected: true}
	if got := rulesOf(d.Evaluate(in).Errors()); got != "scan infected" {
		t.Errorf("infected file: %q", got)
	}
	in.Files["f"] = File{ID: "f", Name: "Скан.PDF", Size: 1 << 20, Waiting: true}
	s = step("c", nil)
	if s.Next() != "d" || s.Complete() {
		t.Errorf("5 is between 3 and 7 and the applicant is a woman: next %q", s.Next())
	}
	s = step("c", map[string][]string{"n": {"8"}})
	if s.Next() != "" || !s.Complete() || s.Before("") != "c" || !slices.Equal(s.FileIDs(), []string{"f"}) {
		t.Errorf("complete: next %q, files %v", s.Next(), s.FileIDs())
	}
	in.Answers = d.Detach(in.Answers, "f")
	if got := d.Evaluate(in).Next(); got != "b" {
		t.Errorf("without the file the form is not complete, next %q", got)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	d := mustParse(t, `
format: 1
steps:
- id: a
  title: A
  fields:
  - {id: from, kind: date, label: С, required: true}
  - {id: reason, kind: choice, label: Повод, required: true, options: [{value: age, label: Возраст}, {value: loss, label: Утрата}]}
  checks:
  - if: {all: [{field: reason, is: age}, {not: {any: [{age: {of: subject, from: 20, to: 20}}, {age: {of: subject, from: 45, to: 45}}]}}]}
    at: reason
    say: {ru: По возрасту паспорт меняют в 20 и 45 лет, en: At 20 and 45}
`)
	in := Input{Today: day, Profile: anna(), Answers: Answers{"from": {"2026-01-01"}, "reason": {"age"}}}
	e := d.Evaluate(in).Errors()
	if len(e) != 1 || e[0].Input != "reason" || e[0].Text != "По возрасту паспорт меняют в 20 и 45 лет" {
		t.Errorf("%+v", e)
	}
	in.Today = time.Date(2033, 5, 14, 0, 0, 0, 0, time.UTC)
	if e := d.Evaluate(in).Errors(); len(e) != 0 {
		t.Errorf("on the day of 45: %+v", e)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	d := one(t, "  - {id: doc, kind: document, label: Документ, required: true, from: profile.id_document, documents: [passport_rf, foreign_document]}\n")
	in := Input{Today: day, Profile: anna(), Answers: Answers{}, Words: russian(t)}
	v, _ := d.Evaluate(in).Step("a")
	want := "Паспорт гражданина РФ 71 14 № 482106, выдан: 21 июня 2014 УМВД по Тюменской области 720-001"
	if got := plain(v.Fields[0].Known[0].Text); got != want || !v.Fields[0].Locked {
		t.Errorf("known %q", got)
	}
	in.Profile = Profile{}
	in.Answers = d.Accept(in, "a", map[string][]string{"doc.type": {"foreign_document"}, "doc.number": {"AB 1"}, "doc.issue_date": {"2030-01-01"}})
	s := d.Evaluate(in)
	if got := rulesOf(s.Errors()); got != "doc.issue_date max, doc.issued_by required" {
		t.Errorf("errors %q", got)
	}
}

func TestAgeOnTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		born, on string
		want     int
	}{
		{"2012-11-24", "2026-11-23", 13},
		{"2012-11-24", "2026-11-24", 14},
		{"2012-02-29", "2026-02-28", 13},
		{"2012-02-29", "2026-03-01", 14},
	} {
		born, _ := time.Parse(time.DateOnly, c.born)
		on, _ := time.Parse(time.DateOnly, c.on)
		if got := Age(born, on); got != c.want {
			t.Errorf("%s on %s: %d, want %d", c.born, c.on, got, c.want)
		}
	}
}

func TestLintFindsMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fields, want string }{
		{"  - {id: X, kind: text, label: L}\n", "lower-case"},
		{"  - {id: x, kind: magic, label: L}\n", "unknown kind"},
		{"  - {id: x, kind: text}\n", "needs a label"},
		{"  - {id: x, kind: text, label: L}\n  - {id: x, kind: text, label: L}\n", "second field"},
		{"  - {id: x, kind: choice, label: L}\n", "needs options"},
		{"  - {id: x, kind: text, label: L, when: {field: y, is: a}}\n", "does not exist before"},
		{"  - {id: y, kind: yesno, label: L}\n  - {id: x, kind: text, label: L, when: {field: y, is: maybe}}\n", "never has the value"},
		{"  - {id: y, kind: text, label: L}\n  - {id: x, kind: text, label: L, when: {present: y}}\n", "make it a step of its own"},
		{"  - {id: x, kind: text, label: L, pattern: '['}\n", "missing closing"},
		{"  - {id: x, kind: text, label: L, from: profile.snils}\n", "does not fit"},
		{"  - {id: x, kind: date, label: L, min: yesterday}\n", "neither a date"},
		{"  - {id: x, kind: file, label: L, types: [exe]}\n", "none of"},
		{"  - {id: x, kind: person, label: L, parts: [shoe_size]}\n", "has no"},
		{"  - {id: x, kind: document, label: L}\n", "permitted types"},
		{"  - {id: x, kind: consent, label: L}\n", "needs a body"},
		{"  - {id: x, kind: text, label: L, when: {field: x, is: a, present: x}}\n", "exactly one of"},
	} {
		_, err := Parse([]byte("format: 1\nsteps:\n- id: a\n  title: A\n  fields:\n" + c.fields))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.fields, err, c.want)
		}
	}
	if _, err := Parse([]byte("format: 1\nsteps: []\ncolour: red\n")); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("unknown key: %v", err)
	}
}

// The JSON of a definition, as the catalogue stores it, is the same form.
func TestStoredDefinition(t *testing.T) {
	t.Parallel()
	d := one(t, person)
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	b2, _ := json.Marshal(again)
	if !bytes.Equal(b, b2) || again.StepOf("who") != "a" {
		t.Errorf("%s\n%s", b, b2)
	}
}

// Every message that the engine can ask for exists in Russian.
func TestMessagesExist(t *testing.T) {
	t.Parallel()
	b, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	keys := b.Keys("ru")
	var want []string
	for name := range identifiers {
		if name != "any" {
			want = append(want, "form.format."+name)
		}
	}
	for _, table := range [][]part{personParts, addressParts, documentParts} {
		for _, p := range table {
			want = append(want, "form.part."+p.name)
			if p.hinted {
				want = append(want, "form.part."+hintKey(p)+".hint")
			}
		}
	}
	for name, d := range documentTypes {
		want = append(want, "form.document."+name, "form.part.number."+d.number+".hint")
	}
	for _, k := range []Kind{KindText, KindChoice, KindYesNo, KindDate, KindFile, KindConsent} {
		want = append(want, "form.required."+string(k))
	}
	for _, r := range rules {
		if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "form."+r+".") }) {
			t.Errorf("no message for rule %s", r)
		}
	}
	for _, k := range want {
		if !slices.Contains(keys, k) {
			t.Errorf("no message %s", k)
		}
	}
}

// Whatever is defined and typed, the engine neither panics nor lets a mistake through to the end.
func FuzzForm(f *testing.F) {
	f.Add("  - {id: x, kind: date, label: L, required: true}\n", "x", "29.02.2024")
	f.Add(person, "who.surname", "Иванов")
	f.Add("  - {id: x, kind: child, label: L, from: profile.children, required: true}\n", "x", "k2")
	f.Add("  - {id: x, kind: document, label: L, documents: [passport_rf, oms_policy]}\n", "x.type", "oms_policy")
	f.Add("  - {id: x, kind: number, label: L, min: '1', decimals: 2}\n", "x", "-0,00")
	f.Fuzz(func(t *testing.T, fields, name, typed string) {
		d, err := Parse([]byte("format: 1\nsteps:\n- id: a\n  title: A\n  fields:\n" + fields))
		if err != nil {
			return
		}
		in := Input{Today: day, Profile: anna(), Answers: Answers{}}
		in.Answers = d.Accept(in, d.Steps[0].ID, map[string][]string{name: {typed}})
		s := d.Evaluate(in)
		for _, st := range s.Steps() {
			s.Step(st.ID)
		}
		if s.Complete() != (len(s.Errors()) == 0 && allSent(s)) {
			t.Errorf("complete %v with errors %v", s.Complete(), s.Errors())
		}
		if !json.Valid(s.Application().Bytes()) {
			t.Error("application is no JSON")
		}
	})
}

func allSent(s *State) bool {
	for _, st := range s.Steps() {
		if !slices.Contains(s.in.Answers[seenKey], st.ID) {
			return false
		}
	}
	return true
}
