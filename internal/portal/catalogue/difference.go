package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Difference is one value that differs; an empty Was or Now means it was not there.
type Difference struct {
	Path string // «form.steps.applicant.fields.phone.label.ru»
	Was  string
	Now  string
}

// What a comparison shows at most: the rest is the same kind of thing.
const (
	maxDifferences = 300
	maxShown       = 300 // characters of a value
)

// differences compares two definitions as their editor writes them. Parts of lists
// are told apart by id, code or value, others by their place.
func differences(was, now any) ([]Difference, error) {
	a, err := plain(was)
	if err != nil {
		return nil, err
	}
	b, err := plain(now)
	if err != nil {
		return nil, err
	}
	var out []Difference
	diff("", a, b, &out)
	return out, nil
}

func plain(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return out, nil
}

func diff(at string, a, b any, out *[]Difference) {
	if len(*out) >= maxDifferences {
		return
	}
	if isTree(a) || isTree(b) {
		x, y := branches(a), branches(b)
		for _, k := range slices.Sorted(maps.Keys(union(x, y))) {
			diff(strings.TrimPrefix(at+"."+k, "."), x[k], y[k], out)
		}
		if p, q := order(a, y), order(b, x); p != q {
			*out = append(*out, Difference{Path: at + ".order", Was: cut(p), Now: cut(q)})
		}
		if len(x)+len(y) > 0 {
			return
		}
	}
	if p, q := shown(a), shown(b); p != q {
		*out = append(*out, Difference{Path: at, Was: cut(p), Now: cut(q)})
	}
}

func isTree(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// branches are the parts of a map or list by name.
func branches(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		out := map[string]any{}
		for i, name := range names(v) {
			out[name] = v[i]
		}
		return out
	}
	return nil
}

// names are those of a list's parts, in its order, each once.
func names(list []any) []string {
	out := make([]string, len(list))
	seen := map[string]bool{}
	for i, x := range list {
		out[i] = strconv.Itoa(i + 1)
		if m, ok := x.(map[string]any); ok {
			for _, k := range []string{"id", "code", "value"} {
				if s, ok := m[k].(string); ok && s != "" {
					out[i] = s
					break
				}
			}
		}
		if seen[out[i]] {
			out[i] += "#" + strconv.Itoa(i+1)
		}
		seen[out[i]] = true
	}
	return out
}

// order is how a list arranges those parts that the other list has too.
func order(v any, other map[string]any) string {
	list, ok := v.([]any)
	if !ok {
		return ""
	}
	var out []string
	for _, name := range names(list) {
		if _, both := other[name]; both {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

func union(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

func shown(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any: // a part without parts is none
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func cut(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}
