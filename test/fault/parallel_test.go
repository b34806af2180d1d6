package fault_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// many is how often one thing is asked for at the same moment.
const many = 64

// together does one thing many times at once.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; do(i) })
	}
	close(start)
	wg.Wait()
}

// Sixty-four equal requests for what may exist once make one of it, and every
// answer names that one.
//
// SVC-10
func TestEqualRequestsTogether(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	t.Run("drafts and applications", func(t *testing.T) { oneApplication(t, s) })
	t.Run("registrations and codes", func(t *testing.T) { oneAccount(t, s) })
	t.Run("guesses", func(t *testing.T) { fewGuesses(t, s) })
	t.Run("contacts", func(t *testing.T) { oneOwner(t, s) })
}

func oneApplication(t *testing.T, s *stand) {
	ctx, p := t.Context(), s.citizen("Орлов")
	const card = "/services/kindergarten-info"
	pg, err := p.Get(ctx, s.portal()+card)
	must(t, err)
	begin, err := pg.Form("form[action='" + card + "/apply']")
	must(t, err)
	drafts := newTally()
	together(many, func(int) {
		pg, err := begin.Send(ctx)
		if err == nil {
			err = pg.Want(http.StatusOK)
		}
		if err != nil {
			t.Errorf("begin a draft: %v", err)
			return
		}
		drafts.add(pg.URL.Path)
	})
	if len(drafts.of) != 1 {
		t.Errorf("one form began %d drafts: %v", len(drafts.of), drafts.of)
	}
	pg, err = begin.Send(ctx)
	must(t, err)
	pg, err = pg.Submit(ctx, "button[value=next]", "city", "tyumen", "age", "3", "topics", "places")
	must(t, err)
	send, err := pg.Form("button[value=send]")
	must(t, err)
	send.Set("confirm", "1")
	sent := newTally()
	together(many, func(int) {
		id, err := drive.Send(ctx, send)
		if err != nil {
			t.Errorf("send: %v", err)
			return
		}
		sent.add(id)
	})
	if ids := applications(t, s, p); len(ids) != 1 || sent.of[ids[0]] != many {
		t.Errorf("%d presses were answered with %v; the list has %v", many, sent.of, ids)
	}
}

// oneAccount registers in many windows at once. What a limit refuses (429) is an
// honest answer, too; what is done is done once.
func oneAccount(t *testing.T, s *stand) {
	ctx, desk := t.Context(), s.Desk()
	const phone = "+79125560001"
	p := drive.NewPerson()
	pg, err := p.Get(ctx, s.URL("esia", "/registration"))
	must(t, err)
	form, err := pg.Form("form:has(input[name=surname])")
	must(t, err)
	form.Set("surname", "Парина", "name", "Вера", "phone", phone, "email", "parina@example.com", "consent", "1")
	status := newTally()
	together(many, func(int) {
		other := drive.NewPerson() // windows without a cookie yet: another device each
		pg, err := form.By(other).Send(ctx)
		if err != nil {
			t.Errorf("register: %v", err)
			return
		}
		status.add(fmt.Sprint(pg.Status))
	})
	if status.of["200"] != many {
		t.Errorf("the attempts were answered with %v", status.of)
	}
	pg, err = form.Send(ctx)
	must(t, err)
	code, err := desk.Await(ctx, phone, regexp.MustCompile(`(\d{6})`), 20*time.Second)
	must(t, err)
	must(t, desk.Advance(ctx, "1s")) // whatever else is to be sent is sent now
	wantMessages(t, desk, phone, "Код для регистрации", 1)

	enter, err := pg.Form("form[action='/registration/code']")
	must(t, err)
	enter.Set("code", code)
	together(many, func(int) { sendAll(t, ctx, enter.By(elsewhere(t, p, enter.Action))) })
	pg, err = p.Get(ctx, s.URL("esia", "/registration"))
	must(t, err)
	finish, err := pg.Form("form:has(input[name=password2])")
	must(t, err)
	must(t, desk.Advance(ctx, "1s"))
	finish.Set("password", "Okno-2026!a", "password2", "Okno-2026!a")
	together(many, func(int) { sendAll(t, ctx, finish.By(elsewhere(t, p, finish.Action))) })
	a := &drive.Applicant{Person: drive.NewPerson(), IDP: s.URL("esia", ""), Phone: phone, Password: "Okno-2026!a"}
	if err := a.SignIn(ctx); err != nil {
		t.Errorf("the account does not open: %v", err)
	}
	must(t, desk.Advance(ctx, "1s"))
	wantMessages(t, desk, phone, "зарегистрировались", 1)
}

