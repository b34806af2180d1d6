package catalogue

import (
	"bytes"
	"context"
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/portal/form"
)

// Export answers the published catalogue as files in the format of [LoadBundle], by path: what one
// region gives to another (G-34). Federal services come under federal/, the others under
// region/<region>/.
func (s *Services) Export(ctx context.Context, region string) (map[string][]byte, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if out["catalogue.yaml"], err = encodeYAML(snap.shelves); err != nil {
		return nil, err
	}
	for _, shown := range snap.services {
		// As published, without what this portal adds of its own.
		sv, err := s.Revision(ctx, shown.Revision)
		if err != nil {
			return nil, err
		}
		folder := path.Join("region", region, sv.Code)
		if sv.Level == "federal" {
			folder = path.Join("federal", sv.Code)
		}
		if err := sv.files(folder, out); err != nil {
			return nil, fmt.Errorf("export service %s: %w", sv.Code, err)
		}
	}
	return out, nil
}

// files adds the files of one service.
func (s *Service) files(folder string, out map[string][]byte) (err error) {
	if out[path.Join(folder, "service.yaml")], err = encodeYAML(s.Card); err != nil {
		return err
	}
	if s.Form != nil {
		if out[path.Join(folder, "form.yaml")], err = encodeYAML(s.Form); err != nil {
			return err
		}
	}
	for lang, text := range languages(s.Body) {
		if text != "" {
			out[path.Join(folder, "text."+lang+".md")] = []byte(text + "\n")
		}
	}
	return nil
}

func languages(t form.Text) map[string]string {
	return map[string]string{"ru": t.RU, "tt": t.TT, "en": t.EN}
}

func encodeYAML(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}
