// Command assetgen builds the embedded assets: style sheet, scripts, fonts and
// pictures, each with the hash of its bytes in the name and precompressed.
//
//	go run ./internal/ui/assetgen         writes internal/ui/asset/dist
//	go run ./internal/ui/assetgen -check  fails when dist is not what the sources give
//
// It needs node and the packages of test/assets (npm ci there, or run
// test/assets/build, which does both). The result is committed, so that the
// product itself builds without node.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/okno-gov/okno/internal/ui/art"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	check := flag.Bool("check", false, "compare with what is committed instead of writing")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "assetgen:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	out, err := build(root)
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "internal/ui/asset/dist")
	if check {
		return compare(dist, out)
	}
	return write(dist, out)
}

// build makes every file of dist, by its final name.
func build(root string) (map[string][]byte, error) {
	b := bundle{files: map[string][]byte{}, manifest: map[string]string{}}
	if err := b.fonts(root); err != nil {
		return nil, err
	}
	if err := b.style(root); err != nil {
		return nil, err
	}
	for _, name := range []string{"first.js", "okno.js", "live.js", "worker.js"} {
		js, err := script(root, name)
		if err != nil {
			return nil, err
		}
		b.add(name, js)
	}
	b.add("mark.svg", []byte(art.MarkFile()))
	manifest, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	b.files["manifest.json"] = append(manifest, '\n')
	return b.files, nil
}

type bundle struct {
	files    map[string][]byte
	manifest map[string]string // plain name → hashed name
}

// add stores a file under its hashed name, with .gz and .br where they are smaller.
func (b *bundle) add(name string, data []byte) string {
	sum := sha256.Sum256(data)
	ext := filepath.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
	b.manifest[name] = hashed
	b.files[hashed] = data
	if ext == ".woff2" || ext == ".txt" {
		return hashed
	}
	if gz := compressGzip(data); len(gz) < len(data) {
		b.files[hashed+".gz"] = gz
	}
	if br := compressBrotli(data); len(br) < len(data) {
		b.files[hashed+".br"] = br
	}
	return hashed
}

func (b *bundle) fonts(root string) error {
	from := filepath.Join(root, "test/assets/node_modules/@fontsource/golos-text")
	for _, subset := range []string{"cyrillic", "cyrillic-ext", "latin", "latin-ext"} {
		for _, weight := range []string{"400", "600"} {
			name := "golos-text-" + subset + "-" + weight + "-normal.woff2"
			data, err := os.ReadFile(filepath.Join(from, "files", name))
			if err != nil {
				return fmt.Errorf("font: %w (run test/assets/build)", err)
			}
			b.add(name, data)
		}
	}
	// Prices need one letter of latin-ext: ₽ alone is a tenth of that subset.
	for _, weight := range []string{"400", "600"} {
		ruble, err := node(root, "test/assets/subset.js", filepath.Join("test/assets/node_modules/@fontsource/golos-text/files", "golos-text-latin-ext-"+weight+"-normal.woff2"), "₽")
		if err != nil {
			return fmt.Errorf("font of ₽: %w", err)
		}
		b.add("golos-text-ruble-"+weight+"-normal.woff2", ruble)
	}
	licence, err := os.ReadFile(filepath.Join(from, "LICENSE"))
	if err != nil {
		return fmt.Errorf("font licence: %w", err)
	}
	b.add("golos-text-licence.txt", licence)
	return nil
}

var fontURL = regexp.MustCompile(`url\("?(golos-text-[a-z0-9-]+\.woff2)"?\)`)

func (b *bundle) style(root string) error {
	css, err := node(root, "test/assets/node_modules/sass/sass.js",
		"--load-path=test/assets/node_modules", "--style=compressed", "--no-source-map", "--quiet-deps", "--no-charset",
		"internal/ui/style/okno.scss")
	if err != nil {
		return fmt.Errorf("sass: %w", err)
	}
	var missing error
	css = fontURL.ReplaceAllFunc(css, func(m []byte) []byte {
		name := string(fontURL.FindSubmatch(m)[1])
		hashed, ok := b.manifest[name]
		if !ok {
			missing = fmt.Errorf("style names the unknown font %s", name)
		}
		return []byte(`url("` + hashed + `")`)
	})
	if missing != nil {
		return missing
	}
	b.add("okno.css", css)
	return nil
}

// node runs a script of the npm project at the root of the repository.
func node(root string, args ...string) ([]byte, error) {
	cmd := exec.Command("node", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return out, nil
}

func script(root, name string) ([]byte, error) {
	r := api.Build(api.BuildOptions{
		EntryPoints:       []string{filepath.Join(root, "internal/ui/script", name)},
		NodePaths:         []string{filepath.Join(root, "test/assets/node_modules")},
		Bundle:            true,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		Format:            api.FormatIIFE,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelError,
		// Browsers of 2020: optional chaining and nullish are native there.
		Target: api.ES2020,
	})
	if len(r.Errors) > 0 {
		return nil, fmt.Errorf("esbuild %s: %s", name, r.Errors[0].Text)
	}
	return r.OutputFiles[0].Contents, nil
}

// compressGzip leaves the time and the name out of the header: the same bytes on each run.
func compressGzip(data []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant of the package
	}
	if _, err := w.Write(data); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func compressBrotli(data []byte) []byte {
	var buf bytes.Buffer
	w := brotli.NewWriterLevel(&buf, brotli.BestCompression)
	if _, err := w.Write(data); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func write(dist string, files map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	old, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range old {
		if _, keep := files[e.Name()]; !keep {
			if err := os.Remove(filepath.Join(dist, e.Name())); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dist, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare(dist string, files map[string][]byte) error {
	var wrong []string
	old, err := os.ReadDir(dist)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range old {
		if _, ok := files[e.Name()]; !ok {
			wrong = append(wrong, "left over: "+e.Name())
		}
	}
	for name, data := range files {
		have, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(have, data) {
			wrong = append(wrong, "differs: "+name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("dist is stale, run test/assets/build:\n  %s", strings.Join(wrong, "\n  "))
}
