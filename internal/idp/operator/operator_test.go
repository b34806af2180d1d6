package operator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/enrol/enroltest"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

var start = enroltest.Start

const (
	phone  = "+79120000101"
	reason = "Паспорт и СНИЛС предъявлены, телефон утерян"
)

const anyCode = `Код[^:]*: (\d{6})`

type world struct {
	*operator.Operators
	post *enroltest.Post
	jobs func(t testing.TB)
	op   person.OID
}

func setUp(t *testing.T) *world {
	t.Helper()
	people := enroltest.New(t, operator.Migrations())
	// What the desk does must not depend on the registers.
	people.MVD.Set(enrol.Answer{}, errors.New("away"))
	people.SFR.Set(enrol.Answer{}, errors.New("away"))
	w := &world{post: people.Post, jobs: people.Settle}
	w.Operators = &operator.Operators{
		DB: people.DB, Clock: people.Clock, Keys: people.Keys, Journal: people.Journal, Persons: people.Persons,
		Credentials: people.Credentials, Sessions: people.Sessions, Enrolments: people.Enrolments, Notices: people.Notices,
	}
	w.Work(people.Jobs)
	must(t, w.PutCentre(context.Background(), operator.Centre{
		ID: "mfc-72-1", Kind: operator.MFC, Name: "МФЦ на Первомайской", Address: "г. Тюмень, ул. Первомайская, 50", Acts: operator.Acts(), Active: true,
	}))
	w.op = w.staff(t, "mfc-72-1", operator.Acts()...)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Key
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}

func (w *world) create(t *testing.T, number string) person.OID {
	t.Helper()
	ctx := context.Background()
	var oid person.OID
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if oid, err = w.Persons.Create(ctx, tx, person.New{Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна"}); err != nil || number == "" {
			return err
		}
		c, err := w.Persons.AddContact(ctx, tx, oid, person.Phone, number)
		if err != nil {
			return err
		}
		_, err = w.Persons.ConfirmContact(ctx, tx, oid, c.ID)
		return err
	}))
	return oid
}

func (w *world) staff(t *testing.T, centre string, rights ...operator.Right) person.OID {
	t.Helper()
	oid := w.create(t, "")
	must(t, w.Grant(context.Background(), oid, centre, rights, "setup"))
	return oid
}

func form() enrol.Form {
	return enrol.Form{
		Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", Sex: "F", BirthDate: "17.04.1991", BirthPlace: "г. Тюмень",
		SNILS: "143-905-617 62", Citizenship: "RUS", Document: "71 11 904513", IssueDate: "06.05.2011", IssuerCode: "720-002", IssuedBy: "УМВД",
	}
}

func papers() operator.Query {
	return operator.Query{Type: person.RFPassport, Document: "7111 № 904513", SNILS: "14390561762"}
}

// citizen makes an account; with data in force when standard.
func (w *world) citizen(t *testing.T, number string, standard bool) person.OID {
	t.Helper()
	ctx := context.Background()
	oid := w.create(t, number)
	f := form()
	d, err := f.Read(start)
	must(t, err)
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := w.Persons.Enter(ctx, tx, oid, d, "self")
		if err != nil || !standard {
			return err
		}
		return w.Persons.Verify(ctx, tx, oid, n, "registers", "mvd")
	}))
	return oid
}

func (w *world) find(t *testing.T, q operator.Query) operator.Candidate {
	t.Helper()
	got, err := w.Find(context.Background(), w.op, q)
	must(t, err)
	if len(got) != 1 {
		t.Fatalf("found %+v", got)
	}
	return got[0]
}

func (w *world) level(t *testing.T, oid person.OID) person.Level {
	t.Helper()
	p, err := w.Persons.Get(context.Background(), oid)
	must(t, err)
	return p.Level
}

func (w *world) journalOf(t *testing.T, oid person.OID) []journal.Entry {
	t.Helper()
	page, err := w.Journal.List(context.Background(), oid, journal.Filter{Limit: 100})
	must(t, err)
	return page.Entries
}

