package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(out); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

const root = "../.."

func TestImportsFollowTheRules(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 20 {
		t.Fatalf("only %d packages were found", len(all))
	}
	for _, p := range all {
		from := strings.TrimPrefix(p.ImportPath, Module+"/")
		for _, set := range []struct {
			test bool
			list []string
		}{{false, p.Imports}, {true, p.TestImports}, {true, p.XTestImports}} {
			for _, imp := range set.list {
				to := strings.TrimPrefix(imp, Module+"/")
				if why := check(from, to, set.test); why != "" {
					t.Errorf("%s imports %s (test: %v): %s", from, to, set.test, why)
				}
			}
		}
	}
}

func TestEdgesAreAcyclic(t *testing.T) {
	t.Parallel()
	for name, edges := range map[string]map[string][]string{"portal": portalEdges, "idp": idpEdges} {
		state := map[string]int{}
		var visit func(n string, path []string)
		visit = func(n string, path []string) {
			switch state[n] {
			case 1:
				t.Errorf("%s: cycle %v", name, append(path, n))
				return
			case 2:
				return
			}
			state[n] = 1
			for _, m := range edges[n] {
				visit(m, append(path, n))
			}
			state[n] = 2
		}
		for n := range edges {
			visit(n, nil)
		}
	}
}

const maxLines = 800

var (
	badName  = regexp.MustCompile(`\b(type|func)\s+(?:\([^)]*\)\s*)?\w+(Manager|Impl|Helper|Helpers|Util|Utils)\b`)
	sqlNow   = regexp.MustCompile(`(?i)[\s(,=]now\(\)|current_timestamp`)
	foreign  = regexp.MustCompile(`(?i)REFERENCES\s+([a-z_]+)\.`)
	openWork = regexp.MustCompile(`\b(TODO|FIXME)\b`)
)

// TestFiles holds what can be judged line by line.
func TestFiles(t *testing.T) {
	t.Parallel()
	walk(t, func(path, text string) {
		generated := strings.HasSuffix(path, "_templ.go")
		isGo := strings.HasSuffix(path, ".go") && !generated
		if (isGo || strings.HasSuffix(path, ".templ")) && strings.Count(text, "\n") > maxLines {
			t.Errorf("%s has more than %d lines", path, maxLines)
		}
		if strings.HasPrefix(path, "internal/archtest/") {
			return
		}
		if isGo {
			if m := badName.FindString(text); m != "" {
				t.Errorf("%s: %q: name it after what it is", path, m)
			}
			if m := openWork.FindString(text); m != "" {
				t.Errorf("%s: %s: finish it or take it out", path, m)
			}
		}
		if strings.HasSuffix(path, ".sql") {
			if m := sqlNow.FindString(text); m != "" {
				t.Errorf("%s: %s: time comes from the domain clock", path, m)
			}
			for _, m := range foreign.FindAllStringSubmatch(text, -1) {
				// internal/<product>/<context>/migration/x.sql
				if p := strings.Split(path, "/"); len(p) > 3 && p[1] != "base" && m[1] != p[2] {
					t.Errorf("%s: foreign key into schema %s: no foreign keys across contexts", path, m[1])
				}
			}
		}
	})
}

func walk(t *testing.T, f func(path, text string)) {
	t.Helper()
	for _, dir := range []string{"cmd", "internal", "services", "locale", "test"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d os.DirEntry, err error) error {
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if d.IsDir() {
				if d.Name() == "node_modules" || d.Name() == "dist" {
					return filepath.SkipDir
				}
				return nil
			}
			switch filepath.Ext(p) {
			case ".go", ".sql", ".templ":
			default:
				return nil
			}
			raw, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			f(rel, string(raw))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
