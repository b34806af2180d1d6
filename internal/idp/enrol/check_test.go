package enrol_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

var (
	errAway  = errors.New("no answer")
	match    = enrol.Answer{Result: enrol.Match}
	pending  = enrol.Answer{Result: enrol.Pending}
	mismatch = enrol.Answer{Result: enrol.Mismatch, Reason: "DOCUMENT_NOT_FOUND"}
)

func (w *world) status(t *testing.T, oid person.OID) *enrol.CheckStatus {
	t.Helper()
	s, err := w.Status(context.Background(), oid)
	must(t, err)
	return s
}

// ID-VER-04…07, ID-VER-11: two checks; standard only after the second success; the person is told.
func TestBothChecksRaiseTheLevel(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.SFR.Set(pending, nil)
	before := len(w.Post.To(phone))
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
	w.settle(t)
	s := w.status(t, e.OID)
	if s.State != person.VersionChecking || len(s.Checks) != 2 || s.Checks[0].State != enrol.CheckMatched || s.Checks[1].State != enrol.CheckAsked {
		t.Fatalf("status %+v", s)
	}
	if !s.SentAt.Equal(start) || !s.DueAt.Equal(start.Add(5*24*time.Hour)) || s.Checks[1].AskedAt == nil || s.Checks[1].Away {
		t.Errorf("awaited since %v until %v: %+v", s.SentAt, s.DueAt, s.Checks[1])
	}
	if p := w.profile(t, e.OID); p.Level != person.Simplified || p.SNILSVerified {
		t.Fatalf("level %s after one success", p.Level)
	}
	w.SFR.Set(match, nil)
	w.Clock.Advance(time.Minute)
	w.settle(t)
	p := w.profile(t, e.OID)
	if p.Level != person.Standard || !p.SNILSVerified || p.Identity.VerifiedBy != "mvd" || p.VerifiedBy != "registers" || p.Pending != nil {
		t.Errorf("profile %+v", p)
	}
	if texts := w.Post.To(phone)[before:]; len(texts) != 1 || !strings.Contains(texts[0], "стандартная") {
		t.Errorf("messages %q", texts)
	}
	// ID-VER-12: the session of before acts with its old level.
	old, err := w.Sessions.ByToken(ctx, e.Token)
	if must(t, err); old.Effective(p.Level) != person.Simplified {
		t.Error("the old session has the new level")
	}
	// ID-VER-18: one entry per query with agency, purpose, result.
	page, err := w.Journal.List(ctx, e.OID, journal.Filter{Kinds: journal.Kinds(journal.GroupExchange)})
	must(t, err)
	var got []string
	for _, x := range page.Entries {
		got = append(got, x.Details["agency"]+" "+x.Details["purpose"]+" "+x.Details["result"]+" "+x.Actor)
	}
	if strings.Join(got, ", ") != "sfr snils matched system, mvd identity_document matched system" {
		t.Errorf("requests %q", got)
	}
	// Sending the same again asks nobody.
	asked := w.MVD.Questions()
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
	w.settle(t)
	if w.MVD.Questions() != asked {
		t.Error("verified data were asked about again")
	}
}

// ID-VER-08, ID-VER-09: a mismatch ends the check with its reason; the form comes back as typed and can be sent again.
func TestMismatchAndCorrection(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.MVD.Set(mismatch, nil)
	typo := form()
	typo.Document = "7111 904514"
	before := len(w.Post.To(phone))
	must(t, w.SubmitForm(ctx, e.OID, typo, visit))
	w.settle(t)
	s := w.status(t, e.OID)
	if s.State != person.VersionFailed || strings.Join(s.Reasons(), " ") != "enrol.reason.document_not_found" {
		t.Fatalf("status %+v, reasons %v", s, s.Reasons())
	}
	if p := w.profile(t, e.OID); p.Level != person.Simplified || p.Pending == nil {
		t.Errorf("level %s", p.Level)
	}
	texts := w.Post.To(phone)[before:]
	if len(texts) != 1 || !strings.Contains(texts[0], "не прошли проверку") {
		t.Errorf("messages %q", texts)
	}
	back, err := w.GetForm(ctx, e.OID)
	if must(t, err); *back != typo {
		t.Errorf("the form came back as %+v", back)
	}
	w.MVD.Set(match, nil)
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
	w.settle(t)
	if p := w.profile(t, e.OID); p.Level != person.Standard || p.Identity.Number != "904513" || len(p.Documents) != 1 {
		t.Errorf("after the correction: %s, %+v", p.Level, p.Documents)
	}
	// The draft is gone; the form shows what is in force.
	if back, err := w.GetForm(ctx, e.OID); err != nil || back.SNILS != "143-905-617\u00a062" && back.SNILS != "143-905-617 62" || back.BirthDate != "17.04.1991" {
		t.Errorf("form %+v, %v", back, err)
	}
}

