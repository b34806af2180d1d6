package catalogue

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/form"
)

// The limits of an archive: a catalogue of thousands of services stays far below.
const (
	MaxArchive   = 16 << 20 // bytes of the file
	maxUnpacked  = 64 << 20
	maxFiles     = 20000
	maxFile      = 1 << 20
	archiveIndex = "catalogue.yaml"
)

// Files are the files of a catalogue or of some services by path, in the format of
// services/: catalogue.yaml, federal/<code>/…, region/<NN>/<code>/….
type Files map[string][]byte

func badArchive(err error) error {
	e := fault.Invalid("catalogue.archive", fault.F("archive", "catalogue.archive"))
	if err != nil {
		e = e.Wrap(err)
	}
	return e
}

// ReadArchive reads a zip with a catalogue (catalogue.yaml at the top or in one
// folder) or with the folders of single services (service.yaml in each), which are
// those of the region. Only the files of the format are taken, nothing is written to
// a disk. Fault Invalid catalogue.archive for anything else, and for what unpacks to
// more than a catalogue can be.
func ReadArchive(raw []byte, region string) (Files, error) {
	if len(raw) > MaxArchive || entriesOf(raw) > maxFiles {
		return nil, badArchive(errors.New("too large"))
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, badArchive(err)
	}
	if len(z.File) > maxFiles {
		return nil, badArchive(errors.New("too many files"))
	}
	all, err := unpack(z.File)
	if err != nil {
		return nil, badArchive(err)
	}
	out := Files{}
	if root, ok := rootOf(all); ok {
		for name, body := range all {
			if rel, ok := strings.CutPrefix(name, root); ok {
				out[rel] = body
			}
		}
		return out, nil
	}
	for name := range all {
		if path.Base(name) != "service.yaml" {
			continue
		}
		folder := path.Dir(name)
		code := path.Base(folder)
		if folder == "." {
			if code, err = codeOf(all[name]); err != nil {
				return nil, badArchive(err)
			}
		}
		for other, body := range all {
			if path.Dir(other) == folder {
				out[path.Join("region", region, code, path.Base(other))] = body
			}
		}
	}
	if len(out) == 0 {
		return nil, badArchive(errors.New("no service in it"))
	}
	return out, nil
}

// entriesOf reads from the end of the archive how many entries it says it has, so
// that a list of a million names is not read for nothing.
func entriesOf(raw []byte) int {
	i := bytes.LastIndex(raw[max(0, len(raw)-(1<<16+22)):], []byte("PK\x05\x06"))
	if i += max(0, len(raw)-(1<<16+22)); i < 0 || i+12 > len(raw) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(raw[i+10:]))
}

// unpack reads the files of the format; the sizes that the archive itself names are
// not believed.
func unpack(list []*zip.File) (map[string][]byte, error) {
	out, left := map[string][]byte{}, int64(maxUnpacked)
	for _, f := range list {
		if !known(path.Base(f.Name)) {
			continue
		}
		if !fs.ValidPath(f.Name) || strings.Count(f.Name, "/") > 5 || strings.Contains(f.Name, "\\") {
			return nil, fmt.Errorf("path %q", f.Name)
		}
		if f.UncompressedSize64 > maxFile {
			return nil, fmt.Errorf("%s is too large", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(r, maxFile+1))
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		if left -= int64(len(body)); left < 0 || len(body) > maxFile {
			return nil, fmt.Errorf("%s is too large", f.Name)
		}
		out[f.Name] = body
	}
	return out, nil
}

// known are the names of files that the format has.
func known(name string) bool {
	return slices.Contains([]string{archiveIndex, "service.yaml", "form.yaml", "text.ru.md", "text.tt.md", "text.en.md"}, name)
}

func rootOf(all map[string][]byte) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if path.Base(name) == archiveIndex && strings.Count(name, "/") <= 1 {
			return strings.TrimSuffix(name, archiveIndex), true
		}
	}
	return "", false
}

func codeOf(raw []byte) (string, error) {
	var c Card
	if err := strict(raw, &c); err != nil {
		return "", err
	}
	if !codePattern.MatchString(c.Code) {
		return "", fmt.Errorf("code %q", c.Code)
	}
	return c.Code, nil
}

// Zip packs files.
func (f Files) Zip() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(f[name])
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack catalogue: %w", err)
	}
	return b.Bytes(), nil
}

// Archive is [Services.Export] as a zip.
func (s *Services) Archive(ctx context.Context, region string) ([]byte, error) {
	files, err := s.Export(ctx, region)
	if err != nil {
		return nil, err
	}
	return Files(files).Zip()
}

// OneService puts the files of one service, by their names in its folder, where the
// format wants them. code is that of the service which is edited, "" for a new one;
// a definition cannot turn into another service under its editor's hands.
func OneService(files map[string][]byte, region, code string) (Files, Problems) {
	own, err := codeOf(files["service.yaml"])
	switch {
	case err != nil:
		return nil, form.YAMLProblems("service.yaml", err)
	case code != "" && own != code:
		return nil, Problems{form.ProblemOf("service.yaml", "lint.other_code", "code %q, this is %q", own, code)}
	}
	out := Files{}
	for name, body := range files {
		if len(body) > maxFile {
			return nil, Problems{form.ProblemOf(name, "lint.large", "larger than 1 MB")}
		}
		if known(name) && name != archiveIndex {
			out[path.Join("region", region, own, name)] = body
		}
	}
	return out, nil
}
