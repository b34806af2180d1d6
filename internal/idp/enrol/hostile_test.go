package enrol_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
)

const formKey = "0198a0c0-0000-7000-8000-000000000001"

// ID-REG-07, ID-REG-23: the same form sent twice is one attempt and one message; corrected with the browser's
// «back», under the same key, it is another one and its code goes to the corrected number.
func TestFormSentAgain(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	a := application("8 912 000-01-01", "")
	a.Key = formKey
	first, twice := w.begin(t, a), w.begin(t, a)
	if first != twice || len(w.Post.To(phone)) != 1 {
		t.Errorf("two attempts out of one form: %v, messages %q", first == twice, w.Post.To(phone))
	}
	a.Phone = second
	corrected := w.begin(t, a)
	r, err := w.Registration(context.Background(), corrected)
	must(t, err)
	if corrected == first || r.Phone != second || len(w.Post.To(second)) != 1 {
		t.Errorf("the corrected form leads to %s, messages %q", r.Phone, w.Post.To(second))
	}
	w.registered(t, "+79120000105")
	w.Clock.Advance(time.Hour)
	recover := func(text string) string {
		token, err := w.BeginRecovery(context.Background(), enrol.WayContact, text, "ru", formKey, visit)
		must(t, err)
		return token
	}
	before := len(w.Post.To("+79120000105"))
	if x, y := recover("+79120000104"), recover("+79120000105"); x == y || len(w.Post.To("+79120000105")) != before+1 {
		t.Error("a corrected recovery goes to the first number")
	}
}

