package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/portal/form"
)

// Bundle is the content of a region's catalogue as files: what import and export move.
type Bundle struct {
	Shelves  Shelves
	Services []*Service
}

// Shelves are the categories and life situations, in order: catalogue.yaml.
type Shelves struct {
	Categories []Category  `yaml:"categories" json:"categories"`
	LifeEvents []LifeEvent `yaml:"life_events" json:"life_events"`
}

// LoadBundle reads the catalogue of a region: catalogue.yaml, federal/* and region/<region>/*, each
// service a folder. Its error names every mistake of every file.
func LoadBundle(fsys fs.FS, region string) (*Bundle, error) {
	b := &Bundle{}
	raw, err := fs.ReadFile(fsys, "catalogue.yaml")
	if err != nil {
		return nil, fmt.Errorf("load catalogue: %w", err)
	}
	if err := strict(raw, &b.Shelves); err != nil {
		return nil, form.YAMLProblems("catalogue.yaml", err)
	}
	var problems []error
	for _, root := range []string{"federal", path.Join("region", region)} {
		folders, err := fs.ReadDir(fsys, root)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("load catalogue: %w", err)
		}
		for _, d := range folders {
			if !d.IsDir() {
				continue
			}
			s, err := LoadService(fsys, path.Join(root, d.Name()))
			if err != nil {
				problems = append(problems, err)
				continue
			}
			b.Services = append(b.Services, s)
		}
	}
	if p := b.check(); len(p) > 0 {
		problems = append(problems, p)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return b, nil
}

// LoadService reads the folder of one service: service.yaml, form.yaml where it has a form, and
// text.<lang>.md. The folder has the name of the code.
func LoadService(fsys fs.FS, folder string) (*Service, error) {
	s := &Service{}
	raw, err := fs.ReadFile(fsys, path.Join(folder, "service.yaml"))
	if err != nil {
		return nil, fmt.Errorf("load service %s: %w", folder, err)
	}
	if err := strict(raw, &s.Card); err != nil {
		return nil, form.YAMLProblems(folder+"/service.yaml", err)
	}
	raw, err = fs.ReadFile(fsys, path.Join(folder, "form.yaml"))
	if err == nil {
		if s.Form, err = form.Parse(raw); err != nil {
			return nil, within(folder+"/form.yaml", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for lang, to := range map[string]*string{"ru": &s.Body.RU, "tt": &s.Body.TT, "en": &s.Body.EN} {
		raw, err := fs.ReadFile(fsys, path.Join(folder, "text."+lang+".md"))
		if err == nil {
			*to = strings.TrimSpace(string(raw))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if s.Code != path.Base(folder) {
		return nil, Problems{form.ProblemOf(folder+"/service.yaml", "lint.folder", "code %q is not the name of the folder", s.Code)}
	}
	if p := s.Lint(); len(p) > 0 {
		return nil, within(folder, p)
	}
	return s, nil
}

func strict(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	return dec.Decode(into)
}

// check finds what no file sees alone: codes that stand twice, shelves that are not there.
func (b *Bundle) check() (out Problems) {
	seen, shelves := map[string]bool{}, map[string]bool{}
	for _, c := range b.Shelves.Categories {
		shelves["category "+c.Code] = true
	}
	for _, e := range b.Shelves.LifeEvents {
		shelves["life event "+e.Code] = true
	}
	for _, s := range b.Services {
		if seen[s.Code] {
			out = append(out, form.ProblemOf(s.Code, "lint.twice", "stands twice"))
		}
		seen[s.Code] = true
		for _, c := range s.Categories {
			if !shelves["category "+c] {
				out = append(out, form.ProblemOf(s.Code, "lint.no_category", "no category %q in catalogue.yaml", c))
			}
		}
		for _, e := range s.LifeEvents {
			if !shelves["life event "+e] {
				out = append(out, form.ProblemOf(s.Code, "lint.no_life_event", "no life situation %q in catalogue.yaml", e))
			}
		}
	}
	return out
}

// within names the file or folder of mistakes.
func within(place string, err error) error {
	var p Problems
	if !errors.As(err, &p) {
		return fmt.Errorf("load %s: %w", place, err)
	}
	out := make(Problems, len(p))
	for i := range p {
		out[i] = p[i].In(place)
	}
	return out
}

// problemsOf are the mistakes of definitions in an error that joins them; anything else
// in it is answered as an error.
func problemsOf(err error) (Problems, error) {
	var p Problems
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var other []error
		for _, e := range many.Unwrap() {
			own, err := problemsOf(e)
			p, other = append(p, own...), append(other, err)
		}
		return p, errors.Join(other...)
	}
	if errors.As(err, &p) {
		return p, nil
	}
	return nil, err
}
