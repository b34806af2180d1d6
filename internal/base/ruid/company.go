package ruid

import (
	"fmt"
	"strings"
)

// OGRN is the state registration number of a legal entity (ОГРН): 13 digits.
type OGRN string

// ParseOGRN reads an ОГРН: the last digit is the first twelve mod 11 mod 10, the first is 1, 2, 3, 5, 6, 7, 8 or 9 by the
// register's rules; 4 marks a register of sole traders and 0 does not occur.
func ParseOGRN(s string) (OGRN, error) {
	d, err := digits("ogrn", s, 13)
	if err != nil {
		return "", err
	}
	if d[0] == '0' || d[0] == '4' {
		return "", badFormat("ogrn")
	}
	if digit(modulo(d[:12], 11)%10) != d[12:] {
		return "", badChecksum("ogrn")
	}
	return OGRN(d), nil
}

// Valid tells whether the value is a canonical ОГРН.
func (o OGRN) Valid() bool { return valid(o, ParseOGRN) }

// String gives the digits.
func (o OGRN) String() string { return string(o) }

// SampleOGRN makes a valid ОГРН, distinct for n < 100 000.
func SampleOGRN(n uint64) OGRN {
	d := fmt.Sprintf("1217200%05d", n*7919%100_000)
	return OGRN(d + digit(modulo(d, 11)%10))
}

// OGRNIP is the state registration number of a sole trader (ОГРНИП): 15 digits, the first is 3 or 4.
type OGRNIP string

// ParseOGRNIP reads an ОГРНИП: the last digit is the first fourteen mod 13 mod 10.
func ParseOGRNIP(s string) (OGRNIP, error) {
	d, err := digits("ogrnip", s, 15)
	if err != nil {
		return "", err
	}
	if d[0] != '3' && d[0] != '4' {
		return "", badFormat("ogrnip")
	}
	if digit(modulo(d[:14], 13)%10) != d[14:] {
		return "", badChecksum("ogrnip")
	}
	return OGRNIP(d), nil
}

// Valid tells whether the value is a canonical ОГРНИП.
func (o OGRNIP) Valid() bool { return valid(o, ParseOGRNIP) }

// String gives the digits.
func (o OGRNIP) String() string { return string(o) }

// SampleOGRNIP makes a valid ОГРНИП, distinct for n < 10 000 000.
func SampleOGRNIP(n uint64) OGRNIP {
	d := fmt.Sprintf("3217200%07d", n*7919%10_000_000)
	return OGRNIP(d + digit(modulo(d, 13)%10))
}

// KPP is the code of the reason of registration (КПП): four digits, two digits or Latin capitals, three digits.
type KPP string

// ParseKPP reads a КПП; it has no check digit.
func ParseKPP(s string) (KPP, error) {
	s = strings.ToUpper(compact(s))
	if len(s) != 9 || !allDigits(s[:4]) || !allDigits(s[6:]) || allZeros(s) {
		return "", badFormat("kpp")
	}
	for i := 4; i < 6; i++ {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'A' || s[i] > 'Z') {
			return "", badFormat("kpp")
		}
	}
	return KPP(s), nil
}

// Valid tells whether the value is a canonical КПП.
func (k KPP) Valid() bool { return valid(k, ParseKPP) }

// String gives the code.
func (k KPP) String() string { return string(k) }

// SampleKPP makes a valid КПП, distinct for n < 1 000.
func SampleKPP(n uint64) KPP { return KPP(fmt.Sprintf("720301%03d", n%1000)) }
