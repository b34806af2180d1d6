package catalogue

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/term"
)

// Problems are all mistakes of a service.
type Problems = form.Problems

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{2,59}$`)

// Lint answers every mistake of a service that would make its card wrong or its form unusable. Forms
// have been checked when they were parsed.
func (s *Service) Lint() Problems {
	l := &linter{service: s}
	l.identity()
	l.delivery()
	l.terms()
	l.lists()
	l.size()
	return l.out
}

// Untranslated names the texts of the service that citizens who chose Tatar or English will read in
// Russian. It is a warning, not a mistake: the service works.
func (s *Service) Untranslated() []string { return form.Untranslated(s) }

type linter struct {
	service *Service
	out     Problems
}

func (l *linter) add(at, key, format string, args ...any) {
	l.out = append(l.out, form.ProblemOf(at, key, format, args...))
}

func (l *linter) text(what string, t form.Text) {
	if strings.TrimSpace(t.RU) == "" {
		l.add(what, "lint.russian", "needs a Russian text")
	}
}

func (l *linter) oneOf(what, v string, of ...string) {
	if !slices.Contains(of, v) {
		l.add(what, "lint.one_of", "%q is none of %v", v, of)
	}
}

func (l *linter) identity() {
	s := l.service
	if !codePattern.MatchString(s.Code) {
		l.add("code", "lint.code", "%q: lower-case Latin letters, digits and hyphens", s.Code)
	}
	l.text("title", s.Title)
	l.text("short", s.Short)
	l.text("result", s.Result)
	l.text("text.ru.md", s.Body)
	if s.Agency == "" {
		l.add("agency", "lint.agency", "needs the code of an agency of the directory")
	}
	l.oneOf("level", s.Level, "federal", "regional", "municipal")
	l.oneOf("min_level", s.MinLevel, accountLevels...)
	if len(s.Categories) == 0 {
		l.add("categories", "lint.categories", "needs one at least")
	}
	if len(s.Keywords) == 0 {
		l.add("keywords", "lint.keywords", "needs the words by which people search")
	}
}

func (l *linter) delivery() {
	s := l.service
	l.oneOf("delivery", s.Delivery, DeliveryRemote, DeliveryInPerson, DeliveryExternal)
	if (s.Delivery == DeliveryRemote) != (s.Form != nil) {
		l.add("delivery", "lint.delivery_form", "%s: a remote service has form.yaml, the others have none", s.Delivery)
	}
	if s.Delivery == DeliveryExternal && s.ExternalURL == "" && len(s.Places) == 0 {
		l.add("delivery", "lint.external", "external: needs external_url or places")
	}
	if s.Delivery == DeliveryInPerson && len(s.Places) == 0 {
		l.add("delivery", "lint.in_person", "in_person: needs places to go to")
	}
	l.url("external_url", s.ExternalURL)
	for _, p := range s.Places {
		l.text("places name", p.Name)
		l.text("places address", p.Address)
	}
	if s.Form == nil {
		return
	}
	l.oneOf("signature", s.Signature, "simple", "qualified")
	if s.Minutes < 1 {
		l.add("minutes", "lint.minutes", "how long filling in takes")
	}
	if len(s.Capacities) == 0 {
		l.add("capacities", "lint.capacities", "for whom one applies")
	}
	for _, c := range s.Capacities {
		l.oneOf("capacities", c, "self", "child", "organisation", "mandate")
	}
	if len(s.Refusal) == 0 {
		l.add("refusal", "lint.refusal", "the clerk needs grounds to choose from (SVC-25)")
	}
}

func (l *linter) terms() {
	s := l.service
	for what, t := range map[string]term.Term{"term": s.Term, "registration": s.Registration} {
		if t.IsZero() {
			if s.Form != nil {
				l.add(what, "lint.no_term", "a service with a form has one (SVC-27)")
			}
			continue
		}
		if err := t.Check(); err != nil {
			l.add(what, "lint.term", "%v", err)
		}
	}
	for _, v := range s.Fee.Variants {
		l.text("fee.variants", v.Label)
		if v.Amount < 0 {
			l.add("fee", "lint.negative", "negative amount")
		}
	}
	if s.Fee.Amount < 0 || s.Fee.Amount > 0 && len(s.Fee.Variants) > 0 {
		l.add("fee", "lint.fee", "one amount in kopecks, or variants")
	}
}

func (l *linter) lists() {
	s := l.service
	if len(s.Applicants) == 0 || len(s.Acts) == 0 {
		l.add("", "lint.applicants", "needs applicants and acts")
	}
	for _, a := range s.Applicants {
		l.text("applicants", a)
	}
	for _, d := range s.Documents {
		l.text("documents", d.Label)
		l.oneOf("documents by", d.By, "citizen", "agency", "form")
	}
	codes := map[string]bool{}
	for _, g := range slices.Concat(s.Reception, s.Refusal) {
		l.text("ground "+g.Code, g.Text)
		if !codePattern.MatchString(g.Code) || codes[g.Code] {
			l.add("ground "+g.Code, "lint.ground", "%q: a code of its own, lower-case Latin letters, digits and hyphens", g.Code)
		}
		codes[g.Code] = true
	}
	for _, a := range s.Acts {
		l.text("acts", a.Title)
		l.url("acts", a.URL)
	}
}

func (l *linter) url(what, s string) {
	if s == "" {
		return
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		l.add(what, "lint.url", "%q is no web address", s)
	}
}

// What a form may hold at most: a citizen must be able to come to its end, and a page
// to be drawn. The longest delivered form has a tenth of it.
const (
	maxSteps   = 60
	maxFields  = 400
	maxOptions = 2000
	maxLine    = 500    // characters of a title or label
	maxBody    = 100000 // characters of the long description
)

func (l *linter) size() {
	s := l.service
	for what, t := range map[string]form.Text{"title": s.Title, "short": s.Short, "result": s.Result} {
		if longest(t) > maxLine {
			l.add(what, "lint.long", "longer than %d characters", maxLine)
		}
	}
	if longest(s.Body) > maxBody {
		l.add("text", "lint.long", "longer than %d characters", maxBody)
	}
	if s.Form == nil {
		return
	}
	fields, options := 0, 0
	for i := range s.Form.Steps {
		fields += len(s.Form.Steps[i].Fields)
		for j := range s.Form.Steps[i].Fields {
			f := &s.Form.Steps[i].Fields[j]
			options += len(f.Options)
			if longest(f.Label) > maxLine {
				l.add("form: label of "+f.ID, "lint.long", "longer than %d characters", maxLine)
			}
		}
	}
	if len(s.Form.Steps) > maxSteps || fields > maxFields || options > maxOptions {
		l.add("form", "lint.size", "%d steps, %d fields, %d options; at most %d, %d and %d", len(s.Form.Steps), fields, options, maxSteps, maxFields, maxOptions)
	}
}

func longest(t form.Text) int {
	return max(len([]rune(t.RU)), len([]rune(t.TT)), len([]rune(t.EN)))
}
