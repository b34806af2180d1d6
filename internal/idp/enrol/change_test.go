package enrol_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/enrol/enroltest"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

const second = "+79120000102"

func (w *world) works(t *testing.T, oid person.OID, password string) bool {
	t.Helper()
	v, err := w.Credentials.VerifyPassword(context.Background(), credential.Try{OID: oid, Password: password, Device: "browser"})
	must(t, err)
	return v.OK
}

func (w *world) alive(t *testing.T, token string) bool {
	t.Helper()
	s, err := w.Sessions.ByToken(context.Background(), token)
	must(t, err)
	return s != nil
}

// again opens one more session of the account, as on another device.
func (w *world) again(t *testing.T, oid person.OID) *enrol.Entry {
	t.Helper()
	out := &enrol.Entry{OID: oid}
	ctx := context.Background()
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		out.Token, out.Session, err = w.Sessions.Open(ctx, tx, session.Opening{OID: oid, Level: person.Simplified, AMR: []string{"pwd"}})
		return err
	}))
	return out
}

// ID-ACC-02, ID-SEC-13: a new phone counts once confirmed; the old number gets word.
func TestChangeOfPhone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	must(t, w.AddContact(ctx, w.self(e), person.Phone, "8 912 000 01 02"))
	if p, _ := w.Persons.FindByLogin(ctx, person.LoginPhone, second); p != nil {
		t.Error("the new phone is a login before it is confirmed")
	}
	if s, err := w.PhoneSent(ctx, e.OID); err != nil || s == nil || s.TriesLeft != 5 {
		t.Errorf("sent %+v, %v", s, err)
	}
	before := len(w.Post.To(phone))
	must(t, w.ConfirmPhone(ctx, w.self(e), w.Post.Code(t, second)))
	if texts := w.Post.To(phone)[before:]; len(texts) != 1 || !strings.Contains(texts[0], "больше не связан") {
		t.Errorf("the old phone got %q", texts)
	}
	if p, err := w.Persons.FindByLogin(ctx, person.LoginPhone, second); err != nil || p == nil || p.OID != e.OID {
		t.Errorf("login %v, %v", p, err)
	}
	if p, _ := w.Persons.FindByLogin(ctx, person.LoginPhone, phone); p != nil {
		t.Error("the old phone is still a login")
	}
	id := w.profile(t, e.OID).Contact(person.Phone).ID
	if err := w.RemoveContact(ctx, w.self(e), id); key(err) != "person.contact_last" {
		t.Errorf("the last contact: %v", err)
	}
	must(t, w.AddContact(ctx, w.self(e), person.Email, email))
	done, err := w.ConfirmEmail(ctx, w.Post.Link(t, email), visit)
	if must(t, err); !done {
		t.Fatal("e-mail not confirmed")
	}
	must(t, w.RemoveContact(ctx, w.self(e), id))
}

// ID-SEC-13: changes need a fresh sign-in.
func TestChangesNeedFreshSignIn(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.Clock.Advance(11 * time.Minute)
	for name, err := range map[string]error{
		"add":     w.AddContact(ctx, w.self(e), person.Email, email),
		"confirm": w.ConfirmPhone(ctx, w.self(e), "123456"),
		"remove":  w.RemoveContact(ctx, w.self(e), "x"),
		"delete":  w.DeleteAccount(ctx, w.self(e), secret),
	} {
		if !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Reauthenticate(ctx, w.self(e), other, ""); key(err) != "enrol.password_wrong" {
		t.Errorf("wrong password: %v", err)
	}
	token, err := w.Reauthenticate(ctx, w.self(e), secret, "")
	must(t, err)
	if w.alive(t, e.Token) || !w.alive(t, token) {
		t.Error("the token did not change")
	}
	s, err := w.Sessions.ByToken(ctx, token)
	must(t, err)
	must(t, w.AddContact(ctx, enrol.Self{Session: s, Visit: visit}, person.Email, email))
}

// ID-REG-22: the contact of another account cannot be added; it looks like any other until then.
func TestContactOfAnother(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.registered(t, second)
	e := w.registered(t, phone)
	before := len(w.Post.To(second))
	must(t, w.AddContact(ctx, w.self(e), person.Phone, second))
	texts := w.Post.To(second)[before:]
	if len(texts) != 1 || enroltest.CodeInText.MatchString(texts[0]) {
		t.Errorf("the owner got %q", texts)
	}
	if err := w.ConfirmPhone(ctx, w.self(e), "123456"); key(err) != "enrol.code_wrong" {
		t.Errorf("guessing: %v", err)
	}
}

// ID-SEC-02: current password, policy, other sessions end, the owner is told.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	elsewhere := w.again(t, e.OID)
	fresh := enrol.Password{Password: other, Repeat: other}
	if _, err := w.ChangePassword(ctx, w.self(e), other, fresh); key(err) != "enrol.password_wrong" {
		t.Errorf("wrong current password: %v", err)
	}
	if _, err := w.ChangePassword(ctx, w.self(e), secret, pw); key(err) != "enrol.password_same" {
		t.Errorf("the same password: %v", err)
	}
	before := len(w.Post.To(phone))
	token, err := w.ChangePassword(ctx, w.self(e), secret, fresh)
	must(t, err)
	if w.works(t, e.OID, secret) || !w.works(t, e.OID, other) {
		t.Error("the old password works or the new does not")
	}
	if w.alive(t, elsewhere.Token) || w.alive(t, e.Token) || !w.alive(t, token) {
		t.Error("sessions after the change")
	}
	if len(w.Post.To(phone)) != before+1 || !strings.HasPrefix(w.kinds(t, e.OID), "password_changed") {
		t.Errorf("told %d, journal %s", len(w.Post.To(phone))-before, w.kinds(t, e.OID))
	}
}

