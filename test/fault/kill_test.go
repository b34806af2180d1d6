package fault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// act is one thing that a person wants to be done. Try does it once; asked again
// after a failure it goes on as the person would. What it returns is the
// acknowledgement.
type act struct {
	name string
	try  func(ctx context.Context) (string, error)
	acks []string
	err  error
}

// What is acknowledged stays, what is repeated is not doubled, and no PostgreSQL
// is left behind, however often and whenever the program is killed: submissions
// by the key of their draft, registrations by the key of their form, uploads by
// the bytes that come back.
//
// SVC-10
func TestKilledAtRandomPoints(t *testing.T) {
	s := newStand(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killing{
		stand: s, rnd: rand.New(rand.NewPCG(seed, 1)), applied: map[string]bool{}, files: map[string][32]byte{},
		people: []*drive.Person{s.citizen("Соколова"), s.citizen("Орлов")},
	}
	// Undisturbed, once: how long a round takes, and that it works at all.
	k.prepare()
	began := time.Now()
	k.run(t.Context())
	k.whole = time.Since(began)
	k.settle()
	broken := 0
	for i := range times(10, 100) {
		k.round = i + 1
		if i%20 == 19 { // the sessions of a day end
			k.people = []*drive.Person{s.citizen("Соколова"), s.citizen("Орлов")}
		}
		k.prepare()
		broken += k.kill()
		k.settle()
	}
	if broken == 0 {
		t.Error("no kill hit anything: the moments are chosen badly")
	}
	t.Logf("%d kills broke %d acts; %d applications, %d registrations, %d files", times(10, 100), broken, len(k.applied), k.registered, len(k.files))
	k.checkLists()
	k.checkFiles()
	k.checkNotices()
	k.checkBlobs()
}

type killing struct {
	*stand
	rnd    *rand.Rand
	people []*drive.Person
	round  int
	whole  time.Duration
	acts   []*act

	applied    map[string]bool     // ids that were acknowledged
	files      map[string][32]byte // address → what was sent
	registered int
	phones     []string
}

// prepare fills in the forms of a round, all at the same time; what remains is to
// send them.
func (k *killing) prepare() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Minute)
	defer cancel()
	a := k.applicant()
	k.acts = []*act{{name: "register", try: func(ctx context.Context) (string, error) { return a.Phone, a.Register(ctx) }}}
	made := make([]*act, 5)
	errs := make([]error, len(made))
	var wg sync.WaitGroup
	for i := range made {
		p, body := k.people[(i+k.round)%len(k.people)], pdf(200<<10+k.rnd.IntN(1<<20), k.rnd)
		wg.Go(func() {
			if i == 0 {
				made[i], errs[i] = k.upload(ctx, p, body)
			} else {
				made[i], errs[i] = k.submission(ctx, p)
			}
		})
	}
	wg.Wait()
	must(k.t, errors.Join(errs...))
	k.acts = append(k.acts, made...)
}

func (k *killing) submission(ctx context.Context, p *drive.Person) (*act, error) {
	f, err := drive.Ready(ctx, p, k.portal())
	return &act{name: "submit", try: func(ctx context.Context) (string, error) { return drive.Send(ctx, f) }}, err
}

func (k *killing) applicant() *drive.Applicant {
	n := len(k.phones)
	phone := fmt.Sprintf("+791255%05d", n)
	k.phones = append(k.phones, phone)
	return &drive.Applicant{
		Person: drive.NewPerson(), Desk: k.Desk(), IDP: k.URL("esia", ""), Surname: "Стойкова", Phone: phone,
		Email: fmt.Sprintf("stoykova%d@example.com", n), Password: "Okno-2026!a",
	}
}

// upload opens a form with an attachment slot up to the step with the slot. Its
// act sends the file, unless the page says that it is there already.
func (k *killing) upload(ctx context.Context, p *drive.Person, body []byte) (*act, error) {
	step, err := drive.AttachmentStep(ctx, p, k.portal())
	if err != nil {
		return nil, err
	}
	return &act{name: "upload", try: func(ctx context.Context) (string, error) {
		pg, err := p.Get(ctx, step)
		if err != nil {
			return "", err
		}
		if err := pg.Want(http.StatusOK); err != nil {
			return "", err
		}
		if !pg.Has(".okno-file") {
			if pg, err = drive.Attach(ctx, p, step, "брак.pdf", body); err != nil {
				return "", err
			}
		}
		at := pg.Attrs(".okno-file a", "href")
		if pg.Status != http.StatusOK || len(at) != 1 {
			return "", fmt.Errorf("upload: %d files: %w", len(at), pg.Want(http.StatusOK))
		}
		k.note(k.portal()+at[0], body)
		return at[0], nil
	}}, nil
}

var noted sync.Mutex

func (k *killing) note(at string, body []byte) {
	noted.Lock()
	defer noted.Unlock()
	k.files[at] = sha256.Sum256(body)
}

