package fault_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

// A region that keeps its connections behind pgbouncer in transaction mode does
// the main job as all others do: two processes, four connections to the server.
//
// SVC-10
func TestMainJobThroughPgbouncer(t *testing.T) {
	t.Parallel()
	dir, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, stop, err := dbtest.StartServer(t.Context(), dir)
	must(t, err)
	t.Cleanup(stop)
	pooler, address, err := drive.StartPooler(t.Context(), dir, server)
	if errors.Is(err, drive.ErrNoProgram) && os.Getenv("OKNO_TEST_NODE") == "" {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(pooler.Kill)
	f, err := drive.NewFleet(t.Context(), drive.FleetOptions{Dir: dir, Database: server, Pooler: address})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pgbouncer:\n%s", pooler.Log.Tail(2000))
			for i, n := range f.Nodes {
				t.Logf("the last words of node %d:\n%s", i+1, n.Log())
			}
		}
		f.Close()
	})
	for range 2 {
		_, err := f.AddNode(t.Context())
		must(t, err)
	}
	l := &drive.Load{Base: f.URL("uslugi", ""), People: fleetPeople(t, f)}
	l.Start(t.Context(), 3)
	must(t, l.Await(t.Context(), times(12, 200)))
	l.Stop()
	for _, e := range l.Failed() {
		t.Errorf("failed: %s", e)
	}
	wantLoad(t, f, l)
	for i, n := range f.Nodes {
		if log := n.Log(); strings.Contains(log, "prepared statement") || strings.Contains(log, "unsupported startup parameter") {
			t.Errorf("node %d:\n%s", i+1, log)
		}
	}

	file := f.Nodes[0].Config()
	wantDoctor(t, f.Binary, file, "ok    okno_idp               pgbouncer answers", "transactions of ours go through pgbouncer", "ALTER ROLE")

	// What administrators get wrong: the pooler in both places, or no switch.
	raw, err := os.ReadFile(file)
	must(t, err)
	text := direct.ReplaceAllString(string(raw), "database_direct: \""+address+"/okno_idp?sslmode=disable\"")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	wantDoctor(t, f.Binary, file, "FAIL  okno_idp               database_direct leads through a pooler")
	must(t, os.WriteFile(file, []byte(strings.Replace(text, "pgbouncer: true", "pgbouncer: false", 1)), 0o600))
	wantDoctor(t, f.Binary, file, "FAIL  okno_idp               a pooler stands before it")
}

var direct = regexp.MustCompile(`database_direct: "[^"]*"`)

func wantDoctor(t *testing.T, binary, file string, words ...string) {
	t.Helper()
	out, err := exec.Command(binary, "doctor", "-c", file).CombinedOutput()
	for _, want := range words {
		if !strings.Contains(string(out), want) {
			t.Errorf("the doctor does not say %q (%v):\n%s", want, err, out)
		}
	}
}
