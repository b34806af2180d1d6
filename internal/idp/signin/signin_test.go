package signin_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/signin"
)

const rp = "https://rp.example"

func TestParseLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		snils bool
		kind  person.LoginKind
		want  string
	}{
		// ID-LOG-05
		{"89120000001", false, person.LoginPhone, "+79120000001"},
		{"+7 (912) 000-00-01", false, person.LoginPhone, "+79120000001"},
		{" 8 912 000 00 01 ", false, person.LoginPhone, "+79120000001"},
		{"9120000001", false, person.LoginPhone, "+79120000001"},
		{"Anna@Example.ORG", false, person.LoginEmail, "Anna@example.org"},
		// ID-LOG-04
		{"112-233-445 95", true, person.LoginSNILS, "11223344595"},
		{"112-233-445 95", false, person.LoginSNILS, "11223344595"},
		{"11223344595", true, person.LoginSNILS, "11223344595"},
		{"112-233-445 96", true, "", "112-233-445 96"},
		{"anna@", false, "", "anna@"},
		{"anna", false, "", "anna"},
	} {
		kind, got := signin.ParseLogin(c.in, c.snils)
		if c.kind == person.LoginEmail {
			got, c.want = strings.ToLower(got), strings.ToLower(c.want)
		}
		if kind != c.kind || got != c.want {
			t.Errorf("%q, tab СНИЛС %v: %s %q, want %s %q", c.in, c.snils, kind, got, c.kind, c.want)
		}
	}
}

func attempt(login, password string) signin.Attempt {
	return signin.Attempt{Login: login, Password: password, Visit: session.Visit{Device: "d1", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/130", Network: "203.0.113.7"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// give adds a confirmed phone and, when verified, personal data with a SNILS.
func give(t *testing.T, w *oidctest.World, oid person.OID, phone, snils string, verified bool) {
	t.Helper()
	ctx := context.Background()
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := w.Persons.AddContact(ctx, tx, oid, person.Phone, phone)
		if err != nil {
			return err
		}
		if _, err := w.Persons.ConfirmContact(ctx, tx, oid, c.ID); err != nil {
			return err
		}
		n, err := w.Persons.Enter(ctx, tx, oid, person.Data{
			Surname: "Соколова", Given: "Анна", Sex: "F", BirthDate: time.Date(1990, 5, 12, 0, 0, 0, 0, time.UTC), BirthPlace: "г. Тюмень", SNILS: snils,
			Citizenship: "RUS", DocumentType: person.RFPassport, Document: person.DocumentData{Series: "7114", Number: "482106"},
		}, "self")
		if err != nil || !verified {
			return err
		}
		return w.Persons.Verify(ctx, tx, oid, n, "registers", "mvd")
	}))
}