// ID-REG-08, ID-REC-04: of many codes entered at once only the permitted number is judged, and a right one is
// accepted once.
func TestCodesAtOnce(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	token := w.begin(t, application(phone, ""))
	right := w.Post.Code(t, phone)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	var mu sync.Mutex
	judged := map[string]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := w.EnterRegistrationCode(ctx, token, wrong)
			mu.Lock()
			judged[key(err)]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if judged["enrol.code_wrong"] != 4 || judged["enrol.code_spent"] != 16 {
		t.Errorf("judged %v", judged)
	}
	if err := w.EnterRegistrationCode(ctx, token, right); key(err) != "enrol.code_spent" {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
}

// ID-REC-04: each new code is a new chance to guess, so a contact gets a bounded number of them in a day.
func TestCodesOfADay(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.registered(t, phone)
	sent, refused := len(w.Post.To(phone)), 0
	for range 23 * 6 { // every ten minutes
		w.Clock.Advance(10 * time.Minute)
		if _, err := w.BeginRecovery(ctx, enrol.WayContact, phone, "ru", "", visit); fault.Is(err, fault.KindLimited) {
			refused++
		} else {
			must(t, err)
		}
	}
	if got := len(w.Post.To(phone)) - sent; got > 24 || refused == 0 {
		t.Errorf("%d codes in a day, %d refused", got, refused)
	}
	w.Clock.Advance(24 * time.Hour)
	if _, err := w.BeginRecovery(ctx, enrol.WayContact, phone, "ru", "", visit); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

// ID-REG-04, ID-REG-06: names as people bear them are taken, tricks are not.
func TestNames(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	for name, want := range map[string]string{
		"Иванова": "", "Мамин-Сибиряк": "", "О'Нил": "", "Әхмәтҗанова": "", "Nguyễn Văn": "", "Ибрагим оглы": "", "Ж": "", "de la Cruz": "",
		"Ив\u0430нoва":                     "surname enrol.name_mixed", // a Latin o
		"Anна":                             "surname enrol.name_mixed",
		"Салават Salavat":                  "", // each word in its own alphabet
		"Ан\u200bна":                       "surname enrol.name_format",
		"\u202eавоналс":                    "surname enrol.name_format",
		"а" + strings.Repeat("\u0301", 40): "surname enrol.name_format",
		"\u0301а":                          "surname enrol.name_format",
		"Иванова 2":                        "surname enrol.name_format",
		"<b>":                              "surname enrol.name_format",
		"--":                               "surname enrol.name_format",
		"李":                                "surname enrol.name_format",
		strings.Repeat("а", 101):           "surname enrol.name_long",
		strings.Repeat("а", 100):           "",
		"\u00a0 \t":                        "surname enrol.surname_missing",
	} {
		a := application("", "names@example.com")
		a.Surname, a.Email = name, ""
		a.Phone = "not a phone" // so that nothing is sent
		_, err := w.BeginRegistration(context.Background(), a, visit)
		got := strings.TrimPrefix(strings.TrimSuffix(fields(err), "phone enrol.phone_format"), "")
		if got = strings.TrimSuffix(got, ", "); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// ID-REG-22, ID-REG-23: one contact in different spellings is one contact.
func TestSpellingsOfOneContact(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	must(t, w.AddContact(ctx, w.self(e), person.Email, "Anna@ПОЧТА.рф"))
	_, err := w.ConfirmEmail(ctx, w.Post.Link(t, "anna@xn--80a1acny.xn--p1ai"), visit)
	must(t, err)
	for _, c := range []struct {
		kind   person.LoginKind
		phones string
	}{
		{person.LoginPhone, "+79120000101|8 912 000 01 01|7 (912) 000.01.01|9120000101|+7\u00a0912\u00a0000‑01‑01"},
		{person.LoginEmail, "anna@почта.рф|ANNA@xn--80a1acny.xn--p1ai| Anna@Почта.РФ "},
	} {
		for _, text := range strings.Split(c.phones, "|") {
			kind, value, ok := person.ParseLogin(strings.TrimSpace(text), false)
			found, err := w.Persons.FindByLogin(ctx, kind, value)
			if !ok || kind != c.kind || err != nil || found == nil || found.OID != e.OID {
				t.Errorf("%q: %v %s %q, %v, %v", text, ok, kind, value, found, err)
			}
		}
	}
}

// ID-VER-01: dates that cannot be.
func TestDates(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ birth, issue, want string }{
		{"29.02.1992", "06.05.2011", ""},
		{"29.02.1991", "06.05.2011", "birth_date enrol.date_format"},
		{"31.04.1991", "06.05.2011", "birth_date enrol.date_format"},
		{"22.11.2026", "21.11.2026", "birth_date enrol.date_future"},
		{"17.04.1891", "06.05.2011", "birth_date enrol.birth_date_old"},
		{"17.04.1991", "22.11.2026", "issue_date enrol.date_future"},
		{"29.02.2008", "28.02.2022", "issue_date enrol.issue_before_14"},
		{"29.02.2008", "01.03.2022", ""}, // 14 on the first day after the 28th
		{"17.04.1991", "16.04.1991", "issue_date enrol.issue_before_birth"},
	} {
		f := form()
		f.BirthDate, f.IssueDate = c.birth, c.issue
		if _, err := f.Read(today); fields(err) != c.want {
			t.Errorf("born %s, issued %s: %q, want %q", c.birth, c.issue, fields(err), c.want)
		}
	}
	f := form()
	f.BirthPlace = "г. Тюмень\u202e"
	if _, err := f.Read(today); fields(err) != "birth_place enrol.text_format" {
		t.Errorf("a turned text: %q", fields(err))
	}
}

// ID-VER-03: SNILS by its check digits, in usual spellings.
func TestSNILSSpellings(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"143-905-617 62": "", "14390561762": "", "143 905 617-62": "",
		"143-905-617 63": "snils ruid.snils.check", "1439056176": "snils ruid.snils.format", "143-905-617 622": "snils ruid.snils.format",
		"000-000-000 00": "snils ruid.snils.check", "": "snils enrol.snils_missing",
	} {
		f := form()
		f.SNILS = text
		_, err := f.Read(today)
		if got := fields(err); got != want && !(want != "" && strings.HasPrefix(got, "snils ruid.snils.")) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// ID-ACC-07: a form sent twice adds one card, one vehicle, one document; a second card of the same child is refused.
func TestCardsSentTwice(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	card := enrol.ChildForm{Surname: "Тестов", Given: "Илья", Sex: "M", BirthDate: "25.03.2017"}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := w.PutChild(ctx, w.self(e), "", card); err != nil {
				t.Error(err)
			}
			if _, err := w.AddVehicle(ctx, w.self(e), enrol.VehicleForm{Name: "Лада", Plate: "А123ВС72"}); err != nil {
				t.Error(err)
			}
			if doc, err := w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.DrivingLicence, Number: "99 12 123456"}); err != nil || doc.State != person.DocumentChecking {
				t.Error(doc, err)
			}
		})
	}
	wg.Wait()
	questions := w.MVD.Questions()
	w.settle(t)
	p := w.profile(t, e.OID)
	licences := 0
	for _, d := range p.Documents {
		if d.Type == person.DrivingLicence {
			licences++
		}
	}
	if len(p.Children) != 1 || len(p.Vehicles) != 1 || licences != 1 || w.MVD.Questions() != questions+1 {
		t.Errorf("%d children, %d vehicles, %d licences, %d questions", len(p.Children), len(p.Vehicles), licences, w.MVD.Questions()-questions)
	}
	card.SNILS = "173-344-521 59"
	if _, err := w.PutChild(ctx, w.self(e), "", card); key(err) != "person.child_known" {
		t.Errorf("a second card of the child: %v", err)
	}
	if _, err := w.PutChild(ctx, w.self(e), p.Children[0].ID, card); err != nil {
		t.Errorf("changing the card: %v", err)
	}
	if _, err := w.AddVehicle(ctx, w.self(e), enrol.VehicleForm{Name: "Волга", Plate: "А123ВС72"}); key(err) != "person.vehicle_known" {
		t.Errorf("a second vehicle of the number: %v", err)
	}
}

