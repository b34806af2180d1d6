package credential_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
)

var start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

const (
	anna     = person.OID(1_000_000_001)
	right    = "Okno-2026!"
	wrong    = "Okno-2025!"
	atHome   = "device-at-home"
	stranger = "device-of-a-stranger"
)

type owner struct {
	mu   sync.Mutex
	told []string
}

func (o *owner) Tell(_ context.Context, _ *db.Tx, _ int64, key string, _ ...any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, key)
	return nil
}

func setUp(t *testing.T) (*credential.Credentials, *owner) {
	t.Helper()
	d := dbtest.New(t, credential.Migrations(), journal.Migrations(), setting.Migrations())
	c, keys, o := clock.At(start), crypt.NewTestKeyring(), &owner{}
	cr := &credential.Credentials{
		DB: d, Clock: c, Keys: keys, Passwords: crypt.NewPasswords(crypt.Cheap), Settings: &setting.Settings{DB: d, Clock: c},
		Journal: &journal.Journal{DB: d, Clock: c, Keys: keys}, Owner: o,
	}
	h, err := cr.Hash(context.Background(), right)
	must(t, err)
	must(t, d.InTx(context.Background(), func(tx *db.Tx) error { return cr.SetPassword(context.Background(), tx, anna, h) }))
	return cr, o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func try(cr *credential.Credentials, oid person.OID, pw, device, network string) (credential.Verdict, error) {
	return cr.VerifyPassword(context.Background(), credential.Try{OID: oid, Login: "phone:+79120000101", Password: pw, Device: device, Network: network})
}

// ID-REG-12: each rule of the policy, with its reason. ID-REG-15: common passwords are refused.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for pw, want := range map[string]string{
		"Okno-2026!":                        "",
		"Ok-2026":                           "credential.password_short",
		"okno-2026!":                        "credential.password_no_upper",
		"OKNO-2026!":                        "credential.password_no_lower",
		"Okno-okno!":                        "credential.password_no_digit",
		"OknoOkno2026":                      "credential.password_no_punctuation",
		"Okno#2026#x":                       "credential.password_no_punctuation", // # is allowed and does not count (C-03)
		"Окно-Okno-1":                       "credential.password_cyrillic",
		"Okno 2026 -x":                      "credential.password_foreign",
		"Password-1":                        "credential.password_common",
		"P@ssw0rd-2024":                     "credential.password_common",
		"Qwerty123!":                        "credential.password_common",
		"Aa1!Aa1!Aa1!":                      "credential.password_common",
		"Abcd1234!":                         "credential.password_common",
		"12345678-Aa":                       "credential.password_common",
		"short":                             "credential.password_short credential.password_no_upper credential.password_no_digit credential.password_no_punctuation",
		"Aa1!" + strings.Repeat("x9Q-", 64): "credential.password_long",
	} {
		if got := strings.Join(credential.CheckPassword(setting.PasswordStrict, pw), " "); got != want {
			t.Errorf("%q: %s, want %s", pw, got, want)
		}
	}
	if got := credential.CheckPassword(setting.PasswordNoPunctuation, "OknoDvor2026"); len(got) != 0 {
		t.Errorf("without punctuation: %v", got)
	}
	if got := credential.CheckPassword(setting.PasswordStrict, "Testova-1!", "Testova", "Anna"); len(got) != 1 || got[0] != "credential.password_common" {
		t.Errorf("own name: %v", got)
	}
	for _, mark := range credential.Punctuation {
		if got := credential.CheckPassword(setting.PasswordStrict, "Kx7wQz29"+string(mark)); len(got) != 0 {
			t.Errorf("mark %q: %v", mark, got)
		}
	}
}

