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
		return nil, fmt.Errorf("load catalogue.yaml: %w", err)
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
	problems = append(problems, b.check()...)
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
		return nil, fmt.Errorf("load %s/service.yaml: %w", folder, err)
	}
	raw, err = fs.ReadFile(fsys, path.Join(folder, "form.yaml"))
	if err == nil {
		if s.Form, err = form.Parse(raw); err != nil {
			return nil, fmt.Errorf("load %s/form.yaml: %w", folder, err)
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
		return nil, fmt.Errorf("load %s/service.yaml: code %q is not the name of the folder", folder, s.Code)
	}
	if p := s.Lint(); len(p) > 0 {
		return nil, fmt.Errorf("load %s: %w", folder, p)
	}
	return s, nil
}

func strict(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	return dec.Decode(into)
}

// check finds what no file sees alone: codes that stand twice, shelves that are not there.
func (b *Bundle) check() []error {
	var out []error
	seen, shelves := map[string]bool{}, map[string]bool{}
	for _, c := range b.Shelves.Categories {
		shelves["category "+c.Code] = true
	}
	for _, e := range b.Shelves.LifeEvents {
		shelves["life event "+e.Code] = true
	}
	for _, s := range b.Services {
		if seen[s.Code] {
			out = append(out, fmt.Errorf("service %s stands twice", s.Code))
		}
		seen[s.Code] = true
		for _, c := range s.Categories {
			if !shelves["category "+c] {
				out = append(out, fmt.Errorf("service %s: no category %q in catalogue.yaml", s.Code, c))
			}
		}
		for _, e := range s.LifeEvents {
			if !shelves["life event "+e] {
				out = append(out, fmt.Errorf("service %s: no life situation %q in catalogue.yaml", s.Code, e))
			}
		}
	}
	return out
}
