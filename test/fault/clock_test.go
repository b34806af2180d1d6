package fault_test

import (
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// What a clock does that is put right: it jumps forth by a month and back again.
// Whoever had to sign in anew does, what was sent before stays where it was,
// numbers stay different, codes come and are good.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.citizen("Соколова")
	var sent []string
	send := func() {
		t.Helper()
		form, err := drive.Ready(t.Context(), p, s.portal())
		must(t, err)
		id, err := drive.Send(t.Context(), form)
		must(t, err)
		sent = append(sent, id)
	}
	send()
	open, err := drive.Ready(t.Context(), p, s.portal())
	must(t, err)
	must(t, s.Desk().Advance(t.Context(), "720h"))
	p = s.citizen("Соколова")
	id, err := drive.Send(t.Context(), open.By(p)) // a draft of a month ago
	must(t, err)
	sent = append(sent, id)
	send()

	// Back, as a machine whose clock was wrong starts again with a right one.
	s.Kill()
	if left := s.Orphans(20 * time.Second); len(left) > 0 {
		t.Fatalf("PostgreSQL is left behind: %v", left)
	}
	s.start()
	s.setClock(t, 0)
	must(t, s.Stop())
	s.start()
	p = s.citizen("Соколова")
	send()
	a := &drive.Applicant{
		Person: drive.NewPerson(), Desk: s.Desk(), IDP: s.URL("esia", ""), Surname: "Часова", Phone: "+79125590001",
		Email: "chasova@example.com", Password: "Okno-2026!a",
	}
	must(t, a.Register(t.Context()))
	must(t, s.Desk().Advance(t.Context(), "1m"))
	got := map[string]bool{}
	for _, id := range applications(t, s, p) { // tells of a number that was given twice
		got[id] = true
	}
	for _, id := range sent {
		if !got[id] {
			t.Errorf("%s is not listed any more", id)
		}
	}
	if len(got) != len(sent) {
		t.Errorf("%d applications are listed, %d were sent", len(got), len(sent))
	}
}