// ID-CNF-03, ID-CNF-18, ID-MFC-03, ID-MFC-07, ID-VER-11: found by the papers, compared, confirmed by the citizen's code; everybody is told.
func TestConfirm(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, true)
	c := w.find(t, papers())
	if !c.DocumentMatches || !c.SNILSMatches || c.Level != person.Standard || c.FullName != "Тестова Анна Сергеевна" {
		t.Fatalf("candidate %+v", c)
	}
	page, err := w.Compare(ctx, w.op, c.Visit)
	must(t, err)
	if !page.MayConfirm || page.ConfirmBlocked != "" || !page.CanSendCode || page.Profile.OID != oid || page.Code != nil {
		t.Fatalf("comparison %+v", page)
	}
	must(t, w.SendCode(ctx, w.op, c.Visit))
	code := w.post.Last(t, phone, anyCode)
	if err := w.Confirm(ctx, w.op, c.Visit, code, false); key(err) != "operator.compare_first" {
		t.Errorf("confirmed without comparing: %v", err)
	}
	if err := w.Confirm(ctx, w.op, c.Visit, "12345x", true); key(err) != "enrol.code_wrong" || w.level(t, oid) != person.Standard {
		t.Errorf("confirmed without the code: %v", err)
	}
	must(t, w.Confirm(ctx, w.op, c.Visit, code, true))
	if w.level(t, oid) != person.Confirmed {
		t.Fatal("not confirmed")
	}
	p, err := w.Persons.Profile(ctx, oid)
	must(t, err)
	if pr := p.Proofing; pr == nil || pr.Method != "centre" || pr.Provider != "mfc-72-1" || pr.Actor != person.FormatOID(w.op) || !strings.Contains(pr.Place, "Первомайская") {
		t.Errorf("proofing %+v", p.Proofing)
	}
	w.post.Last(t, phone, "(подтверждённая)")
	var acts []string
	for _, e := range w.journalOf(t, oid) {
		acts = append(acts, string(e.Kind)+" "+e.Details["act"])
		if strings.HasPrefix(string(e.Kind), "operator") && (e.Actor != "operator:"+person.FormatOID(w.op) || e.Details["centre"] == "" || e.Details["document"] != "RF_PASSPORT") {
			t.Errorf("entry %+v", e)
		}
	}
	if got := strings.Join(acts, ", "); got != "operator_acted confirmed, identity_proven , operator_acted code_sent, operator_looked looked" {
		t.Errorf("the citizen's journal: %s", got)
	}
	own, err := w.Log(ctx, w.op, "", 10)
	if err != nil || len(own) < 3 || own[0].Kind != "confirmed" || *own[0].OID != oid {
		t.Errorf("the operator's journal: %+v, %v", own, err)
	}
	if err := w.Confirm(ctx, w.op, c.Visit, code, true); key(err) != "operator.visit_over" {
		t.Errorf("a visit works twice: %v", err)
	}
}

// ID-CNF-04: other papers than the profile's block; the candidate says which differ.
func TestOtherPapersBlock(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, true)
	for _, q := range []operator.Query{
		{Type: person.RFPassport, Document: "7111904514", SNILS: "14390561762"},
		{Type: person.ForeignID, Document: "AD 4471029", SNILS: "14390561762"},
		{Type: person.RFPassport, Document: "7111904513", SNILS: "12964487198"},
	} {
		c := w.find(t, q)
		if c.DocumentMatches == c.SNILSMatches {
			t.Errorf("%+v: candidate %+v", q, c)
		}
		must(t, w.SendCode(ctx, w.op, c.Visit))
		code := w.post.Last(t, phone, anyCode)
		err := w.Confirm(ctx, w.op, c.Visit, code, true)
		if k := key(err); k != "operator.document_differs" && k != "operator.snils_differs" {
			t.Errorf("%+v: %v", q, err)
		}
		if err := w.Recover(ctx, w.op, c.Visit, "", reason); key(err) != "operator.document_differs" {
			t.Errorf("recovered with other papers: %v", err)
		}
		w.Clock.Advance(time.Minute)
	}
	if w.level(t, oid) != person.Standard {
		t.Error("confirmed with other papers")
	}
	got, err := w.Find(ctx, w.op, operator.Query{Type: person.RFPassport, Document: "7111904514", SNILS: "12964487198"})
	if err != nil || len(got) != 0 {
		t.Errorf("strangers' papers found %+v, %v", got, err)
	}
	if _, err := w.Find(ctx, w.op, operator.Query{Type: person.RFPassport, Document: "7111", SNILS: "1"}); key(err) != "operator.query_invalid" {
		t.Errorf("half a query: %v", err)
	}
}