// Both registers disagree: told once, both reasons shown.
func TestBothMismatch(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	e := w.registered(t, phone)
	w.MVD.Set(mismatch, nil)
	w.SFR.Set(enrol.Answer{Result: enrol.Mismatch, Reason: "SOMETHING_NEW"}, nil)
	before := len(w.Post.To(phone))
	must(t, w.SubmitForm(context.Background(), e.OID, form(), visit))
	w.settle(t)
	if got := strings.Join(w.status(t, e.OID).Reasons(), " "); got != "enrol.reason.document_not_found enrol.reason.other.sfr" {
		t.Errorf("reasons %s", got)
	}
	if texts := w.Post.To(phone)[before:]; len(texts) != 1 {
		t.Errorf("messages %q", texts)
	}
}

// ID-VER-10, C-07: a register that is away for three days delays and loses nothing; after five days it ends honestly.
func TestRegisterAway(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.SFR.Set(enrol.Answer{}, errAway)
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
	w.settle(t)
	if c := w.status(t, e.OID).Checks[1]; !c.Away || c.State != enrol.CheckAsked || c.Attempts != 1 {
		t.Fatalf("check %+v", c)
	}
	for range 18 {
		w.Clock.Advance(4 * time.Hour)
		w.settle(t)
	}
	if n := w.SFR.Questions(); n < 15 || n > 40 {
		t.Errorf("asked %d times in three days", n)
	}
	w.SFR.Set(match, nil)
	w.Clock.Advance(4 * time.Hour)
	w.settle(t)
	if p := w.profile(t, e.OID); p.Level != person.Standard {
		t.Fatalf("level %s after the register came back", p.Level)
	}

	second := w.registered(t, "+79120000102")
	f := form()
	f.SNILS, f.Document = "129-644-871 98", "7199 115260"
	w.MVD.Set(enrol.Answer{}, errAway)
	must(t, w.SubmitForm(ctx, second.OID, f, visit))
	w.settle(t)
	w.Clock.Advance(5*24*time.Hour + time.Minute)
	w.settle(t)
	s := w.status(t, second.OID)
	if s.State != person.VersionFailed || strings.Join(s.Reasons(), " ") != "enrol.reason.unanswered.mvd" {
		t.Errorf("after five days: %+v, %v", s, s.Reasons())
	}
	if over, err := w.Overdue(ctx); err != nil || len(over) != 1 || over[0].OID != second.OID {
		t.Errorf("alarm %+v, %v", over, err)
	}
	w.MVD.Set(match, nil)
	must(t, w.SubmitForm(ctx, second.OID, f, visit)) // sent again as it was
	w.settle(t)
	if p := w.profile(t, second.OID); p.Level != person.Standard {
		t.Errorf("level %s after sending again", p.Level)
	}
}

