package ruid

import (
	"fmt"
	"strings"
)

// AppNumber is the number of an application or appeal that people see and dictate: «72-2026-0000123-K», where 72 is
// the region, then year, running number of region and year, and K a check digit (decision G-02).
// It is a label, never a key in addresses.
type AppNumber string

// maxSequence is the largest running number of a year.
const maxSequence = 9_999_999

// NewAppNumber composes a number: region 1–99, year 2000–2999, sequence 1–9 999 999.
func NewAppNumber(region, year, sequence int) (AppNumber, error) {
	if region < 1 || region > 99 || year < 2000 || year > 2999 || sequence < 1 || sequence > maxSequence {
		return "", badFormat("app_number")
	}
	d := fmt.Sprintf("%02d%04d%07d", region, year, sequence)
	return appNumber(d + iso7064Check(d)), nil
}

func appNumber(d string) AppNumber {
	return AppNumber(d[:2] + "-" + d[2:6] + "-" + d[6:13] + "-" + d[13:])
}

// ParseAppNumber reads a number with or without its dashes, with «№» before it.
func ParseAppNumber(s string) (AppNumber, error) {
	d, err := digits("app_number", strings.ReplaceAll(s, "№", ""), 14)
	if err != nil {
		return "", err
	}
	if d[:2] == "00" || d[2] != '2' || allZeros(d[6:13]) {
		return "", badFormat("app_number")
	}
	if iso7064Check(d[:13]) != d[13:] {
		return "", badChecksum("app_number")
	}
	return appNumber(d), nil
}

// iso7064Check computes the check digit of ISO/IEC 7064 MOD 11,10, which finds every single wrong digit and
// nearly every transposition of neighbours.
func iso7064Check(s string) string {
	product := 10
	for i := range len(s) {
		sum := (product + int(s[i]-'0')) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return digit((11 - product) % 10)
}

// Valid tells whether the value is canonical.
func (n AppNumber) Valid() bool { return valid(n, ParseAppNumber) }

// String gives «72-2026-0000123-K».
func (n AppNumber) String() string { return string(n) }