// ID-MFC-01: rights are looked up at the act: the operator's, the centre's, and nobody serves himself.
func TestRights(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.citizen(t, phone, true)
	c := w.find(t, papers())
	must(t, w.SendCode(ctx, w.op, c.Visit))
	code := w.post.Last(t, phone, anyCode)

	colleague := w.staff(t, "mfc-72-1", operator.MayConfirm)
	if err := w.Confirm(ctx, colleague, c.Visit, code, true); key(err) != "operator.visit_over" {
		t.Errorf("a colleague took the visit: %v", err)
	}
	if _, err := w.Compare(ctx, colleague, c.Visit); key(err) != "operator.visit_over" {
		t.Errorf("a colleague sees the visit: %v", err)
	}
	stranger := w.create(t, "")
	if _, err := w.Find(ctx, stranger, papers()); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("no operator at all: %v", err)
	}
	clerk := w.staff(t, "mfc-72-1", operator.MayRegister)
	if _, err := w.Find(ctx, clerk, papers()); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("without the right: %v", err)
	}
	must(t, w.Grant(ctx, w.op, "mfc-72-1", []operator.Right{operator.MayRecover}, "setup"))
	if err := w.Confirm(ctx, w.op, c.Visit, code, true); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("the right was withdrawn meanwhile: %v", err)
	}
	must(t, w.Grant(ctx, w.op, "mfc-72-1", operator.Acts(), "setup"))
	centre := operator.Centre{ID: "mfc-72-1", Kind: operator.MFC, Name: "МФЦ", Acts: []operator.Right{operator.MayRegister}, Active: true}
	must(t, w.PutCentre(ctx, centre))
	if err := w.Confirm(ctx, w.op, c.Visit, code, true); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("the centre may not: %v", err)
	}
	centre.Acts, centre.Active = operator.Acts(), false
	must(t, w.PutCentre(ctx, centre))
	if err := w.Confirm(ctx, w.op, c.Visit, code, true); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("the centre is closed: %v", err)
	}
	if err := w.Grant(ctx, stranger, "mfc-72-1", operator.Acts(), person.FormatOID(w.op)); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("an operator granted rights: %v", err)
	}
}

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	me := w.citizen(t, phone, true)
	must(t, w.Grant(ctx, me, "mfc-72-1", operator.Acts(), "setup"))
	w.op = me
	c := w.find(t, papers())
	must(t, w.SendCode(ctx, me, c.Visit))
	if err := w.Confirm(ctx, me, c.Visit, w.post.Last(t, phone, anyCode), true); key(err) != "operator.own_account" {
		t.Errorf("confirmed himself: %v", err)
	}
}

// ID-LVL-10, C-14: without personal data nobody is confirmed; data that the registers have not answered for are verified by the centre.
func TestConfirmFromSimplified(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, false)
	c := w.find(t, papers())
	must(t, w.SendCode(ctx, w.op, c.Visit))
	must(t, w.Confirm(ctx, w.op, c.Visit, w.post.Last(t, phone, anyCode), true))
	p, err := w.Persons.Profile(ctx, oid)
	must(t, err)
	if p.Level != person.Confirmed || p.VerifiedBy != "centre" || !p.SNILSVerified {
		t.Errorf("profile %+v", p)
	}
}

