package script

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var activeKey = regexp.MustCompile(`active key is now (\S{8})\.`)

// rotate makes a new key active and answers its id.
func rotate(t *testing.T, keys string) string {
	t.Helper()
	out, err := run(t, "keys", "rotate", keys)
	id := activeKey.FindStringSubmatch(out)
	if err != nil || id == nil {
		t.Fatalf("rotate: %v\n%s", err, out)
	}
	return id[1]
}

// Two rotations while people work: nothing is restarted, everything opens, and
// the old keys can go.
func TestRotateKeysWhilePeopleWork(t *testing.T) {
	state, port := stateDir(t), freePort(t)
	d := startDemo(t, state, port)
	file, keys := demoConfig(t, state), filepath.Join(state, "keys.json")
	out, err := run(t, "keys", "status", "-c", file)
	must(t, err)
	contains(t, out, ": active", "okno_idp: 0 moved, 0 left", "okno_portal_92", "0 values are left")
	first := regexp.MustCompile(`key (\S{8}): active`).FindStringSubmatch(out)[1]

	anna := d.account("", "confirmed")
	b := d.browser("uslugi")
	enter(b, "/auth/begin?back=/lk/", anna).WantPath("/lk/")
	numbers := map[string]bool{}
	work := func() {
		t.Helper()
		one := prepare(b)
		if one.send(); one.number == "" {
			t.Fatal("the draft could not be sent")
		}
		numbers[one.number] = true
	}
	work()
	second := ""
	for range 2 {
		second = rotate(t, keys)
		left := "unknown"
		for end := time.Now().Add(patience); time.Now().Before(end) && left != ""; {
			work()
			out, err = run(t, "keys", "status", "-c", file)
			must(t, err)
			left = out
			if strings.Contains(out, "\n0 values are left") && !strings.Contains(out, "at work on") && strings.Contains(out, second+": active") {
				left = ""
			}
		}
		if left != "" {
			t.Fatalf("the rotation does not end:\n%s", left)
		}
	}
	if out, err := run(t, "keys", "remove", "-c", file, second); err == nil || !strings.Contains(out, "active") {
		t.Errorf("the active key was removed: %v, %s", err, out)
	}
	if full() {
		removeWhenSettled(t, file, first)
		if raw, err := os.ReadFile(keys); err != nil || strings.Contains(string(raw), first) {
			t.Errorf("the key %s is still in the file, %v", first, err)
		}
	} else if out, err := run(t, "keys", "remove", "-c", file, first); err == nil || !strings.Contains(out, "younger than") {
		t.Errorf("a key was removed a moment after the rotation: %v, %s", err, out)
	}

	// After a start from the new file, by a browser that has no cookie yet.
	_ = d.signal(15)
	d = startDemo(t, state, port)
	b = d.browser("uslugi")
	enter(b, "/auth/begin?back=/lk/", anna).WantPath("/lk/").Want("body", anna.Surname)
	shown := listed(b)
	for n := range numbers {
		if shown[n] != 1 {
			t.Errorf("%s is listed %d times", n, shown[n])
		}
	}
	if log := d.log.String(); strings.Contains(log, "crypt:") {
		t.Errorf("something did not open:\n%s", log)
	}
}

// removeWhenSettled removes a key, waiting until the rotation is old enough.
func removeWhenSettled(t *testing.T, file, id string) {
	t.Helper()
	var out string
	var err error
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(2 * time.Second) {
		if out, err = run(t, "keys", "remove", "-c", file, id); err == nil {
			return
		}
	}
	t.Fatalf("the key %s cannot be removed: %v\n%s", id, err, out)
}

// The keys that sign tokens are listed, rotated with an overlap, and replaced.
func TestSigningKeysByCommand(t *testing.T) {
	file, _, _ := configured(t)
	if out, err := run(t, "migrate", "-c", file); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	out, err := run(t, "keys", "signing", "list", "-c", file)
	must(t, err)
	row := regexp.MustCompile(`(?m)^(\S{43})\s+(now)?`)
	rows := row.FindAllStringSubmatch(out, -1)
	if len(rows) != 1 || rows[0][2] != "now" {
		t.Fatalf("a fresh deployment has not one key that signs:\n%s", out)
	}
	first := rows[0][1]
	out, err = run(t, "keys", "signing", "rotate", "-c", file)
	must(t, err)
	rows = row.FindAllStringSubmatch(out, -1)
	if len(rows) != 2 || rows[0][1] != first || rows[0][2] != "now" || rows[1][2] != "" {
		t.Fatalf("the successor is not published beside the key that signs:\n%s", out)
	}
	out, err = run(t, "keys", "signing", "replace", "-c", file, first)
	must(t, err)
	if strings.Contains(out, first) || !strings.Contains(out, "now") {
		t.Errorf("a leaked key is still published, or none signs:\n%s", out)
	}
	if out, err := run(t, "keys", "signing", "replace", "-c", file, first); err == nil {
		t.Errorf("an unknown key was replaced: %s", out)
	}
}