// ID-LOG-03, ID-LOG-06, ID-LOG-07
func TestLoginsOfOneAccount(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	give(t, w, oid, "+79120000001", "11223344595", true)
	for _, login := range []string{"anna@example.org", "8 (912) 000-00-01", "112-233-445 95"} {
		e, err := w.Dispatcher.Password(ctx, attempt(login, oidctest.Password))
		if err != nil || e.Session.OID != oid {
			t.Errorf("%s: %+v, %v", login, e, err)
		}
	}
	// SNILS of a simplified account and an unconfirmed e-mail open nothing.
	other := w.Person("Иванов", "Пётр", "petr@example.org")
	give(t, w, other, "+79120000002", "08765430300", false)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := w.Persons.AddContact(ctx, tx, other, person.Email, "second@example.org")
		return err
	}))
	for _, login := range []string{"087-654-303 00", "second@example.org"} {
		if _, err := w.Dispatcher.Password(ctx, attempt(login, oidctest.Password)); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// ID-LOG-10: the same words for an unknown login and a wrong password; the owner
// sees the failure.
func TestWrongLoginSaysNoMore(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	var texts []string
	for _, a := range []signin.Attempt{attempt("anna@example.org", "Wrong-2026!"), attempt("nobody@example.org", "Wrong-2026!"), attempt("???", "Wrong-2026!")} {
		_, err := w.Dispatcher.Password(ctx, a)
		f, ok := fault.As(err)
		if !ok || len(f.Fields) > 0 {
			t.Fatalf("%s: %v", a.Login, err)
		}
		texts = append(texts, f.Key)
	}
	if texts[0] != texts[1] || texts[1] != texts[2] || texts[0] != "signin.wrong" {
		t.Errorf("answers differ: %v", texts)
	}
	page, err := w.Journal.List(ctx, oid, journal.Filter{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Kind != journal.SignInFailed || page.Entries[0].Device != "Firefox, Windows" {
		t.Errorf("journal %+v, %v", page.Entries, err)
	}
	if _, err := w.Dispatcher.Password(ctx, attempt(" ", "")); err == nil {
		t.Error("empty fields pass")
	} else if f, _ := fault.As(err); len(f.Fields) != 2 {
		t.Errorf("empty fields: %v", err)
	}
}

// ID-LOG-22: after several failures even the right password has to wait, for an
// unknown login just as long.
func TestRepeatedFailuresSlowDown(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	slowed := func(login string) int {
		for n := range 30 {
			if _, err := w.Dispatcher.Password(ctx, attempt(login, "Wrong-2026!")); fault.Is(err, fault.KindLimited) {
				return n
			}
		}
		return -1
	}
	known, unknown := slowed("anna@example.org"), slowed("nobody@example.org")
	if known <= 0 || known != unknown {
		t.Errorf("slowed after %d failures, for an unknown login after %d", known, unknown)
	}
	if _, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password)); !fault.Is(err, fault.KindLimited) {
		t.Errorf("the right password does not wait: %v", err)
	}
	page, err := w.Journal.List(ctx, oid, journal.Filter{Kinds: []journal.Kind{journal.SignInSlowed}})
	if err != nil || len(page.Entries) != 1 {
		t.Errorf("journal %+v, %v", page.Entries, err)
	}
	w.Clock.Advance(time.Hour)
	if _, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password)); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

// ID-LOG-11: nothing is remembered on a foreign computer.
func TestForeignComputerRemembersNothing(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	w.Person("Соколова", "Анна", "anna@example.org")
	a := attempt("anna@example.org", oidctest.Password)
	home, err := w.Dispatcher.Password(ctx, a)
	must(t, err)
	a.Foreign = true
	foreign, err := w.Dispatcher.Password(ctx, a)
	must(t, err)
	if home.Remember != "anna@example.org" || foreign.Remember != "" || !foreign.Session.Foreign {
		t.Errorf("remembered %q and %q", home.Remember, foreign.Remember)
	}
}

// A sign-in never takes over a session token that the browser had, renews the
// same person's session and ends another person's.
func TestSessionOfTheBrowser(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Person("Иванов", "Пётр", "petr@example.org")
	first, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password))
	must(t, err)
	a := attempt("anna@example.org", oidctest.Password)
	a.Current = first.Session
	again, err := w.Dispatcher.Password(ctx, a)
	must(t, err)
	if again.Session.ID != first.Session.ID || again.Token == first.Token {
		t.Error("the repeated proof did not renew the session under a fresh token")
	}
	if s, _ := w.Sessions.ByToken(ctx, first.Token); s != nil {
		t.Error("the old token lives")
	}
	b := attempt("petr@example.org", oidctest.Password)
	b.Current = again.Session
	_, err = w.Dispatcher.Password(ctx, b)
	must(t, err)
	if s, _ := w.Sessions.ByToken(ctx, again.Token); s != nil {
		t.Error("two persons are signed in in one browser")
	}
}