// ID-REG-26, ID-MFC-02: on the spot, confirmed at once, temporary password by SMS; no second account for the same person.
func TestRegisterOnTheSpot(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	n := operator.NewAccount{Form: form(), Phone: "8 912 000-01-01", Email: "anna@example.com", Consent: true, Locale: "ru"}
	bad := n
	bad.Phone, bad.Consent, bad.Form.Sex = "1", false, ""
	if _, err := w.BeginRegistration(ctx, w.op, bad); key(err) != "enrol.form_invalid" {
		t.Errorf("a bad form: %v", err)
	}
	visit, err := w.BeginRegistration(ctx, w.op, n)
	must(t, err)
	if page, err := w.Compare(ctx, w.op, visit); err != nil || page.Kind != "register" || page.Form == nil || page.Code == nil || page.Phone != phone {
		t.Errorf("page %+v, %v", page, err)
	}
	if _, err := w.FinishRegistration(ctx, w.op, visit, "12345x", true); key(err) != "enrol.code_wrong" {
		t.Errorf("without the code: %v", err)
	}
	oid, err := w.FinishRegistration(ctx, w.op, visit, w.post.Last(t, phone, anyCode), true)
	must(t, err)
	p, err := w.Persons.Profile(ctx, oid)
	must(t, err)
	if p.Level != person.Confirmed || !p.SNILSVerified || !p.Contact(person.Phone).Confirmed || p.Contact(person.Email).Confirmed {
		t.Errorf("profile %+v", p)
	}
	pw := w.post.Last(t, phone, `Временный пароль: (\S+)\.`)
	v, err := w.Credentials.VerifyPassword(ctx, credential.Try{OID: oid, Password: pw})
	if err != nil || !v.OK || !v.MustChange {
		t.Errorf("%q: %+v, %v", pw, v, err)
	}
	if a, err := w.Enrolments.Agreements(ctx, oid); err != nil || len(a) != 1 || a[0].Channel != "centre" {
		t.Errorf("consent %+v, %v", a, err)
	}
	w.post.Last(t, "anna@example.com", `/link/(\S+)`)
	w.Clock.Advance(time.Hour)
	n.Phone = "+79120000102"
	if _, err := w.BeginRegistration(ctx, w.op, n); key(err) != "operator.account_exists" {
		t.Errorf("a second account: %v", err)
	}
}

// ID-MFC-05: the operator completes an unfinished registration, once the citizen's code has proved whose it is.
func TestAssist(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.create(t, phone)
	half := enrol.Form{Surname: "Тестова", Given: "Анна", BirthPlace: "г. Тюмень"}
	must(t, w.Enrolments.SaveForm(ctx, oid, half))
	visit, err := w.BeginAssist(ctx, w.op, phone)
	must(t, err)
	if _, err := w.AssistForm(ctx, w.op, visit); key(err) != "operator.code_first" {
		t.Errorf("the form before the code: %v", err)
	}
	if page, err := w.Compare(ctx, w.op, visit); err != nil || page.Profile != nil {
		t.Errorf("the profile before the code: %+v, %v", page, err)
	}
	if err := w.FinishAssist(ctx, w.op, visit, form(), true); key(err) != "operator.code_first" {
		t.Errorf("finished before the code: %v", err)
	}
	must(t, w.EnterAssistCode(ctx, w.op, visit, w.post.Last(t, phone, anyCode)))
	if f, err := w.AssistForm(ctx, w.op, visit); err != nil || f.BirthPlace != "г. Тюмень" {
		t.Errorf("form %+v, %v", f, err)
	}
	must(t, w.FinishAssist(ctx, w.op, visit, form(), true))
	if w.level(t, oid) != person.Confirmed {
		t.Error("not confirmed")
	}

	// Whoever registered by e-mail alone is helped too.
	byMail := w.create(t, "+79120000555")
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := w.Persons.AddContact(ctx, tx, byMail, person.Email, "mail@example.com")
		if err != nil {
			return err
		}
		_, err = w.Persons.ConfirmContact(ctx, tx, byMail, c.ID)
		return err
	}))
	if visit, err = w.BeginAssist(ctx, w.op, "Mail@Example.com"); err != nil {
		t.Fatal(err)
	}
	must(t, w.EnterAssistCode(ctx, w.op, visit, w.post.Last(t, "mail@example.com", anyCode)))
	for _, text := range []string{"", "x", "112-233-445 95"} {
		if _, err := w.BeginAssist(ctx, w.op, text); key(err) != "operator.query_invalid" {
			t.Errorf("assist by %q: %v", text, err)
		}
	}

	// An unknown phone looks the same and leads nowhere.
	unknown, err := w.BeginAssist(ctx, w.op, "+79120000999")
	must(t, err)
	if err := w.EnterAssistCode(ctx, w.op, unknown, "123456"); key(err) != "enrol.code_wrong" || len(w.post.To("+79120000999")) != 0 {
		t.Errorf("unknown phone: %v, %d messages", err, len(w.post.To("+79120000999")))
	}
}

