package cluster

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// mayWait is the longest time without any acknowledged application that a death
// of one machine may cost.
const mayWait = 10 * time.Second

// A machine dies with the leading PostgreSQL, then a process of Okno, then the
// leader changes in an orderly way, then the store of files dies three times under
// uploads, all under load: nothing that was acknowledged
// is lost, no job is done twice, people wait ten seconds at the most.
//
// SVC-10
func TestMachinesDie(t *testing.T) {
	if os.Getenv("OKNO_FULL") != "1" {
		t.Skip("takes minutes: test/cluster/run, or ./check --full")
	}
	c := newCluster(t, 3)
	s3, bucket, err := drive.StartS3(t.Context(), c.dir)
	must(t, err)
	t.Cleanup(s3.Kill)
	f, err := drive.NewFleet(t.Context(), drive.FleetOptions{Dir: c.dir, Database: c.url(), S3: bucket})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			for i, n := range f.Nodes {
				t.Logf("the last words of node %d:\n%s", i+1, n.Log())
			}
		}
		f.Close()
	})
	for range 3 {
		_, err := f.AddNode(t.Context())
		must(t, err)
	}
	people := signIn(t, f)
	file := upload(t, f, people[0])
	l := &drive.Load{Base: f.URL("uslugi", ""), People: people, Patient: true}
	l.Start(t.Context(), 3)
	must(t, l.Await(t.Context(), 20))

	phase(t, l, "undisturbed", func() {})
	was := c.await(t, "a leader", func(s state) bool { return s.leader != "" && s.sync != "" })
	phase(t, l, "the leader's machine dies", func() {
		c.machine(was.leader).kill()
		now := c.await(t, "another leader", func(s state) bool { return s.leader != "" && s.leader != was.leader })
		if now.leader != was.sync {
			t.Errorf("%s leads, but only %s had everything", now.leader, was.sync)
		}
	})
	c.start(t, c.machine(was.leader))
	c.await(t, "the dead machine follows again", func(s state) bool { return s.streaming == 2 && s.sync != "" })

	phase(t, l, "a process of Okno dies", func() { f.Nodes[0].Kill() })
	must(t, f.Nodes[0].Start(t.Context()))
	must(t, f.Nodes[0].Serving(t.Context()))

	was = c.await(t, "a leader", func(s state) bool { return s.leader != "" && s.sync != "" })
	phase(t, l, "the leader changes in an orderly way", func() {
		must(t, c.handOver(t.Context(), was.leader, was.sync))
		c.await(t, "the other leader", func(s state) bool { return s.leader == was.sync })
	})
	must(t, l.Await(t.Context(), 20))

	objectStoreDies(t, f, s3, people, l)
	l.Stop()

	wantAll(t, f, l)
	wantFile(t, f, people[0], file)
}

// phase does something bad and tells how long nobody got an acknowledgement.
func phase(t *testing.T, l *drive.Load, what string, do func()) {
	t.Helper()
	from := time.Now()
	do()
	must(t, l.Await(t.Context(), 20))
	gap := l.Gap(from, time.Now())
	t.Logf("%-40s longest time without an acknowledged application: %s", what, gap.Round(time.Millisecond))
	if gap > mayWait {
		t.Errorf("%s: people waited %s, at most %s is permitted", what, gap, mayWait)
	}
}

func signIn(t *testing.T, f *drive.Fleet) []*drive.Person {
	t.Helper()
	var out []*drive.Person
	for _, phone := range []string{"+79120000001", "+79120000002"} { // Соколова, Орлов
		p := drive.NewPerson()
		must(t, drive.SignIn(t.Context(), p, f.URL("uslugi", ""), phone, "Okno-2026!"))
		out = append(out, p)
	}
	return out
}

func wantAll(t *testing.T, f *drive.Fleet, l *drive.Load) {
	t.Helper()
	lost, unknown, err := l.Lost(t.Context())
	must(t, err)
	if len(lost) > 0 {
		t.Errorf("%d acknowledged applications are lost: %v", len(lost), lost)
	}
	if len(unknown) > 0 {
		t.Errorf("%d applications that nobody was told of: %v", len(unknown), unknown)
	}
	n := len(l.Acknowledged())
	// What a killed process was working at is taken up after two minutes.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for {
		err := f.Registered(ctx, n)
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(200 * time.Millisecond):
		}
	}
	doubled, err := f.Doubled(t.Context(), n)
	must(t, err)
	for _, d := range doubled {
		t.Error(d)
	}
	t.Logf("%d applications acknowledged, %d lost, %d doubled jobs; %d requests failed meanwhile and were repeated", n, len(lost), len(doubled), len(l.Failed()))
}

var scan = append([]byte("%PDF-1.4\n%"), bytes.Repeat([]byte("a page of a scan "), 20_000)...)

// upload attaches a file and returns its path on the portal.
func upload(t *testing.T, f *drive.Fleet, p *drive.Person) string {
	t.Helper()
	step, err := drive.AttachmentStep(t.Context(), p, f.URL("uslugi", ""))
	must(t, err)
	pg, err := drive.Attach(t.Context(), p, step, "скан.pdf", scan)
	must(t, err)
	at := pg.Attrs(".okno-file a", "href")
	if len(at) != 1 {
		t.Fatalf("the file was not taken: %.500s", pg.Text())
	}
	return at[0]
}

// wantFile asks every node for the file that one of them has taken.
func wantFile(t *testing.T, f *drive.Fleet, p *drive.Person, path string) {
	t.Helper()
	for i, n := range f.Nodes {
		for _, other := range f.Nodes {
			if other != n {
				must(t, other.Stop())
			}
		}
		must(t, n.Serving(t.Context()))
		pg, err := p.Get(t.Context(), f.URL("uslugi", path))
		must(t, err)
		if err := pg.Want(200); err != nil || !bytes.Equal(pg.Body, scan) {
			t.Errorf("node %d gives %d bytes of %d: %v", i+1, len(pg.Body), len(scan), err)
		}
		for _, other := range f.Nodes {
			if other != n {
				must(t, other.Start(t.Context()))
			}
		}
	}
}
