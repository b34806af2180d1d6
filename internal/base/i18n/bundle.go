package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	yaml "go.yaml.in/yaml/v3"
)

// Base is the language that every catalogue falls back to and that must be complete.
const Base = "ru"

// maxMissing bounds the count of missing keys, should a caller build keys from input.
const maxMissing = 10_000

// Bundle holds the messages of all languages. It does not change after Load and serves any number of goroutines.
type Bundle struct {
	messages  map[string]map[string]message // language → key → message
	languages []string                      // Base first, then in alphabetical order

	mu      sync.Mutex
	missing map[string]int
}

// Load reads every `*.<lang>.yaml` of the file systems, at any depth. A malformed message, a value that is not
// text, an unknown language or a key that stands twice in a language is an error that names file and key;
// all errors are told at once.
func Load(fsys ...fs.FS) (*Bundle, error) {
	b := &Bundle{messages: map[string]map[string]message{Base: {}}, missing: map[string]int{}}
	origin := map[string]string{}
	var problems []error
	for _, each := range fsys {
		err := fs.WalkDir(each, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" {
				return err
			}
			raw, err := fs.ReadFile(each, name)
			if err != nil {
				return err
			}
			problems = append(problems, b.add(name, raw, origin)...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("load catalogues: %w", err)
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("load catalogues: %w", errors.Join(problems...))
	}
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(b.messages)), func(lang string) bool { return lang == Base })
	b.languages = append([]string{Base}, rest...)
	return b, nil
}

// add compiles one file into the bundle.
func (b *Bundle) add(file string, raw []byte, origin map[string]string) (problems []error) {
	lang := strings.TrimPrefix(path.Ext(strings.TrimSuffix(file, ".yaml")), ".")
	if len(categories(lang)) == 0 {
		return []error{fmt.Errorf("%s: the name must end in .ru.yaml, .tt.yaml or .en.yaml", file)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return []error{fmt.Errorf("%s: %w", file, err)}
	}
	if len(doc.Content) == 0 {
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return []error{fmt.Errorf("%s: expected lines `key: text`", file)}
	}
	if b.messages[lang] == nil {
		b.messages[lang] = map[string]message{}
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i].Value, root.Content[i+1]
		where := fmt.Sprintf("%s:%d: %s", file, root.Content[i].Line, key)
		if value.Kind != yaml.ScalarNode || value.Tag == "!!null" {
			problems = append(problems, fmt.Errorf("%s: the value must be a text", where))
			continue
		}
		if first, twice := origin[lang+" "+key]; twice {
			problems = append(problems, fmt.Errorf("%s: stands already in %s", where, first))
			continue
		}
		origin[lang+" "+key] = file
		m, err := parseMessage(lang, value.Value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", where, err))
			continue
		}
		b.messages[lang][key] = m
	}
	return problems
}

// Languages lists the languages that have a catalogue, Base first.
func (b *Bundle) Languages() []string { return slices.Clone(b.languages) }

// Knows tells whether a language has a catalogue.
func (b *Bundle) Knows(lang string) bool { return lang != "" && slices.Contains(b.languages, lang) }

// For gives the localizer of a language; an unknown language gives Base.
func (b *Bundle) For(lang string) *Localizer {
	if !slices.Contains(b.languages, lang) {
		lang = Base
	}
	return &Localizer{bundle: b, lang: lang}
}

// Match chooses the best language for an Accept-Language header (RFC 9110, 12.5.4), Base if none fits.
func (b *Bundle) Match(acceptLanguage string) string {
	best, quality := Base, 0.0
	for i, item := range strings.Split(acceptLanguage, ",") {
		if i == 20 {
			break // nobody reads twenty languages; a longer header is an attack on the parser
		}
		tag, q := languageRange(item)
		if q > quality && slices.Contains(b.languages, tag) {
			best, quality = tag, q
		}
	}
	return best
}

// Missing tells how often a text was asked for that a language lacks, by "lang key"; for operations and tests.
func (b *Bundle) Missing() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.missing)
}

func (b *Bundle) countMissing(lang, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.missing) < maxMissing || b.missing[lang+" "+key] > 0 {
		b.missing[lang+" "+key]++
	}
}

// Keys lists the keys of a language in order.
func (b *Bundle) Keys(lang string) []string { return slices.Sorted(maps.Keys(b.messages[lang])) }

// Check compares the translations with Base: a key that Base does not know, or other placeholders than in Base,
// is a defect. Missing translations are not.
func (b *Bundle) Check() []string {
	var problems []string
	for _, lang := range b.languages[1:] {
		for _, key := range b.Keys(lang) {
			original, ok := b.messages[Base][key]
			if !ok {
				problems = append(problems, fmt.Sprintf("%s: %s is unknown in %s", lang, key, Base))
				continue
			}
			want, got := map[string]bool{}, map[string]bool{}
			original.arguments(want)
			b.messages[lang][key].arguments(got)
			if !maps.Equal(want, got) {
				problems = append(problems, fmt.Sprintf("%s: %s has placeholders %v, %s has %v", lang, key,
					slices.Sorted(maps.Keys(got)), Base, slices.Sorted(maps.Keys(want))))
			}
		}
	}
	return problems
}