const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// ID-MFC-01: with an app the password alone opens no session; a code works once.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Клеркова", "Вера", "vera@example.org")
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Credentials.SetTOTP(ctx, tx, oid, secret) }))
	enter := func() string {
		e, err := w.Dispatcher.Password(ctx, attempt("vera@example.org", oidctest.Password))
		must(t, err)
		if e.Token != "" || e.Session != nil || e.Pending == "" {
			t.Fatalf("the password alone gave %+v", e)
		}
		return e.Pending
	}
	pending := enter()
	if ok, err := w.Dispatcher.Awaits(ctx, pending); !ok || err != nil {
		t.Errorf("awaits %v, %v", ok, err)
	}
	for _, code := range []string{"", "000000", "abc"} {
		if _, err := w.Dispatcher.SecondFactor(ctx, pending, code, attempt("", "")); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("code %q: %v", code, err)
		}
	}
	code, err := totp.GenerateCode(secret, time.Now())
	must(t, err)
	var mu sync.Mutex
	var won []*signin.Entered
	var all sync.WaitGroup
	for range 16 { // sixteen equal requests: one session
		all.Go(func() {
			if e, err := w.Dispatcher.SecondFactor(ctx, pending, code, attempt("", "")); err == nil {
				mu.Lock()
				won = append(won, e)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(won) != 1 || won[0].Session.ACR() != "2fa" || won[0].Session.OID != oid {
		t.Fatalf("%d sessions: %+v", len(won), won)
	}
	if ok, _ := w.Dispatcher.Awaits(ctx, pending); ok {
		t.Error("the half-finished sign-in waits on")
	}
	late := enter()
	w.Clock.Advance(11 * time.Minute)
	if _, err := w.Dispatcher.SecondFactor(ctx, late, code, attempt("", "")); !fault.Is(err, fault.KindUnauthenticated) {
		t.Errorf("after eleven minutes: %v", err)
	}
}

func request(w *oidctest.World, c client.Client, change ...func(*signin.Request)) string {
	r := signin.Request{ClientID: c.ID, RedirectURI: c.RedirectURIs[0], Scopes: []string{"openid", "fullname"}, State: "s", Challenge: strings.Repeat("c", 43)}
	for _, f := range change {
		f(&r)
	}
	h, err := w.Dispatcher.Begin(context.Background(), r)
	if err != nil {
		w.T.Fatal(err)
	}
	return h
}

func next(w *oidctest.World, handle string, sess *session.Session) *signin.Step {
	w.T.Helper()
	s, err := w.Dispatcher.Next(context.Background(), handle, sess)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

// The step follows from what is stored: ID-CNS-01, ID-SSO-05.
func TestStepsFollowStoredState(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	e, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password))
	must(t, err)
	if s := next(w, "", nil); s.Kind != signin.StepLogin {
		t.Errorf("nobody at the provider itself: %s", s.Kind)
	}
	if s := next(w, "", e.Session); s.Kind != signin.StepDone || s.Redirect != "/" {
		t.Errorf("somebody at the provider itself: %+v", s)
	}
	c := w.Client("DIARY", rp, func(c *client.Client) { c.MinLevel = person.Standard })
	h := request(w, c, func(r *signin.Request) { r.LoginHint = "anna@example.org" })
	if s := next(w, h, nil); s.Kind != signin.StepLogin || s.LoginHint != "anna@example.org" || s.FormOrigins[0] != rp {
		t.Errorf("first step %+v", s)
	}
	if s := next(w, h, e.Session); s.Kind != signin.StepLevel || s.Level != person.Simplified || s.Needed != person.Standard {
		t.Errorf("with a simplified account %+v", s)
	}
	give(t, w, oid, "+79120000001", "11223344595", true)
	// C-53: the raised level works after signing in again.
	if s := next(w, h, e.Session); s.Kind != signin.StepLogin || s.Why != signin.WhyLevel {
		t.Errorf("after the level was raised %+v", s)
	}
	a := attempt("anna@example.org", oidctest.Password)
	a.Current = e.Session
	e, err = w.Dispatcher.Password(ctx, a)
	must(t, err)
	s := next(w, h, e.Session)
	if s.Kind != signin.StepConsent || len(s.New) != 2 || s.Client.Name != c.Name {
		t.Fatalf("after signing in again %+v", s)
	}
	done, err := w.Dispatcher.Grant(ctx, h, e.Session, "ru")
	if err != nil || done.Kind != signin.StepDone || !strings.HasPrefix(done.Redirect, rp+"/cb?code=") {
		t.Fatalf("after «Предоставить» %+v, %v", done, err)
	}
	list, err := w.Consents.List(ctx, oid, 10, 0)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	// ID-CNS-10
	if r := list[0]; r.OID != oid || r.ClientID != c.ID || len(r.Scopes) != 2 || r.Purpose != c.Purpose || r.TextVersion == "" || r.GivenAt.IsZero() || !r.ExpiresAt.After(r.GivenAt) || r.EndedAt != nil {
		t.Errorf("record %+v", r)
	}
	// ID-CNS-07
	portals, err := w.Consents.Portals(ctx, oid)
	if err != nil || len(portals) != 1 || portals[0].Name != c.Name || portals[0].HomeURL != c.HomeURL || portals[0].LastAt.IsZero() {
		t.Errorf("portals %+v, %v", portals, err)
	}
}

func codeOf(t *testing.T, s *signin.Step) string {
	t.Helper()
	u, err := url.Parse(s.Redirect)
	must(t, err)
	return u.Query().Get("code")
}

// A second press is as good as the first until the client has its answer; the
// answer belongs to the session that finished the request.
func TestSecondPressAnswersAgain(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Person("Иванов", "Пётр", "petr@example.org")
	c := w.Client("OFFICE", rp, func(c *client.Client) { c.FirstParty = true })
	anna, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password))
	must(t, err)
	petr, err := w.Dispatcher.Password(ctx, attempt("petr@example.org", oidctest.Password))
	must(t, err)
	h := request(w, c)
	one := codeOf(t, next(w, h, anna.Session))
	two := codeOf(t, next(w, h, anna.Session))
	if one == "" || two == "" || one == two {
		t.Fatalf("codes %q and %q", one, two)
	}
	for _, s := range []*session.Session{nil, petr.Session} {
		if _, err := w.Dispatcher.Next(ctx, h, s); !fault.Is(err, fault.KindConflict) {
			t.Errorf("another session got %v", err)
		}
	}
	verifier := strings.Repeat("v", 43)
	if _, err := w.Issuer.Redeem(ctx, &c, one, rp+"/cb", verifier); err == nil {
		t.Error("the replaced code works")
	}
	_, _ = w.Issuer.Redeem(ctx, &c, two, rp+"/cb", verifier) // uses it up
	if _, err := w.Dispatcher.Next(ctx, h, anna.Session); !fault.Is(err, fault.KindConflict) {
		t.Errorf("after the client has its answer: %v", err)
	}
}

