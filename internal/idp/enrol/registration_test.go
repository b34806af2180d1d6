package enrol_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/enrol/enroltest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
)

var pw = enrol.Password{Password: secret, Repeat: secret}

// ID-REG-05, ID-REG-07, ID-REG-16, ID-REG-18: by phone, code, password; simplified, signed in.
func TestRegisterByPhone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application("8 (912) 000-01-01", ""))
	if got := w.Post.To(phone); len(got) != 1 || w.step(t, token) != enrol.StepCode {
		t.Fatalf("messages %q, step %s", got, w.step(t, token))
	}
	if _, err := w.FinishRegistration(ctx, token, pw, visit); key(err) != "enrol.step_over" {
		t.Errorf("password before the code: %v", err)
	}
	must(t, w.EnterRegistrationCode(ctx, token, w.Post.Code(t, phone)))
	if w.step(t, token) != enrol.StepPassword {
		t.Fatal("the right code does not lead to the password")
	}
	must(t, w.EnterRegistrationCode(ctx, token, "whatever")) // a repeat changes nothing
	entry, err := w.FinishRegistration(ctx, token, pw, visit)
	must(t, err)
	p := w.profile(t, entry.OID)
	// ID-REG-06: the patronymic is there.
	if p.Level != person.Simplified || p.FullName() != "Тестова Анна Сергеевна" || !p.Contact(person.Phone).Confirmed {
		t.Errorf("account %+v", p.Person)
	}
	if s, err := w.Sessions.ByToken(ctx, entry.Token); err != nil || s == nil || s.OID != entry.OID {
		t.Errorf("session %+v, %v", s, err)
	}
	// ID-REG-19: consent with text version, time and account.
	if a, err := w.Agreements(ctx, entry.OID); err != nil || len(a) != 1 || a[0].Version != enrol.ConsentVersion || !a[0].At.Equal(start) {
		t.Errorf("agreements %+v, %v", a, err)
	}
	if _, err := w.FinishRegistration(ctx, token, pw, visit); key(err) != "enrol.registration_done" {
		t.Errorf("a second account out of one attempt: %v", err)
	}
	if got := w.kinds(t, entry.OID); got != "registered" {
		t.Errorf("journal %s", got)
	}
}

// ID-REG-09: by e-mail a link leads to the password; it works once, and for a day.
func TestRegisterByEmail(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	first := w.begin(t, application("", "Anna.Testova@Example.com"))
	if w.step(t, first) != enrol.StepLink {
		t.Fatal("no link is asked for")
	}
	link := w.Post.Link(t, email)
	if act, err := w.LinkAct(ctx, link); err != nil || act != enrol.ActRegistration {
		t.Fatalf("looking at the link: %s, %v", act, err)
	}
	token, err := w.FollowRegistrationLink(ctx, link)
	must(t, err)
	for _, again := range []string{link, "", "nonsense"} {
		if _, err := w.FollowRegistrationLink(ctx, again); key(err) != "enrol.link_over" {
			t.Errorf("link %q again: %v", again, err)
		}
	}
	if _, err := w.Registration(ctx, first); key(err) != "enrol.attempt_over" {
		t.Errorf("the attempt lives in the first browser too: %v", err)
	}
	entry, err := w.FinishRegistration(ctx, token, pw, visit)
	must(t, err)
	if c := w.profile(t, entry.OID).Contact(person.Email); c == nil || !c.Confirmed || c.Value != email {
		t.Errorf("e-mail %+v", c)
	}

	w.begin(t, application("", "late@example.com"))
	late := w.Post.Link(t, "late@example.com")
	w.Clock.Advance(24 * time.Hour)
	if _, err := w.FollowRegistrationLink(ctx, late); key(err) != "enrol.link_over" {
		t.Errorf("a link after a day: %v", err)
	}
}