// ID-SEC-13: whoever changes the contacts cannot do it behind the owner's back: each contact of before is told.
func TestEveryContactOfBeforeIsTold(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	newest := func(to string) string { return w.Post.To(to)[len(w.Post.To(to))-1] }
	must(t, w.AddContact(ctx, w.self(e), person.Email, email))
	_, err := w.ConfirmEmail(ctx, w.Post.Link(t, email), visit)
	must(t, err)
	if got := newest(phone); !strings.Contains(got, "новый контакт: a***@example.com") {
		t.Errorf("a first e-mail: the phone got %q", got)
	}
	must(t, w.AddContact(ctx, w.self(e), person.Phone, second))
	must(t, w.ConfirmPhone(ctx, w.self(e), w.Post.Code(t, second)))
	if old, mail := newest(phone), newest(email); !strings.Contains(old, "больше не связан") || !strings.Contains(mail, "новый контакт: +7 912 ***-**-") {
		t.Errorf("a changed phone: the old one got %q, the e-mail %q", old, mail)
	}
	if got := newest(second); strings.Contains(got, "контакт") {
		t.Errorf("the new phone is told of itself: %q", got)
	}
	must(t, w.RemoveContact(ctx, w.self(e), w.profile(t, e.OID).Contact(person.Email).ID))
	if gone, left := newest(email), newest(second); !strings.Contains(gone, "удалена из вашей") || !strings.Contains(left, "удалён контакт: a***@example.com") {
		t.Errorf("a removed e-mail: it got %q, the phone %q", gone, left)
	}
}

// ID-VER-13, ID-VER-15: a document that newer values replaced while it was asked about comes back by no answer, and
// takes nothing away.
func TestAnswerAboutReplacedDocument(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.standard(t, phone)
	w.MVD.Set(enrol.Answer{Result: enrol.Pending}, nil)
	put := func(number string) {
		_, err := w.PutDocument(ctx, e.OID, enrol.DocumentForm{Type: person.DrivingLicence, Number: number})
		must(t, err)
		w.settle(t)
	}
	put("99 12 123456")
	put("99 12 654321")
	w.MVD.Set(enrol.Answer{Result: enrol.Match}, nil)
	w.Clock.Advance(time.Hour)
	w.settle(t)
	var got []string
	for _, d := range w.profile(t, e.OID).Documents {
		if d.Type == person.DrivingLicence {
			got = append(got, d.Number+" "+string(d.State))
		}
	}
	if strings.Join(got, ", ") != "654321 verified" {
		t.Errorf("documents %q", got)
	}
}
