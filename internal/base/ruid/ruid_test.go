package ruid

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// kind is what all identifiers have in common, for tests that hold for each of them.
type kind struct {
	name   string
	parse  func(string) (fmt.Stringer, error)
	valid  func(string) bool
	sample func(uint64) fmt.Stringer
}

func of[T interface {
	~string
	fmt.Stringer
	Valid() bool
}](name string, parse func(string) (T, error), sample func(uint64) T) kind {
	return kind{
		name:   name,
		parse:  func(s string) (fmt.Stringer, error) { return parse(s) },
		valid:  func(s string) bool { return T(s).Valid() },
		sample: func(n uint64) fmt.Stringer { return sample(n) },
	}
}

func constant[T any](v T) func(uint64) T { return func(uint64) T { return v } }

var kinds = []kind{
	of("snils", ParseSNILS, SampleSNILS),
	of("inn", ParseINN, SamplePersonINN),
	of("inn", ParseINN, SampleLegalINN),
	of("ogrn", ParseOGRN, SampleOGRN),
	of("ogrnip", ParseOGRNIP, SampleOGRNIP),
	of("kpp", ParseKPP, SampleKPP),
	of("bik", ParseBIK, constant(BIK("044525225"))),
	of("account", func(s string) (atSber, error) { a, err := ParseAccount("044525225", s); return atSber(a), err }, func(n uint64) atSber { return atSber(SampleAccount("044525225", n)) }),
	of("kbk", ParseKBK, constant(KBK("18210102010011000110"))),
	of("oktmo", ParseOKTMO, constant(OKTMO("71701000"))),
	of("uin", ParseUIN, SampleUIN),
	of("enp", ParseENP, SampleENP),
	of("passport", ParsePassport, SamplePassport),
	of("department_code", ParseDepartmentCode, constant(DepartmentCode("720001"))),
	of("birth_certificate", ParseBirthCertificate, SampleBirthCertificate),
	of("driver_licence", ParseDriverLicence, SampleDriverLicence),
	of("vehicle_cert", ParseVehicleCert, SampleVehicleCert),
	of("plate", ParsePlate, SamplePlate),
	of("phone", ParsePhone, SamplePhone),
	of("email", ParseEmail, SampleEmail),
	of("app_number", ParseAppNumber, func(n uint64) AppNumber { a, _ := NewAppNumber(72, 2026, int(n%maxSequence)+1); return a }),
}

// atSber is an account read at the bank of the known sample.
type atSber Account

func (a atSber) String() string { return Account(a).String() }
func (a atSber) Valid() bool    { return Account(a).ValidAt("044525225") }

// Samples are valid, read back from what people see, and are stable in their canonical form.
func TestSamplesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		rapid.Check(t, func(t *rapid.T) {
			v := k.sample(rapid.Uint64Range(0, 1<<40).Draw(t, "n"))
			canonical := fmt.Sprintf("%q", v.String())
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var stored string
			if err := json.Unmarshal(raw, &stored); err != nil {
				t.Fatal(err)
			}
			if !k.valid(stored) {
				t.Fatalf("%s: sample %s is not valid", k.name, canonical)
			}
			for _, text := range []string{stored, v.String(), " " + v.String() + "\u00a0"} {
				back, err := k.parse(text)
				if err != nil || back != v {
					t.Fatalf("%s: %q → %v, %v", k.name, text, back, err)
				}
			}
		})
	}
}

// Errors are typed, name a message of the kind and never hold the value.
func TestErrorsTellKindOnly(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		for _, text := range []string{"", "секрет", strings.Repeat("9", 400), "0", "\x00", "--"} {
			_, err := k.parse(text)
			var typed *Error
			if !errors.As(err, &typed) || !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %q: err = %v", k.name, text, err)
				continue
			}
			if typed.Key() != "ruid."+k.name+".format" {
				t.Errorf("%s: key = %q", k.name, typed.Key())
			}
			if len(text) > 2 && strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error holds the value: %v", k.name, err)
			}
		}
	}
}