// ID-REG-10, C-02: with both, the phone leads and the e-mail is confirmed by its own link, before or after the end.
func TestRegisterWithBoth(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		w := setUp(t)
		ctx := context.Background()
		token := w.begin(t, application(phone, email))
		link := w.Post.Link(t, email)
		if early {
			done, err := w.ConfirmEmail(ctx, link, visit)
			if must(t, err); done {
				t.Error("confirmed before there is an account")
			}
		}
		must(t, w.EnterRegistrationCode(ctx, token, w.Post.Code(t, phone)))
		entry, err := w.FinishRegistration(ctx, token, pw, visit)
		must(t, err)
		if c := w.profile(t, entry.OID).Contact(person.Email); c == nil || c.Confirmed != early {
			t.Fatalf("early %v: e-mail %+v", early, c)
		}
		if !early {
			// ID-LOG-07: until then it is no login.
			if p, _ := w.Persons.FindByLogin(ctx, person.LoginEmail, email); p != nil {
				t.Error("an unconfirmed e-mail is a login")
			}
			done, err := w.ConfirmEmail(ctx, link, visit)
			if must(t, err); !done {
				t.Error("not confirmed")
			}
		}
		if p, err := w.Persons.FindByLogin(ctx, person.LoginEmail, email); err != nil || p == nil || p.OID != entry.OID {
			t.Errorf("early %v: login by e-mail finds %v, %v", early, p, err)
		}
		if _, err := w.ConfirmEmail(ctx, link, visit); key(err) != "enrol.link_over" {
			t.Errorf("the link works twice: %v", err)
		}
	}
}

// ID-REG-04, ID-REG-05, ID-REG-23, C-01: what the form asks for.
func TestRegistrationForm(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	try := func(a enrol.Application) string {
		_, err := w.BeginRegistration(ctx, a, visit)
		return fields(err)
	}
	if got := try(enrol.Application{}); got != "surname enrol.surname_missing, name enrol.name_missing, phone enrol.contact_missing, email enrol.contact_missing, consent enrol.consent_missing" {
		t.Error(got)
	}
	bad := application("8 343 000-01-01", "anna@")
	bad.Surname = "<b>"
	if got := try(bad); got != "surname enrol.name_format, phone enrol.phone_format, email enrol.email_format" {
		t.Error(got)
	}
	odd := application("", "o.neil@example.com")
	odd.Surname, odd.Given, odd.Patronymic = "О'Нил-Мамин", "Jean", ""
	if got := try(odd); got != "" {
		t.Errorf("a Latin name, a hyphen, no patronymic: %s", got)
	}
	policy := func(p setting.ContactPolicy) {
		must(t, w.Settings.Update(ctx, "1000000001", "испытание", func(v *setting.Values) { v.Contacts = p }))
	}
	policy(setting.ContactPhone)
	if got := try(application("", email)); got != "phone enrol.phone_missing" {
		t.Error(got)
	}
	policy(setting.ContactBoth)
	if got := try(application("+79120000102", "")); got != "email enrol.email_missing" {
		t.Error(got)
	}
}