// ID-REC-07, ID-MFC-04: a temporary password by SMS; with a lost phone the new number is proved by a code first.
func TestRecover(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, true)
	h, err := w.Credentials.Hash(ctx, "Okno-2026!")
	must(t, err)
	var token string
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if err = w.Credentials.SetPassword(ctx, tx, oid, h); err != nil {
			return err
		}
		token, _, err = w.Sessions.Open(ctx, tx, session.Opening{OID: oid, Level: person.Standard, AMR: []string{session.AMRPassword}})
		return err
	}))
	c := w.find(t, papers())
	if err := w.Recover(ctx, w.op, c.Visit, "", "нет"); key(err) != "operator.reason_missing" {
		t.Errorf("without a reason: %v", err)
	}
	must(t, w.Recover(ctx, w.op, c.Visit, "", reason))
	if s, _ := w.Sessions.ByToken(ctx, token); s != nil {
		t.Error("a session outlived the recovery")
	}
	if v, _ := w.Credentials.VerifyPassword(ctx, credential.Try{OID: oid, Password: "Okno-2026!"}); v.OK {
		t.Error("the old password works")
	}
	pw := w.post.Last(t, phone, `Временный пароль: (\S+)\.`)
	if v, err := w.Credentials.VerifyPassword(ctx, credential.Try{OID: oid, Password: pw}); err != nil || !v.OK || !v.MustChange {
		t.Errorf("%+v, %v", v, err)
	}
	if e := w.journalOf(t, oid)[0]; e.Details["act"] != "recovered" || e.Details["reason"] != reason {
		t.Errorf("journal %+v", e)
	}

	const lost = "+79120000555"
	w.Clock.Advance(time.Hour)
	c = w.find(t, papers())
	must(t, w.SetNewPhone(ctx, w.op, c.Visit, lost))
	if err := w.Recover(ctx, w.op, c.Visit, "12345x", reason); key(err) != "enrol.code_wrong" {
		t.Errorf("the new number was not proved: %v", err)
	}
	must(t, w.Recover(ctx, w.op, c.Visit, w.post.Last(t, lost, anyCode), reason))
	w.post.Last(t, lost, `Временный пароль: (\S+)\.`)
	w.post.Last(t, phone, `(больше не связан)`)
	if p, err := w.Persons.FindByLogin(ctx, person.LoginPhone, lost); err != nil || p == nil || p.OID != oid {
		t.Errorf("login by the new number: %v, %v", p, err)
	}
}

