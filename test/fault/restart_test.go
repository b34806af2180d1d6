package fault_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

// newFleet is a deployment of so many nodes on one database server.
func newFleet(t *testing.T, nodes int) *drive.Fleet {
	t.Helper()
	dir, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	url, stop, err := dbtest.StartServer(t.Context(), dir)
	must(t, err)
	t.Cleanup(stop)
	f, err := drive.NewFleet(t.Context(), drive.FleetOptions{Dir: dir, Database: url})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			for i, n := range f.Nodes {
				t.Logf("the last words of node %d:\n%s", i+1, n.Log())
			}
		}
		f.Close()
	})
	for range nodes {
		_, err := f.AddNode(t.Context())
		must(t, err)
	}
	return f
}

// fleetPeople sign in through the balancer.
func fleetPeople(t *testing.T, f *drive.Fleet) []*drive.Person {
	t.Helper()
	var out []*drive.Person
	for _, phone := range []string{"+79120000001", "+79120000002"} { // Соколова, Орлов
		p := drive.NewPerson()
		must(t, drive.SignIn(t.Context(), p, f.URL("uslugi", ""), phone, "Okno-2026!"))
		out = append(out, p)
	}
	return out
}

// Each process of a deployment is replaced under load, one after the other, and
// nobody notices: no request fails, nothing is lost, no job is done twice.
//
// SVC-10
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2)
	l := &drive.Load{Base: f.URL("uslugi", ""), People: fleetPeople(t, f)}
	l.Start(t.Context(), 2)
	for range times(1, 5) {
		for i, n := range f.Nodes {
			must(t, l.Await(t.Context(), 5))
			must(t, n.Stop())
			must(t, l.Await(t.Context(), 5)) // by the other one alone
			must(t, n.Start(t.Context()))
			must(t, n.Serving(t.Context()))
			t.Logf("node %d was replaced; %d applications so far", i+1, len(l.Acknowledged()))
		}
	}
	must(t, l.Await(t.Context(), 5))
	l.Stop()
	for _, e := range l.Failed() {
		t.Errorf("failed: %s", e)
	}
	wantLoad(t, f, l)
}

// The release before works on the schema of this one, beside it and alone: so a
// release is rolled out node by node, and back. The release before is the commit
// before the last one that changed the schema.
func TestReleaseBeforeOnTheNewSchema(t *testing.T) {
	t.Parallel()
	before, err := drive.ReleaseBefore(t.Context())
	if errors.Is(err, drive.ErrNoHistory) {
		t.Skip(err)
	}
	must(t, err)
	f := newFleet(t, 1)
	old, err := f.AddNode(t.Context())
	must(t, err)
	must(t, old.Stop())
	old.Binary = before
	must(t, old.Start(t.Context()))
	must(t, old.Serving(t.Context()))
	l := &drive.Load{Base: f.URL("uslugi", ""), People: fleetPeople(t, f)}
	l.Start(t.Context(), 2)
	must(t, l.Await(t.Context(), 10))
	must(t, f.Nodes[0].Stop())
	must(t, l.Await(t.Context(), 10)) // the old one alone: pages and jobs
	must(t, f.Nodes[0].Start(t.Context()))
	must(t, f.Nodes[0].Serving(t.Context()))
	must(t, l.Await(t.Context(), 10))
	l.Stop()
	for _, e := range l.Failed() {
		t.Errorf("failed: %s", e)
	}
	// Somebody new signs in at the old one, too.
	must(t, f.Nodes[0].Stop())
	fleetPeople(t, f)
	wantLoad(t, f, l)
}

// wantLoad compares what people were told with what is there.
func wantLoad(t *testing.T, f *drive.Fleet, l *drive.Load) {
	t.Helper()
	lost, unknown, err := l.Lost(t.Context())
	must(t, err)
	if len(lost) > 0 {
		t.Errorf("%d acknowledged applications are lost: %v", len(lost), lost)
	}
	if len(unknown) > 0 {
		t.Errorf("%d applications that nobody was told of: %v", len(unknown), unknown)
	}
	eventually(t, "every application is registered", func(ctx context.Context) error {
		return f.Registered(ctx, len(l.Acknowledged()))
	})
	doubled, err := f.Doubled(t.Context(), len(l.Acknowledged()))
	must(t, err)
	for _, d := range doubled {
		t.Error(d)
	}
	t.Logf("%d applications", len(l.Acknowledged()))
}