// ID-REC-02, ID-REC-04, ID-REC-05, ID-REC-10: by phone.
func TestRecoverByPhone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	elsewhere := w.again(t, e.OID)
	w.Clock.Advance(time.Hour)
	elsewhere2 := w.again(t, e.OID)
	token, err := w.BeginRecovery(ctx, enrol.WayContact, "8 912 000-01-01", "ru", "", visit)
	must(t, err)
	if err := w.FinishRecovery(ctx, token, enrol.Password{Password: other, Repeat: other}, visit); key(err) != "enrol.step_over" {
		t.Errorf("password before the code: %v", err)
	}
	must(t, w.EnterRecoveryCode(ctx, token, w.Post.Code(t, phone)))
	must(t, w.FinishRecovery(ctx, token, enrol.Password{Password: other, Repeat: other}, visit))
	if w.works(t, e.OID, secret) || !w.works(t, e.OID, other) {
		t.Error("passwords after the recovery")
	}
	if w.alive(t, elsewhere.Token) || w.alive(t, elsewhere2.Token) {
		t.Error("a session outlived the recovery")
	}
	if texts := w.Post.To(phone); !strings.Contains(texts[len(texts)-1], "восстановлен") {
		t.Errorf("told %q", texts[len(texts)-1])
	}
	if err := w.FinishRecovery(ctx, token, pw, visit); key(err) != "enrol.step_over" {
		t.Errorf("a recovery works twice: %v", err)
	}
}

// ID-REC-02: by e-mail, with a link that works once.
func TestRecoverByEmail(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application("", email))
	attempt, err := w.FollowRegistrationLink(ctx, w.Post.Link(t, email))
	must(t, err)
	e, err := w.FinishRegistration(ctx, attempt, pw, visit)
	must(t, err)
	w.Clock.Advance(time.Hour)
	_, err = w.BeginRecovery(ctx, enrol.WayContact, email, "ru", "", visit)
	must(t, err)
	link := w.Post.Link(t, email)
	if _, err := w.FollowRegistrationLink(ctx, link); key(err) != "enrol.link_over" {
		t.Errorf("a recovery's link for a registration: %v", err)
	}
	rec, err := w.FollowRecoveryLink(ctx, link)
	must(t, err)
	if _, err := w.FollowRecoveryLink(ctx, link); key(err) != "enrol.link_over" {
		t.Errorf("the link works twice: %v", err)
	}
	must(t, w.FinishRecovery(ctx, rec, enrol.Password{Password: other, Repeat: other}, visit))
	if !w.works(t, e.OID, other) || token == rec {
		t.Error("the new password does not work")
	}
}

