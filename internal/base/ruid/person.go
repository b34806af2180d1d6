package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// SNILS is the insurance number of a personal account (СНИЛС): 11 digits, shown as «112-233-445 95».
type SNILS string

// ParseSNILS reads a СНИЛС. Check digits exist only above 001-001-998 (rules of the Pension Fund); lower numbers
// carry none and pass by format. 000-000-000 is refused.
func ParseSNILS(s string) (SNILS, error) {
	d, err := digits("snils", s, 11)
	if err != nil {
		return "", err
	}
	if allZeros(d[:9]) {
		return "", badFormat("snils")
	}
	if d[:9] > "001001998" && d[9:] != snilsCheck(d[:9]) {
		return "", badChecksum("snils")
	}
	return SNILS(d), nil
}

// snilsCheck: Σ dᵢ·(9…1) mod 101, where 100 counts as 00.
func snilsCheck(nine string) string {
	return fmt.Sprintf("%02d", weighted(nine, 9, 8, 7, 6, 5, 4, 3, 2, 1)%101%100)
}

// Valid tells whether the value is a canonical СНИЛС.
func (s SNILS) Valid() bool { return valid(s, ParseSNILS) }

// String gives «112-233-445 95».
func (s SNILS) String() string {
	if len(s) != 11 {
		return string(s)
	}
	return string(s[:3] + "-" + s[3:6] + "-" + s[6:9] + " " + s[9:])
}

// Masked hides all but the end: «***-***-445 95».
func (s SNILS) Masked() string {
	if len(s) != 11 {
		return ""
	}
	return "***-***-" + string(s[6:9]) + " " + string(s[9:])
}

// Value stores the eleven digits.
func (s SNILS) Value() (driver.Value, error) { return value(string(s)) }

// SampleSNILS makes a valid СНИЛС of the series 0xx, distinct for n < 900 000 000.
func SampleSNILS(n uint64) SNILS {
	nine := fmt.Sprintf("%09d", 2_000_000+n*7919%900_000_000)
	return SNILS(nine + snilsCheck(nine))
}

// INN is a taxpayer's number (ИНН): 10 digits of an organisation or 12 of a person.
type INN string

var (
	innTen    = []int{2, 4, 10, 3, 5, 9, 4, 6, 8}
	innEleven = []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	innTwelve = []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
)

// ParseINN reads an ИНН of 10 or 12 digits with its check digits.
func ParseINN(s string) (INN, error) {
	d, err := digits("inn", s, 10, 12)
	if err != nil {
		return "", err
	}
	if allZeros(d) {
		return "", badFormat("inn")
	}
	if innCheck(d) != d[9:] && len(d) == 10 || len(d) == 12 && innCheck(d) != d[10:] {
		return "", badChecksum("inn")
	}
	return INN(d), nil
}

// innCheck computes the check digits that belong at the end of d.
func innCheck(d string) string {
	if len(d) == 10 {
		return digit(weighted(d, innTen...) % 11 % 10)
	}
	eleventh := digit(weighted(d, innEleven...) % 11 % 10)
	return eleventh + digit(weighted(d[:10]+eleventh, innTwelve...)%11%10)
}

// Valid tells whether the value is a canonical ИНН.
func (i INN) Valid() bool { return valid(i, ParseINN) }

// String gives the digits.
func (i INN) String() string { return string(i) }

// IsPerson tells whether the number belongs to a person (12 digits), not to an organisation.
func (i INN) IsPerson() bool { return len(i) == 12 }

// SamplePersonINN makes a valid ИНН of 12 digits, distinct for n < 1 000 000.
func SamplePersonINN(n uint64) INN {
	d := fmt.Sprintf("7203%06d", n*7919%1_000_000)
	return INN(d + innCheck(d+"00"))
}

// SampleLegalINN makes a valid ИНН of 10 digits, distinct for n < 100 000.
func SampleLegalINN(n uint64) INN {
	d := fmt.Sprintf("7202%05d", n*7919%100_000)
	return INN(d + innCheck(d+"0"))
}

// ENP is the single number of a medical insurance policy (единый номер полиса ОМС): 16 digits, the last by Luhn.
type ENP string

// ParseENP reads a policy number of 16 digits.
func ParseENP(s string) (ENP, error) {
	d, err := digits("enp", s, 16)
	if err != nil {
		return "", err
	}
	if allZeros(d) {
		return "", badFormat("enp")
	}
	if luhn(d[:15]) != d[15:] {
		return "", badChecksum("enp")
	}
	return ENP(d), nil
}

// luhn computes the check digit of ISO/IEC 7812-1 to be appended to s.
func luhn(s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digit((10 - sum%10) % 10)
}

// Valid tells whether the value is a canonical policy number.
func (e ENP) Valid() bool { return valid(e, ParseENP) }

// String gives the digits in groups of four: «7255 0001 2345 6789».
func (e ENP) String() string { return group(string(e), 4) }

// Value stores the sixteen digits.
func (e ENP) Value() (driver.Value, error) { return value(string(e)) }

// SampleENP makes a valid policy number, distinct for n < 10¹¹.
func SampleENP(n uint64) ENP {
	d := fmt.Sprintf("7255%011d", n*7919%100_000_000_000)
	return ENP(d + luhn(d))
}

// group puts a space between groups of n characters.
func group(s string, n int) string {
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && i%n == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// valid tells whether v parses to itself.
func valid[T ~string](v T, parse func(string) (T, error)) bool {
	parsed, err := parse(string(v))
	return err == nil && parsed == v
}