// ID-REG-14: generated passwords meet the strict policy.
func TestGenerated(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		pw := credential.Generate()
		if got := credential.CheckPassword(setting.PasswordStrict, pw); len(got) != 0 || seen[pw] {
			t.Fatalf("%q: %v", pw, got)
		}
		seen[pw] = true
		if credential.Strength(setting.PasswordStrict, pw) != 3 {
			t.Errorf("%q is not called strong", pw)
		}
	}
	if credential.Strength(setting.PasswordStrict, "Password-1") != 0 || credential.Strength(setting.PasswordStrict, "Okno-2026!") >= 3 {
		t.Error("strength of weak passwords")
	}
}

// ID-LOG-22, G-21: pauses grow, the right password waits too, the owner is told once.
func TestGrowingPause(t *testing.T) {
	t.Parallel()
	cr, o := setUp(t)
	for range 5 {
		if v, err := try(cr, anna, wrong, stranger, "203.0.113.7"); err != nil || v.OK {
			t.Fatalf("%+v, %v", v, err)
		}
	}
	_, err := try(cr, anna, right, stranger, "203.0.113.7")
	f, _ := fault.As(err)
	if f == nil || f.Kind != fault.KindLimited || f.RetryAfter != 5*time.Second {
		t.Fatalf("after five failures: %v", err)
	}
	cr.Clock.Advance(5 * time.Second)
	_, _ = try(cr, anna, wrong, stranger, "203.0.113.7")
	_, err = try(cr, anna, right, stranger, "203.0.113.7")
	if f, _ := fault.As(err); f == nil || f.RetryAfter != 10*time.Second {
		t.Fatalf("the pause did not grow: %v", err)
	}
	for range 20 {
		cr.Clock.Advance(15 * time.Minute)
		if _, err := try(cr, anna, wrong, stranger, "203.0.113.7"); err != nil {
			t.Fatalf("the pause is longer than the longest: %v", err)
		}
	}
	cr.Clock.Advance(15 * time.Minute)
	if v, err := try(cr, anna, right, stranger, "203.0.113.7"); err != nil || !v.OK {
		t.Fatalf("never a lock-out for good: %+v, %v", v, err)
	}
	if len(o.told) == 0 || o.told[0] != "sign_in_slowed" || len(o.told) > 2 {
		t.Errorf("the owner was told %v", o.told)
	}
	if v, err := try(cr, anna, wrong, stranger, "203.0.113.7"); err != nil || v.OK {
		t.Errorf("the count did not start anew: %v", err)
	}
}

// A stranger cannot lock the owner out of a device that was used before, whatever the network.
func TestKnownDeviceIsNotLockedOut(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	if v, err := try(cr, anna, right, atHome, "198.51.100.1"); err != nil || !v.OK {
		t.Fatal(v, err)
	}
	for i := range 60 {
		_, _ = try(cr, anna, wrong, stranger, "203.0.113."+string(rune('0'+i%10)))
	}
	if _, err := try(cr, anna, right, stranger, "192.0.2.1"); !fault.Is(err, fault.KindLimited) {
		t.Errorf("guessing over many networks is not slowed: %v", err)
	}
	if v, err := try(cr, anna, right, atHome, "203.0.113.1"); err != nil || !v.OK {
		t.Errorf("the owner is locked out at home: %+v, %v", v, err)
	}
}

// ID-LOG-10, ID-LOG-22: an unknown login answers and slows down like a known one.
func TestUnknownLoginLooksTheSame(t *testing.T) {
	t.Parallel()
	cr, o := setUp(t)
	known, unknown := make([]string, 0, 12), make([]string, 0, 12)
	say := func(v credential.Verdict, err error) string {
		f, _ := fault.As(err)
		if f == nil {
			return map[bool]string{true: "yes", false: "no"}[v.OK]
		}
		return f.Key + f.RetryAfter.String()
	}
	for range 12 {
		known = append(known, say(try(cr, anna, wrong, stranger, "203.0.113.7")))
		unknown = append(unknown, say(try(cr, 0, wrong, stranger, "198.51.100.7")))
		cr.Clock.Advance(time.Second)
	}
	if strings.Join(known, " ") != strings.Join(unknown, " ") {
		t.Errorf("known   %v\nunknown %v", known, unknown)
	}
	if len(o.told) != 1 {
		t.Errorf("told %v", o.told)
	}
}

