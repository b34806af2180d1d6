package form

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the forms answer into cases.txtar")

const definitions = "../../../services"

// TestCases plays every services/**/cases.txtar: profiles, what a citizen posts step by step, and
// what the form must answer. `go test -run TestCases -update` writes the answers; read the diff.
//
//	-- NAME.case --      YAML: today, profile, lang, steps: [{step, post, files}]
//	-- NAME.answer --    the errors after each step, and at the end the application in words
//	-- NAME.profile --   YAML of a profile; shared ones are in services/profiles.txtar
//
// SVC-04, SVC-05, SVC-06, SVC-09: the forms of the real services.
func TestCases(t *testing.T) {
	t.Parallel()
	shared := readArchive(t, filepath.Join(definitions, "profiles.txtar"))
	forms := 0
	err := filepath.WalkDir(definitions, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "form.yaml" {
			return err
		}
		forms++
		folder := filepath.Dir(path)
		t.Run(filepath.Base(filepath.Dir(folder))+"/"+filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			playFolder(t, folder, shared)
		})
		return nil
	})
	if err != nil || forms < 3 {
		t.Fatalf("%d forms found: %v", forms, err)
	}
}

func readArchive(t *testing.T, path string) map[string][]byte {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range a.Files {
		out[f.Name] = f.Data
	}
	return out
}

type playedCase struct {
	Today   string `yaml:"today"`
	Profile string `yaml:"profile"`
	Lang    string `yaml:"lang"`
	Steps   []struct {
		Step  string              `yaml:"step"`
		Post  map[string]textList `yaml:"post"`
		Files map[string]string   `yaml:"files"` // slot: name of a file of 1 kB
	} `yaml:"steps"`
}

// textList is one value or several.
type textList []string

func (l *textList) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = textList{n.Value}
		return nil
	}
	var many []string
	if err := n.Decode(&many); err != nil {
		return err
	}
	*l = many
	return nil
}

func playFolder(t *testing.T, folder string, shared map[string][]byte) {
	raw, err := os.ReadFile(filepath.Join(folder, "form.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "cases.txtar")
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatalf("every form has cases: %v", err)
	}
	out := &txtar.Archive{Comment: a.Comment}
	answers := map[string][]byte{}
	own := map[string][]byte{}
	for _, f := range a.Files {
		answers[f.Name], own[f.Name] = f.Data, f.Data
	}
	covered := map[string]bool{}
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, ".answer"); ok && own[name+".case"] != nil {
			continue
		}
		out.Files = append(out.Files, f)
		name, ok := strings.CutSuffix(f.Name, ".case")
		if !ok {
			continue
		}
		got := play(t, d, f.Data, own, shared, covered)
		out.Files = append(out.Files, txtar.File{Name: name + ".answer", Data: got})
		if want := answers[name+".answer"]; !*update && !bytes.Equal(got, want) {
			t.Errorf("case %s answers\n%s\nwant\n%s", name, got, want)
		}
	}
	for i := range d.Steps {
		if !covered[d.Steps[i].ID] {
			t.Errorf("no case sends the step %s", d.Steps[i].ID)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func play(t *testing.T, d *Definition, src []byte, own, shared map[string][]byte, covered map[string]bool) []byte {
	t.Helper()
	var c playedCase
	dec := yaml.NewDecoder(bytes.NewReader(src))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	in := Input{Answers: Answers{}, Files: map[string]File{}, Profile: readProfile(t, c.Profile, own, shared)}
	var err error
	if in.Today, err = time.Parse(time.DateOnly, c.Today); err != nil {
		t.Fatal(err)
	}
	in.Words = words(t, map[string]string{"": "ru"}[c.Lang]+c.Lang)
	var b bytes.Buffer
	for _, st := range c.Steps {
		if !slices.ContainsFunc(d.Steps, func(s Step) bool { return s.ID == st.Step }) {
			t.Fatalf("no step %q", st.Step)
		}
		covered[st.Step] = true
		posted := map[string][]string{}
		for k, v := range st.Post {
			posted[k] = v
		}
		for slot, name := range st.Files {
			f := File{ID: slot + "/" + name, Name: name, Size: 1024, Type: strings.TrimPrefix(filepath.Ext(name), ".")}
			in.Files[f.ID] = f
			answers, rule := d.Attach(in.Answers, slot, f)
			if rule != "" {
				fmt.Fprintf(&b, "%s: file %s refused: %s\n", st.Step, name, rule)
			}
			in.Answers = answers
		}
		in.Answers = d.Accept(in, st.Step, posted)
		s := d.Evaluate(in)
		for _, e := range s.StepErrors(st.Step) {
			fmt.Fprintf(&b, "%s: ! %s: %s\n", st.Step, e.Input, e.Text)
		}
		next := s.Next()
		if next == "" {
			next = "check"
		}
		fmt.Fprintf(&b, "%s → %s\n", st.Step, next)
	}
	s := d.Evaluate(in)
	if s.Complete() {
		sub := s.Subject()
		fmt.Fprintf(&b, "for %s: %s\n", sub.Capacity, joinNonEmpty(" ", sub.Person.Surname, sub.Person.Name))
		printApplication(&b, s.Application())
	}
	return []byte(plain(b.String()))
}

func printApplication(b *bytes.Buffer, app Application) {
	for _, sec := range app.Sections {
		fmt.Fprintf(b, "\n%s\n", sec.Title)
		for _, a := range sec.Answers {
			known := ""
			if a.Known {
				known = " [" + a.Source + "]"
			}
			if len(a.Lines) == 0 && len(a.Files) == 0 {
				fmt.Fprintf(b, "  %s: —\n", a.Label)
			}
			for _, l := range a.Lines {
				fmt.Fprintf(b, "  %s: %s%s\n", l.Label, strings.ReplaceAll(l.Text, "\n", " / "), known)
			}
			for _, f := range a.Files {
				fmt.Fprintf(b, "  %s: %s\n", a.Label, f.Name)
			}
		}
	}
}

func readProfile(t *testing.T, name string, own, shared map[string][]byte) Profile {
	t.Helper()
	if name == "" {
		return Profile{}
	}
	raw := own[name+".profile"]
	if raw == nil {
		raw = shared[name+".profile"]
	}
	if raw == nil {
		t.Fatalf("no profile %q", name)
	}
	var src caseProfile
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&src); err != nil {
		t.Fatalf("profile %s: %v", name, err)
	}
	return src.profile(t)
}