// G-42: corrected by the papers, with a reason, visible and told; never to data that are not those of the papers.
func TestCorrect(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, true)
	c := w.find(t, operator.Query{Type: person.RFPassport, Document: "7126000001", SNILS: "14390561762"})
	fixed := form()
	fixed.Surname, fixed.IssueDate = "Пробная", "01.11.2026"
	if err := w.Correct(ctx, w.op, c.Visit, operator.Correction{Form: fixed, Reason: reason}); key(err) != "operator.query_invalid" {
		t.Errorf("another passport than the one shown: %v", err)
	}
	fixed.Document = "71 26 000001"
	if err := w.Correct(ctx, w.op, c.Visit, operator.Correction{Form: fixed}); key(err) != "operator.reason_missing" {
		t.Errorf("without a reason: %v", err)
	}
	must(t, w.Correct(ctx, w.op, c.Visit, operator.Correction{Form: fixed, Reason: "Паспорт заменён после брака"}))
	p, err := w.Persons.Profile(ctx, oid)
	must(t, err)
	if p.Surname != "Пробная" || p.Identity.Number != "000001" || p.Level != person.Standard || p.VerifiedBy != "centre" {
		t.Errorf("profile %+v", p.Person)
	}
	w.post.Last(t, phone, `(заменён после брака)`)
	if e := w.journalOf(t, oid)[0]; e.Details["act"] != "corrected" || e.Details["reason"] != "Паспорт заменён после брака" {
		t.Errorf("journal %+v", e)
	}
}

// A visit ends by itself, and what it held is erased.
func TestVisitEnds(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.citizen(t, phone, true)
	c := w.find(t, papers())
	w.Clock.Advance(2 * time.Hour)
	if _, err := w.Compare(ctx, w.op, c.Visit); key(err) != "operator.visit_over" {
		t.Errorf("after two hours: %v", err)
	}
	w.jobs(t)
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM operator.visit WHERE sealed IS NOT NULL`)
		if n != 0 {
			t.Error("an old visit keeps its values")
		}
		return err
	}))
	// G-22: acts and visits go when the journal's term has ended.
	w.Clock.Advance(3 * 365 * 24 * time.Hour)
	w.jobs(t)
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT (SELECT count(*) FROM operator.visit)::int + (SELECT count(*) FROM operator.act)::int`)
		if n != 0 {
			t.Errorf("%d visits and acts outlived their term", n)
		}
		return err
	}))
}

// A deleted account leaves nothing in visits; an operator's own account takes the rights along.
func TestErase(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	oid := w.citizen(t, phone, true)
	c := w.find(t, papers())
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Erase(ctx, tx, oid) }))
	if _, err := w.Compare(ctx, w.op, c.Visit); key(err) != "operator.visit_over" {
		t.Errorf("the visit of a deleted account: %v", err)
	}
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Erase(ctx, tx, w.op) }))
	if _, err := w.Get(ctx, w.op); !fault.Is(err, fault.KindForbidden) {
		t.Errorf("a deleted operator has rights: %v", err)
	}
}

// ID-CNF-05: centres have a kind, and the list filters by it.
func TestCentres(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	must(t, w.PutCentre(ctx, operator.Centre{ID: "post-625000", Kind: operator.Post, Name: "Отделение Почты России", Acts: []operator.Right{operator.MayConfirm}, Active: true}))
	must(t, w.PutCentre(ctx, operator.Centre{ID: "closed", Kind: operator.Post, Name: "Закрыто"}))
	if got, err := w.Centres(ctx, operator.Post); err != nil || len(got) != 1 || got[0].ID != "post-625000" {
		t.Errorf("post %+v, %v", got, err)
	}
	if got, err := w.Centres(ctx, ""); err != nil || len(got) != 2 || got[0].Kind != operator.MFC {
		t.Errorf("all %+v, %v", got, err)
	}
	if err := w.PutCentre(ctx, operator.Centre{ID: "x", Kind: "kiosk", Name: "x"}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("an unknown kind: %v", err)
	}
}
