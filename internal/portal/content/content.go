package content

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/portal/form"
)

// Kind is what a text is for.
type Kind string

// The kinds of texts.
const (
	KindHelp      Kind = "help"      // an answer to a question (HLP-01)
	KindAct       Kind = "act"       // a legal act (LAW-01)
	KindAgreement Kind = "agreement" // user agreement and rules of data processing (ID-REG-20)
	KindConsent   Kind = "consent"   // what one consents to, with its legal basis (LAW-02)
	KindNews      Kind = "news"      // news of the portal (PRT-15)
)

var kinds = []Kind{KindHelp, KindAct, KindAgreement, KindConsent, KindNews}

// Entry is one text in its current edition.
type Entry struct {
	Kind Kind   `json:"kind"`
	Code string `json:"code"`
	// Version names the edition for who agreed to it: «2026-11». Mending a misprint keeps it.
	Version string    `json:"version,omitempty"`
	Title   form.Text `json:"title"`
	Short   form.Text `json:"short,omitzero"`
	// Body is Markdown; see [Entry.Markdown] for its links.
	Body form.Text `json:"body,omitzero"`
	// Since is the day from which the text is in force, or of the news.
	Since time.Time `json:"since,omitzero"`
	// Order sorts; Popular puts a help article on the main page (HLP-02).
	Order    int      `json:"order,omitempty"`
	Popular  bool     `json:"popular,omitempty"`
	Keywords []string `json:"keywords,omitempty"`
	// URL is where the full act is published.
	URL string `json:"url,omitempty"`
	// Related are codes of other help articles.
	Related []string `json:"related,omitempty"`
}

// front is the head of a Markdown file, and an item of acts.yaml.
type front struct {
	Code     string    `yaml:"code"`
	Title    form.Text `yaml:"title"`
	Short    form.Text `yaml:"short"`
	Version  string    `yaml:"version"`
	Since    string    `yaml:"since"`
	Order    int       `yaml:"order"`
	Popular  bool      `yaml:"popular"`
	Keywords []string  `yaml:"keywords"`
	URL      string    `yaml:"url"`
	Related  []string  `yaml:"related"`
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,59}$`)

// Load reads the texts of folders like services/content: help/, agreement/, consent/ and news/ hold
// <code>.<lang>.md with a YAML head, acts.yaml the legal acts. Its error names every mistake.
func Load(fsys fs.FS, folder string) ([]Entry, error) {
	var out []Entry
	var problems []error
	for _, k := range kinds {
		entries, err := loadFolder(fsys, folder, k)
		out = append(out, entries...)
		problems = append(problems, err)
	}
	raw, err := fs.ReadFile(fsys, path.Join(folder, "acts.yaml"))
	if err == nil {
		var acts []front
		err = strict(raw, &acts)
		for i, a := range acts {
			a.Order = i + 1
			e, err := a.entry(KindAct)
			out, problems = append(out, e), append(problems, err)
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, err)
	}
	problems = append(problems, checkRelated(out)...)
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("load texts: %w", err)
	}
	return out, nil
}

func loadFolder(fsys fs.FS, folder string, k Kind) ([]Entry, error) {
	names, err := fs.Glob(fsys, path.Join(folder, string(k), "*.ru.md"))
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, name := range names {
		base := strings.TrimSuffix(name, ".ru.md")
		head, body, err := split(fsys, name)
		if err != nil {
			return nil, err
		}
		head.Code = path.Base(base)
		e, err := head.entry(k)
		if err != nil {
			return nil, err
		}
		e.Body.RU = body
		for lang, to := range map[string][3]*string{
			"tt": {&e.Title.TT, &e.Short.TT, &e.Body.TT}, "en": {&e.Title.EN, &e.Short.EN, &e.Body.EN},
		} {
			head, body, err := split(fsys, base+"."+lang+".md")
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			*to[0], *to[1], *to[2] = head.Title.RU, head.Short.RU, body
		}
		out = append(out, e)
	}
	return out, nil
}

// split parts a Markdown file from its head between two lines "---".
func split(fsys fs.FS, name string) (front, string, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return front{}, "", err
	}
	head, body, ok := strings.Cut(strings.TrimPrefix(string(raw), "---\n"), "\n---\n")
	if !ok || !strings.HasPrefix(string(raw), "---\n") {
		return front{}, "", fmt.Errorf("%s: needs a YAML head between two lines ---", name)
	}
	var f front
	if err := strict([]byte(head), &f); err != nil {
		return front{}, "", fmt.Errorf("%s: %w", name, err)
	}
	return f, strings.TrimSpace(body), nil
}

func strict(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	return dec.Decode(into)
}

func (f front) entry(k Kind) (Entry, error) {
	e := Entry{
		Kind: k, Code: f.Code, Version: f.Version, Title: f.Title, Short: f.Short, Order: f.Order,
		Popular: f.Popular, Keywords: f.Keywords, URL: f.URL, Related: f.Related,
	}
	if f.Since != "" {
		since, err := time.Parse(time.DateOnly, f.Since)
		if err != nil {
			return e, fmt.Errorf("%s %s: since: %w", k, f.Code, err)
		}
		e.Since = since
	}
	return e, e.check()
}

func (e *Entry) check() error {
	switch {
	case !slices.Contains(kinds, e.Kind):
		return fmt.Errorf("%s %s: unknown kind", e.Kind, e.Code)
	case !codePattern.MatchString(e.Code):
		return fmt.Errorf("%s %q: code of lower-case Latin letters, digits and hyphens", e.Kind, e.Code)
	case e.Title.RU == "":
		return fmt.Errorf("%s %s: needs a title", e.Kind, e.Code)
	case (e.Kind == KindAgreement || e.Kind == KindConsent) && (e.Version == "" || e.Since.IsZero()):
		return fmt.Errorf("%s %s: needs version and since", e.Kind, e.Code)
	case e.Kind == KindNews && e.Since.IsZero():
		return fmt.Errorf("%s %s: needs a day: since", e.Kind, e.Code)
	}
	return nil
}

func checkRelated(entries []Entry) []error {
	var out []error
	for _, e := range entries {
		for _, r := range e.Related {
			if !slices.ContainsFunc(entries, func(o Entry) bool { return o.Kind == KindHelp && o.Code == r }) {
				out = append(out, fmt.Errorf("%s %s: no related article %q", e.Kind, e.Code, r))
			}
		}
	}
	return out
}

// Markdown is the body in the language, with links to the identity provider ("idp:/profile/data")
// made absolute: idp is its public address without a slash at the end.
func (e *Entry) Markdown(lang, idp string) string {
	return strings.ReplaceAll(e.Body.In(lang), "](idp:/", "]("+idp+"/")
}
