package credential

import (
	"crypto/rand"
	_ "embed"
	"math"
	"math/big"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/setting"
)

// Punctuation is the set of ID-REG-12. Other printable ASCII is allowed and does
// not count as a class.
const Punctuation = "!\"$%&'()+,-.<>|~`"

// Length of a password in bytes: ID-REG-12, and a bound for the hash's input.
const (
	MinLength = 8
	MaxLength = 256
)

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

//go:embed common.txt
var commonText string

// common holds the match keys of passwords that everybody tries first.
var common = sync.OnceValue(func() map[string]bool {
	m := make(map[string]bool, 4096)
	for line := range strings.Lines(commonText) {
		if w := strings.TrimSpace(line); w != "" && !strings.HasPrefix(w, "#") {
			m[w] = true
		}
	}
	return m
})

// CheckPassword lists what the policy has against a password, as message keys;
// empty when it may be used. personal are words of the person's own, such as
// names, login and birth year, that a password must not consist of.
func CheckPassword(policy setting.PasswordPolicy, password string, personal ...string) []string {
	var bad []string
	if len(password) < MinLength {
		bad = append(bad, "credential.password_short")
	}
	if len(password) > MaxLength {
		bad = append(bad, "credential.password_long")
	}
	foreign, cyrillic := false, false
	for _, r := range password {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic = true
		case r < '!' || r > '~':
			foreign = true
		}
	}
	if cyrillic {
		bad = append(bad, "credential.password_cyrillic")
	}
	if foreign {
		bad = append(bad, "credential.password_foreign")
	}
	classes := []struct{ set, key string }{
		{upper, "credential.password_no_upper"},
		{lower, "credential.password_no_lower"},
		{digits, "credential.password_no_digit"},
		{Punctuation, "credential.password_no_punctuation"},
	}
	if policy == setting.PasswordNoPunctuation {
		classes = classes[:3]
	}
	for _, c := range classes {
		if !strings.ContainsAny(password, c.set) {
			bad = append(bad, c.key)
		}
	}
	if len(bad) == 0 && Common(password, personal...) {
		bad = append(bad, "credential.password_common")
	}
	return bad
}

// Common tells whether a password is a common one, apart from the case, the
// decoration at its ends and usual replacements, or one of the person's words.
func Common(password string, personal ...string) bool {
	whole := strings.ToLower(password)
	core := strings.TrimFunc(whole, func(r rune) bool { return !unicode.IsLetter(r) })
	tries := []string{whole, strings.TrimRight(whole, Punctuation+"#*?=_@/^:;"), core, unleet(whole), unleet(core)}
	words := make([]string, 0, len(personal))
	for _, p := range personal {
		if p = strings.ReplaceAll(rutext.MatchKey(p), " ", ""); utf8.RuneCountInString(p) >= 3 {
			words = append(words, p)
		}
	}
	for _, t := range tries {
		if t == "" {
			continue
		}
		if (len(t) >= 4 && common()[t]) || monotonous(t) {
			return true
		}
		for _, w := range words {
			if t == w {
				return true
			}
		}
	}
	return false
}

// monotonous finds what no list can hold: a short piece repeated, and runs such
// as 12345678, abcdefgh or qwertyui that make up most of the password.
func monotonous(s string) bool {
	for n := 1; n <= 4 && 2*n <= len(s); n++ {
		if strings.Repeat(s[:n], len(s)/n+1)[:len(s)] == s {
			return true
		}
	}
	longest, run := 1, 1
	for i := 1; i < len(s); i++ {
		if follows(s[i-1], s[i]) || (i > 1 && s[i] == s[i-1] && s[i-1] == s[i-2]) {
			run++
		} else {
			run = 1
		}
		longest = max(longest, run)
	}
	return longest >= 6 || (longest >= 4 && len(s)-longest <= 4)
}

const rows = "qwertyuiop asdfghjkl zxcvbnm 1234567890 abcdefghijklmnopqrstuvwxyz"

func follows(a, b byte) bool {
	pair := string([]byte{a, b})
	back := string([]byte{b, a})
	return a != ' ' && b != ' ' && (strings.Contains(rows, pair) || strings.Contains(rows, back))
}

var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "$", "s", "!", "i", "@", "a")

func unleet(s string) string { return leet.Replace(s) }

// Fault turns reasons into the fault at one form field.
func passwordFault(field string, reasons []string) error {
	fields := make([]fault.Field, 0, len(reasons))
	for _, key := range reasons {
		fields = append(fields, fault.F(field, key))
	}
	return fault.Invalid("credential.password_refused", fields...)
}

// Strength says how long guessing would take: 0 refused, 1 weak, 2 fair, 3 strong.
// It is a hint (ID-REG-15), never a reason to refuse by itself.
func Strength(policy setting.PasswordPolicy, password string, personal ...string) int {
	if len(CheckPassword(policy, password, personal...)) > 0 {
		return 0
	}
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	bits := math.Log2(94) * float64(min(len(password), 2*len(distinct)-1))
	switch {
	case bits >= 90:
		return 3
	case bits >= 65:
		return 2
	}
	return 1
}

// Generated passwords have 16 characters without look-alikes and meet the
// strict policy whatever is set (C-03).
const generatedLength = 16

// Generate makes a random password (ID-REG-14).
func Generate() string {
	clear := func(s string) string {
		return strings.NewReplacer("O", "", "I", "", "l", "", "o", "", "0", "", "1", "").Replace(s)
	}
	sets := []string{clear(upper), clear(lower), clear(digits), "!$%&()+-.~"}
	all := strings.Join(sets[:3], "") + sets[3]
	for {
		out := make([]byte, 0, generatedLength)
		for _, s := range sets {
			out = append(out, s[random(len(s))])
		}
		for len(out) < generatedLength {
			out = append(out, all[random(len(all))])
		}
		for i := len(out) - 1; i > 0; i-- {
			j := random(i + 1)
			out[i], out[j] = out[j], out[i]
		}
		if len(CheckPassword(setting.PasswordStrict, string(out))) == 0 {
			return string(out)
		}
	}
}

// generateTemporary makes what an operator has sent by SMS: typed once, on a
// phone perhaps, so it is short and has no look-alikes.
func generateTemporary() string {
	const letters, numbers = "abcdefghkmnpqrstuvwxyz", "23456789"
	var b strings.Builder
	for range 3 {
		for range 3 {
			b.WriteByte(letters[random(len(letters))])
		}
		b.WriteByte(numbers[random(len(numbers))])
		b.WriteByte('-')
	}
	return strings.TrimSuffix(b.String(), "-")
}

func random(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // the machine has no randomness
	}
	return int(v.Int64())
}
