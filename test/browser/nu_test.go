package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidHTML gives what the walks have kept to the Nu checker, in one run of
// Java for all pages. It comes last in this package by its name's letter.
func TestValidHTML(t *testing.T) {
	jar, err := filepath.Glob("../assets/node_modules/vnu-jar/build/dist/vnu.jar")
	if err != nil || len(jar) == 0 {
		t.Fatal("vnu-jar is missing: run npm ci in test/assets")
	}
	pages, err := filepath.Glob(filepath.Join(Out(), "html", "*.html"))
	if err != nil || len(pages) == 0 {
		t.Fatal("no page was kept: run the walks first")
	}
	cmd := exec.Command("java", append([]string{"-jar", jar[0], "--errors-only", "--stdout", "--format", "gnu"}, pages...)...)
	cmd.Env = os.Environ()
	out, err := cmd.Output()
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if line != "" {
			t.Error(line)
		}
	}
	if err != nil && len(out) == 0 {
		t.Fatalf("Nu checker: %v", err)
	}
	t.Logf("%d pages are valid HTML", len(pages))
}