// ID-REG-08, G-20: wrong, spent, expired codes and the pause between two.
func TestCodes(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application(phone, ""))
	right := w.Post.Code(t, phone)
	wrong := "000000"
	if right == wrong {
		wrong = "111111"
	}
	for i, want := range []string{"enrol.code_wrong", "enrol.code_wrong", "enrol.code_wrong", "enrol.code_wrong", "enrol.code_spent"} {
		if got := key(w.EnterRegistrationCode(ctx, token, wrong)); got != want {
			t.Fatalf("try %d: %s", i+1, got)
		}
	}
	if got := key(w.EnterRegistrationCode(ctx, token, right)); got != "enrol.code_spent" {
		t.Fatalf("the right code after five wrong ones: %s", got)
	}
	err := w.ResendRegistration(ctx, token)
	if f, _ := fault.As(err); f == nil || f.Key != "enrol.code_pause" || f.RetryAfter != time.Minute {
		t.Fatalf("resent at once: %v", err)
	}
	w.Clock.Advance(time.Minute)
	must(t, w.ResendRegistration(ctx, token))
	second := w.Post.Code(t, phone)
	w.Clock.Advance(time.Minute)
	must(t, w.ResendRegistration(ctx, token))
	third := w.Post.Code(t, phone)
	if second != third {
		if got := key(w.EnterRegistrationCode(ctx, token, second)); got != "enrol.code_wrong" {
			t.Errorf("an older code: %s", got)
		}
	}
	w.Clock.Advance(5 * time.Minute)
	if got := key(w.EnterRegistrationCode(ctx, token, third)); got != "enrol.code_expired" {
		t.Errorf("after five minutes: %s", got)
	}
	for range 3 {
		must(t, w.ResendRegistration(ctx, token))
		w.Clock.Advance(time.Minute)
	}
	if got := key(w.ResendRegistration(ctx, token)); got != "enrol.code_limit" {
		t.Errorf("a seventh code within the hour: %s", got)
	}
	// A new attempt counts against the contact's limit too.
	if _, err := w.BeginRegistration(ctx, application(phone, ""), visit); key(err) != "enrol.code_limit" {
		t.Errorf("a new attempt got around the limit: %v", err)
	}
	w.Clock.Advance(time.Hour)
	must(t, w.ResendRegistration(ctx, token))
	must(t, w.EnterRegistrationCode(ctx, token, w.Post.Code(t, phone)))
}

// A code is for one attempt and one act.
func TestCodeOfAnotherAct(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	mine := w.begin(t, application(phone, ""))
	code := w.Post.Code(t, phone)
	w.Clock.Advance(time.Minute)
	foreign := w.begin(t, application("+79120000102", ""))
	if w.Post.Code(t, "+79120000102") != code {
		if got := key(w.EnterRegistrationCode(ctx, foreign, code)); got != "enrol.code_wrong" {
			t.Errorf("a code of another attempt: %s", got)
		}
	}
	must(t, w.EnterRegistrationCode(ctx, mine, code))
	entry, err := w.FinishRegistration(ctx, mine, pw, visit)
	must(t, err)
	rec, err := w.BeginRecovery(ctx, enrol.WayContact, phone, "ru", "", visit)
	must(t, err)
	if w.Post.Code(t, phone) != code {
		if got := key(w.EnterRecoveryCode(ctx, rec, code)); got != "enrol.code_wrong" {
			t.Errorf("the code of the registration for a recovery: %s", got)
		}
	}
	if got := key(w.ConfirmPhone(ctx, w.self(entry), w.Post.Code(t, phone))); got != "person.contact_not_found" {
		t.Errorf("the code of a recovery for a new phone: %s", got)
	}
}