// Check digits find every single mistyped digit, in each scheme as far as the scheme can.
func TestSingleWrongDigitIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		parse  func(string) error
		sample func(uint64) string
	}{
		{"snils", errOf(ParseSNILS), func(n uint64) string { return string(SampleSNILS(n)) }},
		{"enp", errOf(ParseENP), func(n uint64) string { return string(SampleENP(n)) }},
		{"app_number", errOf(ParseAppNumber), func(n uint64) string {
			a, _ := NewAppNumber(72, 2026, int(n%maxSequence)+1)
			return strings.ReplaceAll(string(a), "-", "")
		}},
	} {
		rapid.Check(t, func(t *rapid.T) {
			b := []byte(c.sample(rapid.Uint64Range(0, 1<<30).Draw(t, "n")))
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			b[at] = '0' + (b[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
			if c.parse(string(b)) == nil && (c.kind != "snils" || string(b[:9]) > "001001998") {
				t.Fatalf("%s: %s passed", c.kind, b)
			}
		})
	}
}

func errOf[T any](parse func(string) (T, error)) func(string) error {
	return func(s string) error { _, err := parse(s); return err }
}

// Known values from public registers and publications, see domain-facts: they guard against a scheme that is wrong
// in generator and parser alike.
func TestKnownValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parse func(string) (fmt.Stringer, error)
		in    string
		want  string
		err   error
	}{
		// ID-VER-03
		{p(ParseSNILS), "112-233-445 95", "112-233-445 95", nil},
		{p(ParseSNILS), "11223344595", "112-233-445 95", nil},
		{p(ParseSNILS), "112 233 445 95", "112-233-445 95", nil},
		{p(ParseSNILS), "112-233-445 96", "", ErrChecksum},
		{p(ParseSNILS), "112-233-445 9", "", ErrFormat},
		{p(ParseSNILS), "112-233-445 955", "", ErrFormat},
		{p(ParseSNILS), "001-001-998 00", "001-001-998 00", nil}, // no check digits up to here
		{p(ParseSNILS), "000-000-000 00", "", ErrFormat},
		{p(ParseSNILS), "١١٢٢٣٣٤٤٥٩٥", "", ErrFormat}, // digits of another script
		{p(ParseSNILS), "087-654-303 00", "087-654-303 00", nil},
		{p(ParseINN), "7707083893", "7707083893", nil},
		{p(ParseINN), "7707083894", "", ErrChecksum},
		{p(ParseINN), "500100732259", "500100732259", nil},
		{p(ParseINN), "500100732258", "", ErrChecksum},
		{p(ParseINN), "500100732249", "", ErrChecksum},
		{p(ParseINN), "0000000000", "", ErrFormat},
		{p(ParseINN), "77070838931", "", ErrFormat},
		{p(ParseOGRN), "1027700132195", "1027700132195", nil},
		{p(ParseOGRN), "1027700132196", "", ErrChecksum},
		{p(ParseOGRN), "0027700132195", "", ErrFormat},
		{p(ParseOGRNIP), "304500116000157", "304500116000157", nil},
		{p(ParseOGRNIP), "304500116000158", "", ErrChecksum},
		{p(ParseOGRNIP), "104500116000157", "", ErrFormat},
		{p(ParseKPP), "7728aa001", "7728AA001", nil},
		{p(ParseKPP), "773601001", "773601001", nil},
		{p(ParseKPP), "7736ЯЯ001", "", ErrFormat},
		{p(ParseBIK), "044525225", "044525225", nil},
		{p(ParseBIK), "144525225", "", ErrFormat},
		{at("044525225"), "30101810400000000225", "3010 1810 4000 0000 0225", nil},
		{at("044525225"), "30101810500000000225", "", ErrChecksum},
		{at("044525225"), "3010181040000000022", "", ErrFormat},
		{at("04452522"), "30101810400000000225", "", ErrFormat},
		{at("017003983"), "40102810445370000059", "4010 2810 4453 7000 0059", nil}, // single treasury account
		{at("049805746"), "40602810700000000025", "4060 2810 7000 0000 0025", nil}, // the order's own example
		{at("049805000"), "30101810800000000746", "3010 1810 8000 0000 0746", nil}, // the order's own example
		{at("017003983"), "03100643000000018500", "0310 0643 0000 0001 8500", nil}, // treasury account for taxes
		{p(ParseKBK), "182 1 01 02010 01 1000 110", "18210102010011000110", nil},
		{p(ParseKBK), "1821010201001100011", "", ErrFormat},
		{p(ParseOKTMO), "71701000", "71701000", nil},
		{p(ParseOKTMO), "71701000001", "71701000001", nil},
		{p(ParseOKTMO), "717010000", "", ErrFormat},
		{p(ParseUIN), "abcd0000000000000017", "ABCD 0000 0000 0000 0017", nil},
		{p(ParseUIN), "0", "", ErrFormat},
		{p(ParseUIN), "00000000000000000000", "", ErrFormat},
		{p(ParseUIN), "1880000000000000000_", "", ErrFormat},
		{p(ParsePassport), "71 14 № 482106", "71 14 № 482106", nil},
		{p(ParsePassport), "7114 482106", "71 14 № 482106", nil},
		{p(ParsePassport), "Серия 7114 номер 482106", "71 14 № 482106", nil},
		{p(ParsePassport), "7114 000000", "", ErrFormat},
		{p(ParsePassport), "0014 482106", "", ErrFormat},
		{p(ParseDepartmentCode), "720-001", "720-001", nil},
		{p(ParseDepartmentCode), "720001", "720-001", nil},
		{p(ParseDepartmentCode), "72-001", "", ErrFormat},
		{p(ParseBirthCertificate), "I-АБ 123456", "I-АБ 123456", nil},
		{p(ParseBirthCertificate), "i-аб №123456", "I-АБ 123456", nil},
		{p(ParseBirthCertificate), "ХІV АБ 123456", "XIV-АБ 123456", nil}, // Cyrillic Х and І
		{p(ParseBirthCertificate), "IAB123456", "I-АВ 123456", nil},       // Latin A and B
		{p(ParseBirthCertificate), "11-ФР 123456", "II-ФР 123456", nil},   // ones for Roman ones
		{p(ParseBirthCertificate), "IIII-АБ 123456", "", ErrFormat},
		{p(ParseBirthCertificate), "АБ 123456", "", ErrFormat},
		{p(ParseBirthCertificate), "I-ZZ 123456", "", ErrFormat},
		{p(ParseDriverLicence), "72ав123456", "72 АВ 123456", nil},
		{p(ParseDriverLicence), "7229 123456", "72 29 123456", nil},
		{p(ParseDriverLicence), "72А9123456", "", ErrFormat},
		{p(ParseVehicleCert), "72 AB № 123456", "72 АВ 123456", nil},
		{p(ParseVehicleCert), "72 AB 000000", "", ErrFormat},
		{p(ParsePlate), "a123bc72", "А 123 ВС 72", nil}, // Latin letters
		{p(ParsePlate), "А123ВС172RUS", "А 123 ВС 172", nil},
		{p(ParsePlate), "АВ 123 72", "АВ 12372", nil},
		{p(ParsePlate), "1234 АВ 72", "1234 АВ 72", nil},
		{p(ParsePlate), "А000ВС72", "", ErrFormat},
		{p(ParsePlate), "Ж123ВС72", "", ErrFormat},
		{p(ParsePlate), "А123ВС7", "", ErrFormat},
		// ID-REG-23
		{p(ParsePhone), "8 912 000-00-01", "+7 912 000-00-01", nil},
		{p(ParsePhone), "+7 (912) 000-00-01", "+7 912 000-00-01", nil},
		{p(ParsePhone), "9120000001", "+7 912 000-00-01", nil},
		{p(ParsePhone), "79120000001", "+7 912 000-00-01", nil},
		{p(ParsePhone), "+7(3452)50-00-01", "+7 345 250-00-01", nil},
		{p(ParsePhone), "+8 912 000-00-01", "", ErrFormat},
		{p(ParsePhone), "+7 712 000-00-01", "", ErrFormat}, // Kazakhstan
		{p(ParsePhone), "+7 112 000-00-01", "", ErrFormat},
		{p(ParsePhone), "+7 912 000-00-0", "", ErrFormat},
		{p(ParsePhone), "+375 29 123-45-67", "", ErrFormat},
		{p(ParsePhone), "912 000-00-01 доб. 5", "", ErrFormat},
		{p(ParseMobile), "8 800 100-70-10", "", ErrFormat},
		{p(ParseEmail), " Anna.Sokolova@Example.ORG ", "anna.sokolova@example.org", nil},
		{p(ParseEmail), "anna+gos@почта.РФ", "anna+gos@почта.рф", nil},
		{p(ParseEmail), "anna@xn--80a1acny.xn--p1ai", "anna@почта.рф", nil},
		{p(ParseEmail), "anna@localhost", "", ErrFormat},
		{p(ParseEmail), "anna@127.0.0.1", "", ErrFormat},
		{p(ParseEmail), "anna@@example.org", "", ErrFormat},
		{p(ParseEmail), "anna..s@example.org", "", ErrFormat},
		{p(ParseEmail), "Анна <anna@example.org>", "", ErrFormat},
		{p(ParseEmail), "anna@example.org\r\nBcc: x@example.org", "", ErrFormat},
		{p(ParseEmail), "\"a b\"@example.org", "", ErrFormat},
		{p(ParseEmail), "a@-example.org", "", ErrFormat},
		{p(ParseEmail), strings.Repeat("a", 65) + "@example.org", "", ErrFormat},
		{p(ParseAppNumber), "№ 72-2026-0000123-5", "72-2026-0000123-5", nil},
		{p(ParseAppNumber), "72-2026-0000124-7", "", ErrChecksum},
		{p(ParseAppNumber), "72-1926-0000123-3", "", ErrFormat},
	} {
		got, err := c.parse(c.in)
		switch {
		case c.err != nil:
			if !errors.Is(err, c.err) {
				t.Errorf("%q: %v, %v; want %v", c.in, got, err, c.err)
			}
		case err != nil || got.String() != c.want:
			t.Errorf("%q: %v, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func p[T fmt.Stringer](parse func(string) (T, error)) func(string) (fmt.Stringer, error) {
	return func(s string) (fmt.Stringer, error) { return parse(s) }
}

func at(bank BIK) func(string) (fmt.Stringer, error) {
	return func(s string) (fmt.Stringer, error) { return ParseAccount(bank, s) }
}

// The 25-digit УИН scheme is that of ОКПО, whose code 00032537 is public.
func TestUINCheckDigit(t *testing.T) {
	t.Parallel()
	if got := uinCheck("0003253"); got != "7" {
		t.Errorf("uinCheck = %s, want 7", got)
	}
	good := string(SampleUIN(5))
	if _, err := ParseUIN(good[:24] + digit((int(good[24]-'0')+1)%10)); !errors.Is(err, ErrChecksum) {
		t.Errorf("a wrong last digit of 25 passed: %v", err)
	}
	if !UIN("12345678901234567899").ChecksumOK() || UIN("12345678901234567891").ChecksumOK() {
		t.Error("for 20 digits the check is told, not enforced")
	}
	if !UIN("ABCD0000000000000017").ChecksumOK() {
		t.Error("nothing can be said about letters")
	}
}

// ISO/IEC 7064 MOD 11,10 gives the standard's own example: 0794 → 5.
func TestISO7064(t *testing.T) {
	t.Parallel()
	if got := iso7064Check("0794"); got != "5" {
		t.Errorf("check of 0794 = %s, want 5", got)
	}
	for _, bad := range [][3]int{{0, 2026, 1}, {100, 2026, 1}, {72, 1999, 1}, {72, 2026, 0}, {72, 2026, maxSequence + 1}} {
		if n, err := NewAppNumber(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("NewAppNumber(%v) = %s", bad, n)
		}
	}
}

func TestMasksAndSpellings(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		Phone("+79120000001").ESIA():                                      "+7(912)0000001",
		Phone("+79120000001").Masked():                                    "+7 912 ***-**-01",
		Email("anna@example.org").Masked():                                "a***@example.org",
		Email("anna@example.org").Domain():                                "example.org",
		SNILS("11223344595").Masked():                                     "***-***-445 95",
		Passport("7114482106").Masked():                                   "71 ** № ****06",
		Passport("7114482106").Series():                                   "7114",
		Passport("7114482106").Number():                                   "482106",
		Account("30101810400000000225").Masked():                          "•••• 0225",
		Phone("").Masked() + SNILS("1").Masked():                          "",
		fmt.Sprint(INN("500100732259").IsPerson()):                        "true",
		fmt.Sprint(Phone("+73452500001").IsMobile(), " ", SamplePhone(0)): "false +7 912 000-00-01",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stored, err := SNILS("11223344595").Value()
	if err != nil || stored != "11223344595" {
		t.Errorf("Value = %v, %v; SQL stores the canonical form", stored, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range kinds {
		f.Add(k.sample(1).String())
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range kinds {
			v, err := k.parse(s)
			if err != nil {
				continue
			}
			if again, err := k.parse(v.String()); err != nil || again != v {
				t.Fatalf("%s: %q → %q → %v, %v", k.name, s, v, again, err)
			}
		}
	})
}