// elsewhere is a window with the same cookies but that of the device: the limits
// of one device are not what is tried here.
func elsewhere(t *testing.T, p *drive.Person, at string) *drive.Person {
	u, err := url.Parse(at)
	if err != nil {
		t.Error(err)
		return p
	}
	other := drive.NewPerson()
	for _, c := range p.HTTP.Jar.Cookies(u) {
		if !strings.HasSuffix(c.Name, "_device") {
			other.HTTP.Jar.SetCookies(u, []*http.Cookie{c})
		}
	}
	return other
}

// sendAll sends a form and demands an answer that is none of our faults.
func sendAll(t *testing.T, ctx context.Context, f *drive.Form) {
	pg, err := f.Send(ctx)
	if err != nil {
		t.Errorf("%s: %v", f.Action, err)
	} else if pg.Status >= 500 && pg.Status != http.StatusServiceUnavailable {
		t.Errorf("%s: %v", f.Action, pg.Want(http.StatusOK))
	}
}

// fewGuesses guesses a code many times at once: the tries are counted together,
// and then the right code is worth nothing.
func fewGuesses(t *testing.T, s *stand) {
	ctx, desk := t.Context(), s.Desk()
	const phone = "+79125560002"
	p := drive.NewPerson()
	pg, err := p.Get(ctx, s.URL("esia", "/registration"))
	must(t, err)
	pg, err = pg.Submit(ctx, "form:has(input[name=surname])", "surname", "Гадалов", "name", "Пётр", "phone", phone, "email", "gadalov@example.com", "consent", "1")
	must(t, err)
	code, err := desk.Await(ctx, phone, regexp.MustCompile(`(\d{6})`), 20*time.Second)
	must(t, err)
	enter, err := pg.Form("form[action='/registration/code']")
	must(t, err)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	enter.Set("code", wrong)
	together(many, func(int) { sendAll(t, ctx, enter) })
	must(t, eachMinute(ctx, func() error { // past the limit of the device
		pg, err = enter.Set("code", code).Send(ctx)
		if err == nil && pg.Status == http.StatusTooManyRequests {
			err = pg.Want(http.StatusOK)
		}
		return err
	}))
	if pg.Has("input[name=password2]") {
		t.Errorf("after %d wrong guesses at once the right code still opens", many)
	}
}

// eachMinute tries while a limit that counts by the machine's time says no.
func eachMinute(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

var letterLink = regexp.MustCompile(`(http://\S+/link/\S+)`)

// oneOwner has several people prove the same e-mail at the same moment: it
// becomes the login of one of them.
func oneOwner(t *testing.T, s *stand) {
	ctx, desk := t.Context(), s.Desk()
	const people, email = 6, "odna@example.com"
	all := make([]*drive.Applicant, people)
	for i := range all {
		all[i] = &drive.Applicant{
			Person: drive.NewPerson(), Desk: desk, IDP: s.URL("esia", ""), Surname: "Общая", Phone: fmt.Sprintf("+7912557%04d", i),
			Email: email, Password: fmt.Sprintf("Okno-2026!%d", i),
		}
		must(t, all[i].Register(ctx))
	}
	var links []string
	eventually(t, "all letters arrive", func(ctx context.Context) error {
		list, err := desk.Messages(ctx, email)
		if err != nil {
			return err
		}
		links = nil
		for _, m := range list {
			if g := letterLink.FindStringSubmatch(m.Text); g != nil {
				links = append(links, g[1])
			}
		}
		if len(links) < people {
			return fmt.Errorf("%d letters", len(links))
		}
		return nil
	})
	presses := make([]*drive.Form, len(links))
	for i, link := range links {
		pg, err := drive.NewPerson().Get(ctx, link)
		must(t, err)
		presses[i], err = pg.Form("form[action^='/link/']")
		must(t, err)
	}
	together(many, func(i int) { sendAll(t, ctx, presses[i%len(presses)]) })
	owners := 0
	for _, a := range all {
		// The e-mail is the login now. Wrong passwords slow the next one down.
		must(t, desk.Advance(ctx, "2h"))
		a.Phone, a.Person = email, drive.NewPerson()
		if err := a.SignIn(ctx); err == nil {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("one e-mail signs in to %d accounts", owners)
	}
}

func wantMessages(t *testing.T, desk *drive.Desk, to, words string, want int) {
	t.Helper()
	list, err := desk.Messages(t.Context(), to)
	must(t, err)
	n := 0
	for _, m := range list {
		if strings.Contains(m.Text, words) {
			n++
		}
	}
	if n != want {
		t.Errorf("%d messages with «%s» to %s, want %d: %v", n, words, to, want, list)
	}
}

// tally counts answers of many windows.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func newTally() *tally { return &tally{of: map[string]int{}} }

func (c *tally) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[key]++
}