// Sixteen browsers with the right code at once: it is used once.
func TestCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application(phone, ""))
	code := w.Post.Code(t, phone)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := w.EnterRegistrationCode(ctx, token, code); err != nil && key(err) != "enrol.code_expired" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var made atomic.Int64
	for range 8 {
		wg.Go(func() {
			_, err := w.FinishRegistration(ctx, token, pw, visit)
			if err == nil {
				made.Add(1)
			} else if key(err) != "enrol.registration_done" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d accounts out of one attempt", made.Load())
	}
}

// ID-REG-22: a taken contact looks the same from outside; the owner is told, once a day; nothing is disclosed.
func TestTakenContactLooksTheSame(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.registered(t, phone)
	w.Clock.Advance(2 * time.Hour)
	before := len(w.Post.To(phone))
	look := func(number string) string {
		token, err := w.BeginRegistration(ctx, application(number, ""), visit)
		r, errView := w.Registration(ctx, token)
		must(t, errView)
		out := []string{key(err), string(r.Step), r.Sent.ResendAt.Sub(w.Clock.Now()).String(), r.Sent.ExpiresAt.Sub(w.Clock.Now()).String()}
		for range 6 {
			out = append(out, key(w.EnterRegistrationCode(ctx, token, "12345x")))
		}
		out = append(out, key(w.ResendRegistration(ctx, token)))
		w.Clock.Advance(time.Minute)
		out = append(out, key(w.ResendRegistration(ctx, token)))
		return strings.Join(out, " ")
	}
	taken, free := look(phone), look("+79120000102")
	if taken != free {
		t.Errorf("taken %s\nfree  %s", taken, free)
	}
	texts := w.Post.To(phone)[before:]
	if len(texts) != 1 || enroltest.CodeInText.MatchString(texts[0]) || !strings.Contains(texts[0], "/recovery") {
		t.Errorf("the owner got %q", texts)
	}
}

// ID-REG-22: who proves control of a contact that was confirmed meanwhile is told so; one account has it.
func TestTwoAttemptsForOnePhone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	tokens := make([]string, 2)
	for i := range tokens {
		tokens[i] = w.begin(t, application(phone, ""))
		must(t, w.EnterRegistrationCode(ctx, tokens[i], w.Post.Code(t, phone)))
	}
	_, err := w.FinishRegistration(ctx, tokens[0], pw, visit)
	must(t, err)
	if _, err := w.FinishRegistration(ctx, tokens[1], pw, visit); key(err) != "person.contact_taken" {
		t.Errorf("the second: %v", err)
	}
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM person.person`)
		if n != 1 {
			t.Errorf("%d accounts", n)
		}
		return err
	}))
}

// ID-REG-11, ID-REG-12: the password is typed twice and meets the policy.
func TestPasswordOfRegistration(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application(phone, ""))
	must(t, w.EnterRegistrationCode(ctx, token, w.Post.Code(t, phone)))
	for _, c := range []struct{ pw, repeat, want string }{
		{secret, other, "password2 enrol.password_differs"},
		{"okno", "okno", "password credential.password_short, password credential.password_no_upper, password credential.password_no_digit, password credential.password_no_punctuation"},
		{"Password-1", "Password-1", "password credential.password_common"},
	} {
		if _, err := w.FinishRegistration(ctx, token, enrol.Password{Password: c.pw, Repeat: c.repeat}, visit); fields(err) != c.want {
			t.Errorf("%q %q: %s", c.pw, c.repeat, fields(err))
		}
	}
	entry, err := w.FinishRegistration(ctx, token, pw, visit)
	must(t, err)
	v, err := w.Credentials.VerifyPassword(ctx, credential.Try{OID: entry.OID, Password: secret})
	if err != nil || !v.OK || v.MustChange {
		t.Errorf("%+v, %v", v, err)
	}
}

// A form sent twice leads to one attempt and one message.
func TestFormSentTwice(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	a := application(phone, "")
	a.Key = "8c5d0f6a-form"
	if first, second := w.begin(t, a), w.begin(t, a); first != second || len(w.Post.To(phone)) != 1 {
		t.Errorf("tokens %q %q, messages %q", first, second, w.Post.To(phone))
	}
}

// ID-REG-25, ID-MFC-05: an attempt outlives a restart and ends after a day; its values are erased.
func TestAttemptEnds(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application(phone, email))
	w.Clock.Advance(23 * time.Hour)
	if r, err := w.Registration(ctx, token); err != nil || r.Phone != phone || r.Email != email {
		t.Errorf("the next day: %+v, %v", r, err)
	}
	w.Clock.Advance(time.Hour)
	if _, err := w.Registration(ctx, token); key(err) != "enrol.attempt_over" {
		t.Errorf("after a day: %v", err)
	}
	w.settle(t)
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM enrol.registration WHERE sealed IS NOT NULL`)
		if n != 0 {
			t.Error("values of an ended attempt are kept")
		}
		return err
	}))
}
