package catalogue_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/portal/setting"
)

// A portal's own minimum raises what asks for less and leaves the rest alone; a definition stays as
// it was published.
//
// ID-LVL-13
func TestThePortalsOwnMinimum(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	ctx := t.Context()
	levels := func(code string) (card, now string) {
		t.Helper()
		c := must(s.Card(ctx, code))(t)
		rev := must(s.Revision(ctx, c.Revision))(t)
		if rev.MinLevel == "" {
			t.Fatal("the revision lost its level")
		}
		return c.MinLevel, must(s.LevelOf(ctx, rev))(t)
	}
	for step, want := range []map[string]string{
		{"kindergarten-info": "simplified", "kindergarten-enrolment": "standard", "criminal-record": "confirmed"},
		{"kindergarten-info": "standard", "kindergarten-enrolment": "standard", "criminal-record": "confirmed"},
	} {
		if step == 1 {
			settings := &setting.Settings{DB: s.DB, Clock: s.Clock}
			if err := settings.Change(ctx, "catalogue.least_level", 0, json.RawMessage(`"standard"`), "1", "as in Tatarstan"); err != nil {
				t.Fatal(err)
			}
			s = newServices(t, s.DB) // another process, which has read nothing yet
		}
		for code, level := range want {
			if card, now := levels(code); card != level || now != level {
				t.Errorf("step %d: %s asks for %s, its revision for %s, want %s", step, code, card, now, level)
			}
		}
	}
	files := must(s.Export(ctx, "72"))(t)
	if got := string(files["region/72/kindergarten-info/service.yaml"]); !containsLine(got, "min_level: simplified") {
		t.Errorf("the export carries the portal's own minimum:\n%s", got)
	}
}

func containsLine(text, line string) bool {
	for l := range strings.Lines(text) {
		if strings.TrimSpace(l) == line {
			return true
		}
	}
	return false
}
