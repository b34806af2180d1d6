package security

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Route is one line of a site's route table.
type Route struct {
	Site    string // package below internal/site
	Method  string // empty: all
	Pattern string // path with {wildcards}
}

func (r Route) String() string { return strings.TrimSpace(r.Method + " " + r.Pattern) }

// Wild tells whether the path names an object.
func (r Route) Wild() bool { return strings.Contains(strings.ReplaceAll(r.Pattern, "{$}", ""), "{") }

// Path fills every wildcard in.
func (r Route) Path(value string) string {
	p := strings.ReplaceAll(r.Pattern, "{$}", "")
	for {
		i := strings.IndexByte(p, '{')
		if i < 0 {
			return p
		}
		j := strings.IndexByte(p[i:], '}')
		p = p[:i] + value + p[i+j+1:]
	}
}

// Matches tells whether a path is one of the route's. Literal routes come first
// in [http.ServeMux]; here it is enough that some route matches.
func (r Route) Matches(path string) bool {
	want, got := strings.Split(strings.TrimSuffix(r.Pattern, "{$}"), "/"), strings.Split(path, "/")
	if strings.HasSuffix(r.Pattern, "/") && len(got) >= len(want) {
		got = got[:len(want)]
		got[len(got)-1] = ""
	}
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		if w != got[i] && !strings.HasPrefix(w, "{") {
			return false
		}
	}
	return true
}

// Routes reads the route tables of a site out of its source: what is registered
// there is judged, whether a test knows of it or not.
func Routes(root, site string) ([]Route, error) {
	fset, consts := token.NewFileSet(), map[string]ast.Expr{}
	assets, err := parse(fset, filepath.Join(root, "internal", "ui", "asset"))
	if err != nil {
		return nil, err
	}
	trees, err := parse(fset, filepath.Join(root, "internal", "site", site))
	if err != nil {
		return nil, err
	}
	for _, tree := range assets {
		constants(tree, "asset.", consts)
	}
	for _, tree := range trees {
		constants(tree, "", consts)
	}
	var out []Route
	var bad error
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Handle" && sel.Sel.Name != "Mount" {
				return true
			}
			pattern, err := text(call.Args[0], consts)
			if err != nil {
				bad = fmt.Errorf("%s: %w", fset.Position(call.Pos()), err)
				return true
			}
			method, path, ok := strings.Cut(pattern, " ")
			if !ok {
				method, path = "", pattern
			}
			out = append(out, Route{site, method, path})
			return true
		})
	}
	return out, bad
}

// parse reads the sources of a package that people wrote.
func parse(fset *token.FileSet, dir string) (trees []*ast.File, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(fset, name, raw, 0)
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

func constants(tree *ast.File, prefix string, into map[string]ast.Expr) {
	for _, d := range tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
				for i, n := range v.Names {
					into[prefix+n.Name] = v.Values[i]
				}
			}
		}
	}
}

// text evaluates a constant string expression.
func text(e ast.Expr, consts map[string]ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.BinaryExpr:
		a, err := text(e.X, consts)
		if err != nil {
			return "", err
		}
		b, err := text(e.Y, consts)
		return a + b, err
	case *ast.Ident:
		if v, ok := consts[e.Name]; ok {
			return text(v, consts)
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			if v, ok := consts[x.Name+"."+e.Sel.Name]; ok {
				return text(v, consts)
			}
		}
	}
	return "", fmt.Errorf("the pattern of a route is no constant that this test can read")
}