// ID-REC-03: verified document data lead to a code on the account's phone; unverified ones do not.
func TestRecoverByDocument(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	w.Clock.Advance(time.Hour)
	for way, number := range map[enrol.Way]string{enrol.WayPassport: "71 11 904513", enrol.WaySNILS: "143-905-617 62"} {
		before := len(w.Post.To(phone))
		token, err := w.BeginRecovery(ctx, way, number, "ru", "", visit)
		must(t, err)
		if r, err := w.Recovery(ctx, token); err != nil || r.Step != enrol.StepCode {
			t.Errorf("%s: %+v, %v", way, r, err)
		}
		if len(w.Post.To(phone)) != before+1 {
			t.Fatalf("%s: no code came", way)
		}
		must(t, w.EnterRecoveryCode(ctx, token, w.Post.Code(t, phone)))
		w.Clock.Advance(time.Minute)
	}
	_, err := w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.INN, Number: "500100732259"})
	must(t, err)
	before := len(w.Post.To(phone))
	token, err := w.BeginRecovery(ctx, enrol.WayINN, "500100732259", "ru", "", visit)
	must(t, err)
	if len(w.Post.To(phone)) != before {
		t.Error("an unverified ИНН led to a code")
	}
	if key(w.EnterRecoveryCode(ctx, token, "123456")) != "enrol.code_wrong" {
		t.Error("the page of an unknown number differs")
	}
	w.settle(t) // the Tax Service answers
	w.Clock.Advance(time.Hour)
	token, err = w.BeginRecovery(ctx, enrol.WayINN, "5001 0073 2259", "ru", "", visit)
	must(t, err)
	must(t, w.EnterRecoveryCode(ctx, token, w.Post.Code(t, phone)))
	must(t, w.FinishRecovery(ctx, token, enrol.Password{Password: other, Repeat: other}, visit))
	if !w.works(t, e.OID, other) {
		t.Error("the verified ИНН does not recover access")
	}
}

// ID-REC-09: nobody learns whether an account exists.
func TestRecoveryOfNobodyLooksTheSame(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.standard(t, phone)
	w.Clock.Advance(time.Hour)
	look := func(way enrol.Way, text string) string {
		token, err := w.BeginRecovery(ctx, way, text, "ru", "", visit)
		out := []string{key(err)}
		r, err := w.Recovery(ctx, token)
		must(t, err)
		out = append(out, string(r.Step))
		for range 6 {
			out = append(out, key(w.EnterRecoveryCode(ctx, token, "12345x")))
		}
		out = append(out, key(w.ResendRecovery(ctx, token)))
		w.Clock.Advance(time.Minute)
		out = append(out, key(w.ResendRecovery(ctx, token)), key(w.FinishRecovery(ctx, token, pw, visit)))
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		way             enrol.Way
		known, stranger string
	}{
		{enrol.WayContact, phone, "+79120000999"},
		{enrol.WayPassport, "7111904513", "7111904514"},
		{enrol.WaySNILS, "14390561762", "12964487198"},
	} {
		if known, unknown := look(c.way, c.known), look(c.way, c.stranger); known != unknown {
			t.Errorf("%s: known %s\nunknown %s", c.way, known, unknown)
		}
	}
}

// ID-REC-08: a session of a temporary password may only set a new one.
func TestTemporaryPasswordLeadsOnlyToChange(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	tmp, err := w.Credentials.NewTemporary(ctx)
	must(t, err)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Credentials.SetTemporary(ctx, tx, e.OID, tmp) }))
	v, err := w.Credentials.VerifyPassword(ctx, credential.Try{OID: e.OID, Password: tmp.Password})
	if must(t, err); !v.OK || !v.MustChange {
		t.Fatalf("%+v", v)
	}
	in := w.again(t, e.OID)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		in.Token, in.Session, err = w.Sessions.Open(ctx, tx, session.Opening{OID: e.OID, Level: person.Simplified, AMR: []string{"pwd"}, Restricted: session.RestrictedPassword})
		return err
	}))
	for name, err := range map[string]error{
		"add": w.AddContact(ctx, w.self(in), person.Email, email), "delete": w.DeleteAccount(ctx, w.self(in), tmp.Password),
	} {
		if key(err) != "enrol.password_first" {
			t.Errorf("%s: %v", name, err)
		}
	}
	token, err := w.ChangePassword(ctx, w.self(in), "", enrol.Password{Password: other, Repeat: other})
	must(t, err)
	s, err := w.Sessions.ByToken(ctx, token)
	if must(t, err); s == nil || s.Restricted != "" || !w.works(t, e.OID, other) {
		t.Errorf("session %+v", s)
	}
}