// ID-REC-08, G-39: a temporary password works once, for a day, and leads to a change.
func TestTemporaryPassword(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	ctx := context.Background()
	set := func() *credential.Temporary {
		tmp, err := cr.NewTemporary(ctx)
		must(t, err)
		must(t, cr.DB.InTx(ctx, func(tx *db.Tx) error { return cr.SetTemporary(ctx, tx, anna, tmp) }))
		return tmp
	}
	tmp := set()
	if v, _ := try(cr, anna, right, atHome, "n"); v.OK {
		t.Error("the old password still works")
	}
	var ok, change atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			v, err := try(cr, anna, tmp.Password, atHome, "n")
			if err == nil && v.OK {
				ok.Add(1)
			}
			if v.MustChange {
				change.Add(1)
			}
		})
	}
	wg.Wait()
	if ok.Load() != 1 || change.Load() != 1 {
		t.Errorf("accepted %d times, must change %d", ok.Load(), change.Load())
	}
	cr.Clock.Advance(time.Hour)
	tmp = set()
	cr.Clock.Advance(24 * time.Hour)
	if v, _ := try(cr, anna, tmp.Password, atHome, "n"); v.OK {
		t.Error("works after a day")
	}
}

// ID-MFC-01: codes of an authenticator work once; an older one never after a newer.
func TestAuthenticator(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	ctx := context.Background()
	const oid = person.OID(1_000_000_007)
	a, err := cr.BeginTOTP(ctx, oid, "Окно", "оператор")
	must(t, err)
	if has, _ := cr.HasTOTP(ctx, oid); has {
		t.Error("in force before the first code")
	}
	if err := cr.ConfirmTOTP(ctx, oid, "000000x"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a wrong code: %v", err)
	}
	now := time.Now()
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(a.Secret, at)
		must(t, err)
		return c
	}
	must(t, cr.ConfirmTOTP(ctx, oid, code(now)))
	if ok, err := cr.VerifyTOTP(ctx, oid, code(now), "", ""); err != nil || ok {
		t.Errorf("the code of the set-up works again: %v", err)
	}
	var wins atomic.Int64
	next := code(now.Add(30 * time.Second))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if ok, err := cr.VerifyTOTP(ctx, oid, next, "", ""); err == nil && ok {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Errorf("one code worked %d times", wins.Load())
	}
	if _, err := cr.BeginTOTP(ctx, oid, "Окно", "оператор"); !fault.Is(err, fault.KindConflict) {
		t.Errorf("an authenticator in force was replaced: %v", err)
	}
	if !strings.HasPrefix(a.URI, "otpauth://totp/") || !strings.Contains(a.URI, "secret="+a.Secret) {
		t.Errorf("uri %s", a.URI)
	}
}

func TestAuthenticatorGuessing(t *testing.T) {
	t.Parallel()
	cr, _ := setUp(t)
	ctx := context.Background()
	must(t, cr.DB.InTx(ctx, func(tx *db.Tx) error { return cr.SetTOTP(ctx, tx, anna, "JBSWY3DPEHPK3PXP") }))
	for range 5 {
		if ok, err := cr.VerifyTOTP(ctx, anna, "abcdef", stranger, "n"); err != nil || ok {
			t.Fatal(ok, err)
		}
	}
	if _, err := cr.VerifyTOTP(ctx, anna, "123456", stranger, "other"); !fault.Is(err, fault.KindLimited) {
		t.Errorf("guessing codes is not slowed: %v", err)
	}
}

// One test that the wired cost is the production one's own parameters (architecture, section 3).
func TestProductionCost(t *testing.T) {
	t.Parallel()
	if c := crypt.NewPasswords(crypt.Production).Cost(); c.MemoryKiB != 19*1024 || c.Time != 2 || c.Threads != 1 {
		t.Errorf("cost %+v", c)
	}
}
