package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// KBK is a budget classification code (КБК): 20 digits.
type KBK string

// ParseKBK reads a КБК; it has no check digit.
func ParseKBK(s string) (KBK, error) {
	d, err := digits("kbk", s, 20)
	if err != nil || allZeros(d) {
		return "", badFormat("kbk")
	}
	return KBK(d), nil
}

// Valid tells whether the value is a canonical КБК.
func (k KBK) Valid() bool { return valid(k, ParseKBK) }

// String gives the digits.
func (k KBK) String() string { return string(k) }

// OKTMO is a code of a municipal territory (ОКТМО): 8 digits, 11 for a settlement.
type OKTMO string

// ParseOKTMO reads an ОКТМО; its check digits are not used in practice.
func ParseOKTMO(s string) (OKTMO, error) {
	d, err := digits("oktmo", s, 8, 11)
	if err != nil || allZeros(d) {
		return "", badFormat("oktmo")
	}
	return OKTMO(d), nil
}

// Valid tells whether the value is a canonical ОКТМО.
func (o OKTMO) Valid() bool { return valid(o, ParseOKTMO) }

// String gives the digits.
func (o OKTMO) String() string { return string(o) }

// UIN is the unique identifier of a charge (УИН): 25 digits, or 20 digits and letters.
type UIN string

// ParseUIN reads a УИН by the pattern of ГИС ГМП 2.4 (20 word characters or 25 digits). The check digit is enforced
// for the 25-digit form only; for the other see [UIN.ChecksumOK]. The «0» that a payment carries without a УИН
// is not a УИН.
func ParseUIN(s string) (UIN, error) {
	s = strings.ToUpper(compact(s))
	if allZeros(s) {
		return "", badFormat("uin")
	}
	if len(s) == 25 && allDigits(s) {
		if !UIN(s).ChecksumOK() {
			return "", badChecksum("uin")
		}
		return UIN(s), nil
	}
	if utf8.RuneCountInString(s) != 20 {
		return "", badFormat("uin")
	}
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || isCyrillic(r)) {
			return "", badFormat("uin")
		}
	}
	return UIN(s), nil
}

// ChecksumOK tells whether the last digit is the check digit of the rest. For a form with letters, whose values come
// from a Treasury table, the answer is always true: nothing can be said.
func (u UIN) ChecksumOK() bool {
	if !allDigits(string(u)) || len(u) < 2 {
		return true
	}
	return uinCheck(string(u[:len(u)-1])) == string(u[len(u)-1:])
}

// uinCheck: weights 1…10 in turn from the senior digit, mod 11; at 10 again with weights from 3; at 10 again 0.
func uinCheck(s string) string {
	for _, start := range []int{0, 2} {
		sum := 0
		for i := range len(s) {
			sum += int(s[i]-'0') * ((i+start)%10 + 1)
		}
		if rest := sum % 11; rest < 10 {
			return digit(rest)
		}
	}
	return "0"
}

// Valid tells whether the value is a canonical УИН.
func (u UIN) Valid() bool { return valid(u, ParseUIN) }

// String gives the identifier in groups of four.
func (u UIN) String() string {
	var b strings.Builder
	n := 0
	for _, r := range u {
		if n > 0 && n%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToUpper(r))
		n++
	}
	return b.String()
}

// Value stores the identifier without spaces.
func (u UIN) Value() (driver.Value, error) { return value(string(u)) }

// SampleUIN makes a valid УИН of 25 digits, distinct for n < 10¹².
func SampleUIN(n uint64) UIN {
	d := fmt.Sprintf("032000000000%012d", n*7919%1_000_000_000_000)
	return UIN(d + uinCheck(d))
}