// ID-ACC-05, ID-ACC-06, C-57: deletion with the password; login fails; the same phone and SNILS make a new, empty account.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	if err := w.DeleteAccount(ctx, w.self(e), other); key(err) != "enrol.password_wrong" {
		t.Errorf("wrong password: %v", err)
	}
	must(t, w.DeleteAccount(ctx, w.self(e), secret))
	if w.alive(t, e.Token) || w.works(t, e.OID, secret) {
		t.Error("the deleted account lives")
	}
	if texts := w.Post.To(phone); !strings.Contains(texts[len(texts)-1], "удалена") {
		t.Errorf("last word %q", texts[len(texts)-1])
	}
	for _, c := range []struct {
		kind  person.LoginKind
		value string
	}{{person.LoginPhone, phone}, {person.LoginSNILS, "14390561762"}} {
		if p, _ := w.Persons.FindByLogin(ctx, c.kind, c.value); p != nil {
			t.Errorf("%s still finds %d", c.kind, p.OID)
		}
	}
	w.Clock.Advance(2 * time.Hour)
	again := w.standard(t, phone)
	if again.OID == e.OID || strings.Contains(w.kinds(t, again.OID), "account_deleted") {
		t.Error("the new account carries the old one's number or past")
	}
	page, err := w.Journal.List(ctx, e.OID, journal.Filter{Limit: 100})
	must(t, err)
	for _, x := range page.Entries[1:] {
		if !x.Erased {
			t.Errorf("entry %s kept its details", x.Kind)
		}
	}
}

// ID-SEC-10: the list of sessions; ending another one and all others.
func TestDevices(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	lost, third := w.again(t, e.OID), w.again(t, e.OID)
	stranger := w.registered(t, second)
	if err := w.EndSession(ctx, w.self(stranger), lost.Session.ID); key(err) != "session.not_found" {
		t.Errorf("a stranger's session: %v", err)
	}
	must(t, w.EndSession(ctx, w.self(e), lost.Session.ID))
	if w.alive(t, lost.Token) || !w.alive(t, third.Token) {
		t.Error("the wrong session ended")
	}
	must(t, w.EndOtherSessions(ctx, w.self(e)))
	if w.alive(t, third.Token) || !w.alive(t, e.Token) || !w.alive(t, stranger.Token) {
		t.Error("EndOtherSessions ended the wrong ones")
	}
}

// ID-SEC-05: the e-mail about sign-ins is off at first and can be switched.
func TestSignInNotice(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	must(t, w.AddContact(ctx, w.self(e), person.Email, email))
	_, err := w.ConfirmEmail(ctx, w.Post.Link(t, email), visit)
	must(t, err)
	signIn := func() int {
		before := len(w.Post.To(email))
		must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
			return w.Notices.SignedIn(ctx, tx, e.OID, "Firefox, Linux", "203.0.113.7", w.Clock.Now())
		}))
		return len(w.Post.To(email)) - before
	}
	if signIn() != 0 {
		t.Error("told although nobody asked for it")
	}
	must(t, w.SetSignInNotice(ctx, w.self(e), true))
	if signIn() != 1 {
		t.Error("not told")
	}
	texts := w.Post.To(email)
	last := strings.ReplaceAll(texts[len(texts)-1], "\u00a0", " ")
	if !strings.Contains(last, "203.0.113.7") || !strings.Contains(last, "Firefox, Linux") || !strings.Contains(last, "21 ноября 2026 в 09:40") {
		t.Errorf("text %q", last)
	}
	must(t, w.SetSignInNotice(ctx, w.self(e), false))
	if signIn() != 0 {
		t.Error("told after it was switched off")
	}
}

// G-22: what the journal's term has ended for is gone; what is in force stays.
func TestRetention(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	married := form()
	married.Surname, married.Document, married.IssueDate = "Пробная", "7126 000001", "01.11.2026"
	must(t, w.SubmitForm(ctx, e.OID, married, visit))
	w.settle(t)
	gone := w.registered(t, second)
	must(t, w.DeleteAccount(ctx, w.self(gone), secret))
	count := func(sql string) int {
		var n int
		must(t, w.DB.Read(ctx, func(tx *db.Tx) (err error) {
			n, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM `+sql)
			return err
		}))
		return n
	}
	const deletedAgreements = `enrol.agreement WHERE ended_at IS NOT NULL`
	if count(`person.version`) != 2 || count(`person.document`) != 2 || count(deletedAgreements) != 1 || count(`enrol.check`) != 4 {
		t.Fatal("nothing to erase")
	}
	w.Clock.Advance(3*365*24*time.Hour + time.Hour)
	w.settle(t)
	if count(`person.version`) != 1 || count(`person.document`) != 1 || count(`enrol.agreement`) != 1 || count(deletedAgreements) != 0 ||
		count(`enrol.check`) != 0 || count(`enrol.challenge`) != 0 || count(`enrol.registration`) != 0 {
		t.Error("something outlived its term, or what is in force went")
	}
	if p := w.profile(t, e.OID); p.Surname != "Пробная" || !p.SNILSVerified || p.Identity == nil {
		t.Errorf("in force %+v", p)
	}
}