// Corrected data replace the question under way; its late answer changes nothing.
func TestLateAnswerToAnOldQuestion(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.MVD.Set(pending, nil)
	w.SFR.Set(pending, nil)
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
	w.settle(t)
	changed := form()
	changed.BirthPlace = "г. Тобольск"
	must(t, w.SubmitForm(ctx, e.OID, changed, visit))
	w.settle(t)
	w.MVD.Set(match, nil)
	w.SFR.Set(match, nil)
	w.Clock.Advance(time.Hour)
	w.settle(t)
	p := w.profile(t, e.OID)
	if p.Level != person.Standard || p.BirthPlace != "г. Тобольск" || *p.Version != 2 {
		t.Errorf("profile %+v", p.Person)
	}
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM enrol.check WHERE state = 'superseded'`)
		if n != 2 {
			t.Errorf("%d superseded", n)
		}
		return err
	}))
}

// ID-REG-22, G-41: the SNILS of another account is refused, and its owner is told.
func TestSNILSOfAnother(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	w.standard(t, phone)
	e := w.registered(t, "+79120000102")
	before := len(w.Post.To(phone))
	must(t, w.SubmitForm(context.Background(), e.OID, form(), visit))
	w.settle(t)
	s := w.status(t, e.OID)
	if s.State != person.VersionFailed || strings.Join(s.Reasons(), " ") != "enrol.reason.snils_taken" || w.profile(t, e.OID).Level != person.Simplified {
		t.Errorf("status %+v, %v", s, s.Reasons())
	}
	if texts := w.Post.To(phone)[before:]; len(texts) != 1 || !strings.Contains(texts[0], "СНИЛС") {
		t.Errorf("the owner got %q", texts)
	}
}

// ID-ACC-07, ID-VER-15: data can be edited at any time; after a change of verified data the old ones stay until the new check succeeds.
func TestChangeOfVerifiedData(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	married := form()
	married.Surname, married.Document, married.IssueDate = "Пробная", "7126 000001", "01.11.2026"
	w.MVD.Set(mismatch, nil)
	must(t, w.SubmitForm(ctx, e.OID, married, visit))
	w.settle(t)
	if p := w.profile(t, e.OID); p.Surname != "Тестова" || p.Level != person.Standard || p.Identity.Number != "904513" {
		t.Errorf("in force %s, %s, %+v", p.Surname, p.Level, p.Identity)
	}
	w.MVD.Set(match, nil)
	must(t, w.SubmitForm(ctx, e.OID, married, visit))
	w.settle(t)
	if p := w.profile(t, e.OID); p.Surname != "Пробная" || p.Identity.Number != "000001" {
		t.Errorf("in force %s, %+v", p.Surname, p.Identity)
	}
}

// ID-VER-01…03: twelve fields, each checked; a missing one blocks and is named; what was typed is kept.
func TestFormFields(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	err := w.SubmitForm(ctx, e.OID, enrol.Form{BirthPlace: "г. Тюмень"}, visit)
	want := "surname enrol.surname_missing, name enrol.name_missing, sex enrol.sex_missing, birth_date enrol.birth_date_missing, " +
		"snils enrol.snils_missing, citizenship enrol.citizenship_missing, issue_date enrol.issue_date_missing, issued_by enrol.issued_by_missing, " +
		"document enrol.document_missing, issuer_code enrol.issuer_code_missing"
	if fields(err) != want {
		t.Errorf("%s", fields(err))
	}
	if f, err := w.GetForm(ctx, e.OID); err != nil || f.BirthPlace != "г. Тюмень" {
		t.Errorf("kept %+v, %v", f, err)
	}
	if w.status(t, e.OID) != nil || w.MVD.Questions() != 0 {
		t.Error("an incomplete form was sent")
	}
	today := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		edit func(f *enrol.Form)
		want string
	}{
		"complete":               {func(*enrol.Form) {}, ""},
		"no patronymic":          {func(f *enrol.Form) { f.Patronymic = "" }, ""},
		"ten digits":             {func(f *enrol.Form) { f.SNILS = "143-905-617 6" }, "snils ruid.snils.format"},
		"wrong check digits":     {func(f *enrol.Form) { f.SNILS = "143-905-617 63" }, "snils ruid.snils.checksum"},
		"tomorrow":               {func(f *enrol.Form) { f.BirthDate = "22.11.2026" }, "birth_date enrol.date_future"},
		"31 February":            {func(f *enrol.Form) { f.BirthDate = "31.02.1991" }, "birth_date enrol.date_format"},
		"too old":                {func(f *enrol.Form) { f.BirthDate = "17.04.1891" }, "birth_date enrol.birth_date_old"},
		"passport at 13":         {func(f *enrol.Form) { f.BirthDate = "07.05.1997" }, "issue_date enrol.issue_before_14"},
		"before the birth":       {func(f *enrol.Form) { f.Citizenship, f.Document, f.BirthDate = "UZB", "AD 4471029", "07.05.2012" }, "issue_date enrol.issue_before_birth"},
		"short passport":         {func(f *enrol.Form) { f.Document = "7111 90451" }, "document ruid.passport.format"},
		"foreign":                {func(f *enrol.Form) { f.Citizenship, f.Document, f.IssuerCode = "UZB", "AD 4471029", "" }, ""},
		"foreign with marks":     {func(f *enrol.Form) { f.Citizenship, f.Document = "UZB", "AD*4471029" }, "document enrol.document_foreign_format"},
		"unknown country":        {func(f *enrol.Form) { f.Citizenship = "ZZZ" }, "citizenship enrol.citizenship_missing"},
		"markup":                 {func(f *enrol.Form) { f.IssuedBy = "<script>" }, "issued_by enrol.text_format"},
		"both sexes":             {func(f *enrol.Form) { f.Sex = "MF" }, "sex enrol.sex_missing"},
		"short code of division": {func(f *enrol.Form) { f.IssuerCode = "72000" }, "issuer_code ruid.department_code.format"},
	} {
		f := form()
		c.edit(&f)
		_, err := f.Read(today)
		for _, one := range strings.Split(c.want, ", ") {
			if !strings.Contains(fields(err), one) || (c.want == "") != (err == nil) {
				t.Errorf("%s: %q, want %q", name, fields(err), c.want)
			}
		}
	}
	f := form()
	f.Citizenship, f.Document = "UZB", "ad 4471029"
	if d, err := f.Read(today); err != nil || d.DocumentType != person.ForeignID || d.Document.Series != "AD" || d.Document.Number != "4471029" {
		t.Errorf("foreign document %+v, %v", d.Document, err)
	}
}

// The registers are no way to try out strangers' data.
func TestNumberOfChecksIsLimited(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	w.MVD.Set(mismatch, nil)
	for i := range 10 {
		f := form()
		f.BirthPlace += strings.Repeat(" я", i+1)
		must(t, w.SubmitForm(ctx, e.OID, f, visit))
		w.settle(t)
	}
	if err := w.SubmitForm(ctx, e.OID, form(), visit); key(err) != "enrol.too_many_checks" {
		t.Errorf("the eleventh: %v", err)
	}
	w.Clock.Advance(24 * time.Hour)
	must(t, w.SubmitForm(ctx, e.OID, form(), visit))
}

// ID-VER-13: further documents are checked for form and, where a register knows them, against it.
func TestFurtherDocuments(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	before := w.MVD.Questions()
	licence, err := w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.DrivingLicence, Number: "99 12 123456", IssueDate: "03.05.2020", ExpiryDate: "03.05.2030"})
	must(t, err)
	policy, err := w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.MilitaryID, Number: "АБ 1234567"}) // no register knows it
	must(t, err)
	if licence.State != person.DocumentChecking || policy.State != person.DocumentEntered {
		t.Errorf("states %s, %s", licence.State, policy.State)
	}
	w.MVD.Set(mismatch, nil)
	w.settle(t)
	if w.MVD.Questions() != before+1 {
		t.Errorf("asked %d times", w.MVD.Questions()-before)
	}
	state := func() person.DocumentState {
		for _, d := range w.profile(t, e.OID).Documents {
			if d.Type == person.DrivingLicence {
				return d.State
			}
		}
		return ""
	}
	if state() != person.DocumentNotFound {
		t.Errorf("licence is %s", state())
	}
	w.MVD.Set(match, nil)
	_, err = w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.DrivingLicence, Number: "99 12 123457"})
	must(t, err)
	w.settle(t)
	if state() != person.DocumentVerified {
		t.Errorf("licence is %s", state())
	}
	for _, c := range []struct {
		f    enrol.DocumentForm
		want string
	}{
		{enrol.DocumentForm{Type: person.DrivingLicence, Number: "1"}, "number ruid.licence.format"},
		{enrol.DocumentForm{Type: person.ForeignPassport, Number: "12345"}, "number enrol.number_format"},
		{enrol.DocumentForm{Type: person.ForeignPassport, Number: "70 1234567", IssueDate: "01.02.2020", ExpiryDate: "01.02.2019"}, "expiry_date enrol.expiry_before_issue"},
		{enrol.DocumentForm{Type: person.INN, Number: ""}, "number enrol.number_missing"},
		{enrol.DocumentForm{Type: "PASSPORT", Number: "1"}, "type enrol.document_type"},
	} {
		if _, err := w.PutDocument(ctx, e.OID, c.f); !strings.HasPrefix(fields(err), strings.Split(c.want, " ")[0]) || err == nil {
			t.Errorf("%+v: %s", c.f, fields(err))
		}
	}
	// What was entered before there was anybody to compare it with is asked about once there is.
	early := w.registered(t, "+79120000103")
	doc, err := w.PutDocument(ctx, early.OID, enrol.DocumentForm{Type: person.INN, Number: "500100732259"})
	must(t, err)
	w.settle(t)
	if doc.State != person.DocumentEntered || w.FNS.Questions() != 0 {
		t.Errorf("an ИНН of nobody in particular is %s, asked %d times", doc.State, w.FNS.Questions())
	}
	f := form()
	f.SNILS, f.Document = "112-233-445 95", "71 11 904514"
	must(t, w.SubmitForm(ctx, early.OID, f, visit))
	w.settle(t)
	for _, d := range w.profile(t, early.OID).Documents {
		if d.Type == person.INN && (d.State != person.DocumentVerified || d.VerifiedBy != enrol.RegisterFNS) {
			t.Errorf("afterwards it is %s by %q", d.State, d.VerifiedBy)
		}
	}
	stranger := w.registered(t, "+79120000102")
	if err := w.RemoveDocument(ctx, stranger.OID, policy.ID); key(err) != "person.document_not_found" {
		t.Errorf("a foreign document: %v", err)
	}
	must(t, w.RemoveDocument(ctx, e.OID, policy.ID))
}