// run tries all acts at once, each one time.
func (k *killing) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, a := range k.acts {
		wg.Go(func() {
			ack, err := a.try(ctx)
			if a.err = err; err == nil {
				a.acks = append(a.acks, ack)
			}
		})
	}
	wg.Wait()
}

// kill ends the program at a random point of a round and starts it again. It
// returns how many acts were cut off.
func (k *killing) kill() int {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan struct{})
	go func() { k.run(ctx); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Duration(k.rnd.Int64N(int64(k.whole)))):
	}
	k.Kill()
	<-done
	if left := k.Orphans(20 * time.Second); len(left) > 0 {
		k.t.Fatalf("round %d: kill -9 left PostgreSQL behind: %v", k.round, left)
	}
	k.start()
	n := 0
	for _, a := range k.acts {
		if a.err != nil {
			n++
		}
	}
	return n
}

// settle has every person ask again, acknowledged or not: the answer must be the
// same one.
func (k *killing) settle() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Minute)
	defer cancel()
	for range 2 {
		k.run(ctx)
		for _, a := range k.acts {
			if a.err != nil {
				k.t.Fatalf("round %d: %s is refused after the restart: %v", k.round, a.name, a.err)
			}
		}
	}
	for _, a := range k.acts {
		if len(slices.Compact(slices.Clone(a.acks))) != 1 {
			k.t.Errorf("round %d: %s was acknowledged as %v", k.round, a.name, a.acks)
		}
		switch a.name {
		case "submit":
			k.applied[a.acks[0]] = true
		case "register":
			k.registered++
		}
	}
}

// checkLists demands that the lists hold what was acknowledged, and no more.
func (k *killing) checkLists() {
	k.t.Helper()
	seen := map[string]bool{}
	for _, p := range k.people {
		for _, id := range applications(k.t, k.stand, p) {
			seen[id] = true
		}
	}
	for id := range k.applied {
		if !seen[id] {
			k.t.Errorf("the acknowledged application %s is lost", id)
		}
	}
	for id := range seen {
		if !k.applied[id] {
			k.t.Errorf("there is an application %s that nobody got to know: a doubled one", id)
		}
	}
}

// applications are the ids in a person's list, all pages of it. Each has a number
// of its own.
func applications(t *testing.T, s *stand, p *drive.Person) []string {
	t.Helper()
	list, err := drive.Applications(t.Context(), p, s.portal())
	must(t, err)
	var ids []string
	numbers := map[string]bool{}
	for _, a := range list {
		if numbers[a.Number] {
			t.Errorf("the number %s was given twice", a.Number)
		}
		numbers[a.Number] = true
		ids = append(ids, a.ID)
	}
	return ids
}

// checkFiles demands every acknowledged file to its last byte.
func (k *killing) checkFiles() {
	k.t.Helper()
	for at, sum := range k.files {
		found := false
		for _, p := range k.people {
			pg, err := p.Get(k.t.Context(), at)
			must(k.t, err)
			found = found || pg.Status == http.StatusOK && sha256.Sum256(pg.Body) == sum
		}
		if !found {
			k.t.Errorf("the file %s does not come back as it was sent", at)
		}
	}
}

// checkNotices demands one account, hence one welcome, for each registration,
// and that every one of them can be signed in to.
func (k *killing) checkNotices() {
	k.t.Helper()
	ctx := k.t.Context()
	for _, phone := range k.phones {
		a := &drive.Applicant{Person: drive.NewPerson(), IDP: k.URL("esia", ""), Phone: phone, Password: "Okno-2026!a"}
		if err := a.SignIn(ctx); err != nil {
			k.t.Errorf("the account of %s: %v", phone, err)
		}
		list, err := k.Desk().Messages(ctx, phone)
		must(k.t, err)
		n := 0
		for _, m := range list {
			if strings.Contains(m.Text, "зарегистрировались") {
				n++
			}
		}
		if n != 1 {
			k.t.Errorf("%s got %d messages about the registration: %v", phone, n, list)
		}
	}
}

// checkBlobs demands that half-received files go: a day later only what a draft
// names lies in the store.
func (k *killing) checkBlobs() {
	k.t.Helper()
	must(k.t, k.Desk().Advance(k.t.Context(), "26h"))
	n := 0
	must(k.t, filepath.WalkDir(filepath.Join(k.state, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && d.Name() == ".tmp":
			return fs.SkipDir // what was being written; it goes by the machine's time
		case err == nil && d.Type().IsRegular():
			n++
		}
		return err
	}))
	if n != len(k.files) {
		k.t.Errorf("%d files lie in the store, %d are named", n, len(k.files))
	}
}

// pdf is a file of that kind with random bytes in it, which no compression or
// chance makes equal.
func pdf(size int, rnd *rand.Rand) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n%")
	for b.Len() < size {
		fmt.Fprintf(&b, "%016x", rnd.Uint64())
	}
	b.WriteString("\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	return b.Bytes()
}
