package form

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// Every form.yaml fulfils services/schema/form.json, which editors of definitions use, and the
// schema refuses what Parse refuses.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(definitions, "schema", "form.json"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(definitions + "/*/*/form.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob(definitions + "/*/*/*/form.yaml")
	files = append(files, more...)
	if len(files) < 3 {
		t.Fatalf("only %d forms found", len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, string(raw))); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, bad := range []string{
		"format: 2\nsteps: []", "steps: []", "format: 1\nsteps: [{id: a, title: A, fields: [{id: x, kind: magic, label: L}]}]",
		"format: 1\nsteps: [{id: A, title: A, fields: [{id: x, kind: text, label: L}]}]",
		"format: 1\nsteps: [{id: a, title: A, fields: [{id: x, kind: text, label: L, colour: red}]}]",
		"format: 1\nsteps: [{id: a, title: {de: A}, fields: [{id: x, kind: text, label: L}]}]",
	} {
		if schema.Validate(asJSON(t, bad)) == nil {
			t.Errorf("the schema takes %s", bad)
		}
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("Parse takes %s", bad)
		}
	}
}

func asJSON(t *testing.T, src string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(src), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