// Many tabs finish one request: one family, and one code works at the end.
func TestParallelFinish(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	w.Person("Соколова", "Анна", "anna@example.org")
	c := w.Client("OFFICE", rp, func(c *client.Client) { c.FirstParty = true })
	e, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password))
	must(t, err)
	h := request(w, c)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if s, err := w.Dispatcher.Next(ctx, h, e.Session); err != nil || s.Kind != signin.StepDone {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	all.Wait()
	var families, codes int
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM token.family), (SELECT count(*) FROM token.code)`).Scan(&families, &codes)
	}))
	if families != 1 || codes != 1 {
		t.Errorf("%d families, %d codes", families, codes)
	}
}

func TestRequestEnds(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	c := w.Client("PORTAL", rp)
	h := request(w, c)
	to, err := w.Dispatcher.Refuse(ctx, h)
	if err != nil || !strings.Contains(to, "error=access_denied") || !strings.Contains(to, "state=s") {
		t.Errorf("refusal %s, %v", to, err)
	}
	if s := next(w, h, nil); s.Kind != signin.StepDone || s.Redirect != to {
		t.Errorf("after the refusal %+v", s)
	}
	if _, err := w.Dispatcher.Next(ctx, "invented", nil); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an invented handle: %v", err)
	}
	old := request(w, c)
	w.Clock.Advance(61 * time.Minute)
	if _, err := w.Dispatcher.Next(ctx, old, nil); !fault.Is(err, fault.KindConflict) {
		t.Errorf("after an hour: %v", err)
	}
	w.Clock.Advance(25 * time.Hour)
	must(t, w.Queue.Settle(ctx))
	if _, err := w.Dispatcher.Next(ctx, old, nil); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("after a day: %v", err)
	}
}

// C-12: a client may refuse a way of confirmation.
func TestRefusedProofing(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	give(t, w, oid, "+79120000001", "11223344595", true)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		return w.Persons.Confirm(ctx, tx, oid, person.Proofing{Method: "post"})
	}))
	e, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password))
	must(t, err)
	fns := w.Client("FNS", rp, func(c *client.Client) { c.MinLevel, c.RefusedProofing = person.Confirmed, []string{"post"} })
	if s := next(w, request(w, fns), e.Session); s.Kind != signin.StepLevel || s.RefusedProofing != "post" {
		t.Errorf("step %+v", s)
	}
	pfr := w.Client("PFR", rp, func(c *client.Client) { c.MinLevel = person.Confirmed })
	if s := next(w, request(w, pfr), e.Session); s.Kind != signin.StepConsent {
		t.Errorf("step %+v", s)
	}
}

// A deleted account's session, tokens and half-finished sign-ins are gone.
func TestDeletedAccount(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	access := w.Access("PORTAL", rp, "anna@example.org", "fullname")
	if _, err := w.Issuer.Check(ctx, access); err != nil {
		t.Fatal(err)
	}
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Persons.Delete(ctx, tx, oid) }))
	if _, err := w.Issuer.Check(ctx, access); err == nil {
		t.Error("the token lives")
	}
	if _, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", oidctest.Password)); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("the deleted account signs in: %v", err)
	}
	list, err := w.Consents.List(ctx, oid, 10, 0)
	if err != nil || len(list) != 1 || list[0].EndedBy != "account" {
		t.Errorf("consents %+v, %v", list, err)
	}
}

// ID-MFC-01: a session with one factor is raised by a code, under a fresh token.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Клеркова", "Вера", "vera@example.org")
	e, err := w.Dispatcher.Password(ctx, attempt("vera@example.org", oidctest.Password))
	must(t, err)
	c := w.Client("OFFICE", rp, func(c *client.Client) { c.FirstParty, c.SecondFactor = true, true })
	h := request(w, c)
	if s := next(w, h, e.Session); s.Kind != signin.StepNoFactor {
		t.Errorf("without an app %s", s.Kind)
	}
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Credentials.SetTOTP(ctx, tx, oid, secret) }))
	if s := next(w, h, e.Session); s.Kind != signin.StepSecondFactor {
		t.Errorf("with an app %s", s.Kind)
	}
	if _, err := w.Dispatcher.StepUp(ctx, e.Session, "000000", session.Visit{}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a wrong code: %v", err)
	}
	code, err := totp.GenerateCode(secret, time.Now())
	must(t, err)
	up, err := w.Dispatcher.StepUp(ctx, e.Session, code, session.Visit{})
	must(t, err)
	if up.Token == e.Token || up.Session.ID != e.Session.ID || up.Session.ACR() != "2fa" {
		t.Errorf("after the code %+v", up.Session)
	}
	if s := next(w, h, up.Session); s.Kind != signin.StepDone {
		t.Errorf("the last step %s", s.Kind)
	}
}

// ID-REC-08: a temporary password lets in once, to set a new one and nothing else.
func TestTemporaryPasswordLeadsToANewOne(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	ctx := context.Background()
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	tmp, err := w.Credentials.NewTemporary(ctx)
	must(t, err)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Credentials.SetTemporary(ctx, tx, oid, tmp) }))
	e, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", tmp.Password))
	must(t, err)
	c := w.Client("PORTAL", rp)
	for _, h := range []string{"", request(w, c)} {
		if s := next(w, h, e.Session); s.Kind != signin.StepPassword {
			t.Errorf("request %q: %s", h, s.Kind)
		}
	}
	if _, err := w.Dispatcher.Password(ctx, attempt("anna@example.org", tmp.Password)); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("the temporary password works twice: %v", err)
	}
}
