package app

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestExampleIsAccepted(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig(ExampleConfig, "example")
	if err != nil {
		t.Fatal(err)
	}
	if c.IDP == nil || len(c.Portals) != 1 || c.Ops.URL == "" {
		t.Errorf("the example configures too little: %+v", c)
	}
}

var (
	option   = regexp.MustCompile(`(?m)^#([a-z ]+[a-z0-9_ ]*[:-])`)
	fromFile = regexp.MustCompile(`\{(env|file): [^}]+\}`)
)

// Every setting that the example offers in a comment is a known one.
func TestExampleOptionsAreKnown(t *testing.T) {
	t.Parallel()
	text := fromFile.ReplaceAllString(string(ExampleConfig), "postgres://localhost/a-secret-of-enough-length")
	text = uncomment(text)
	c, err := ParseConfig([]byte(text), "example with all options")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if c.Mail.Address == "" || c.SMS.SMPP == "" || c.Blobs.Bucket == "" || !c.Pgbouncer || c.Drain == 0 || len(c.Outcall.Allow) != 2 {
		t.Errorf("an option was not taken from its comment: %+v", c)
	}
}

// uncomment takes the sign from lines that hold a setting: «#word: …» and
// «#  word: …», but not «# Text».
func uncomment(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		rest, ok := strings.CutPrefix(l, "#")
		if !ok || strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "  ") {
			continue
		}
		if option.MatchString(l) {
			lines[i] = rest
		}
	}
	return strings.Join(lines, "\n")
}

// Whoever adds a setting explains it in the example.
func TestExampleKnowsEverySetting(t *testing.T) {
	t.Parallel()
	var walk func(t reflect.Type, path string)
	walk = func(rt reflect.Type, path string) {
		for rt.Kind() == reflect.Pointer || rt.Kind() == reflect.Slice {
			rt = rt.Elem()
		}
		if rt.Kind() != reflect.Struct {
			return
		}
		for i := range rt.NumField() {
			f := rt.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if !regexp.MustCompile(`(?m)^[#\s-]*(?:.*[{,]\s*)?` + regexp.QuoteMeta(name) + `:`).Match(ExampleConfig) {
				t.Errorf("the example does not know %s", path+name)
			}
			walk(f.Type, path+name+".")
		}
	}
	walk(reflect.TypeFor[Config](), "")
}

// A dump of the configuration shows no secret.
func TestDumpHidesSecrets(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig([]byte(minimal+"mail: {password: hunter2}\nops: {metrics_token: 0123456789abcdef}\n"), "x")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.Marshal(c)
	if err != nil || strings.Contains(string(raw), "hunter2") || strings.Contains(string(raw), "0123456789abcdef") {
		t.Errorf("%v: %s", err, raw)
	}
}
