package idsite_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/setting"
)

// What the page's script fills in on «сгенерировать пароль» meets the policy, and
// so does every other suggestion.
//
// ID-REG-14 ID-REG-12
func TestGeneratedInTheBrowser(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("OKNO_TEST_NODE") == "" {
		t.Skip("no node to run the script with")
	}
	marks, err := json.Marshal(credential.Punctuation)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e",
		`import { readFileSync } from "node:fs";
		const { generate } = await import("data:text/javascript," + encodeURIComponent(readFileSync("password.js", "utf8")));
		console.log(JSON.stringify(Array.from({ length: 1000 }, () => generate(16, `+string(marks)+`))));`)
	cmd.Dir = "../../ui/script"
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(out, &all); err != nil || len(all) != 1000 {
		t.Fatalf("%d passwords, %v", len(all), err)
	}
	for _, word := range all {
		if bad := credential.CheckPassword(setting.PasswordStrict, word); len(bad) > 0 {
			t.Errorf("%q: %v", word, bad)
		}
	}
}
