package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"unicode"
)

// Phone is a Russian telephone number in E.164: "+79120000001".
type Phone string

// ParsePhone reads a number of the Russian plan in any usual spelling: «8 912 000-00-01», «+7 (912) 000-00-01»,
// «9120000001». Impossible numbers are refused: the code begins with 3, 4, 8 (geographic, free) or 9 (mobile),
// the rest of zone 7 belongs to other countries or is reserved. Whoever needs SMS asks [Phone.IsMobile] too.
func ParsePhone(s string) (Phone, error) {
	if len(s) > maxInput {
		return "", badFormat("phone")
	}
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "tel:")
	s, international := strings.CutPrefix(s, "+")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.IsSpace(r) || isDash(r) || r == '(' || r == ')' || r == '.':
		default:
			return "", badFormat("phone")
		}
	}
	d := b.String()
	switch {
	case len(d) == 11 && d[0] == '7', len(d) == 11 && d[0] == '8' && !international:
		d = d[1:]
	case len(d) == 10 && !international:
	default:
		return "", badFormat("phone")
	}
	if strings.IndexByte("3489", d[0]) < 0 || allZeros(d[3:]) {
		return "", badFormat("phone")
	}
	return Phone("+7" + d), nil
}

// ParseMobile reads a number that can receive SMS: code 9xx.
func ParseMobile(s string) (Phone, error) {
	p, err := ParsePhone(s)
	if err != nil || !p.IsMobile() {
		return "", badFormat("phone")
	}
	return p, nil
}

// IsMobile tells whether the number has a mobile code (DEF, 9xx) and so receives SMS.
func (p Phone) IsMobile() bool { return len(p) == 12 && p[2] == '9' }

// Valid tells whether the value is canonical.
func (p Phone) Valid() bool { return valid(p, ParsePhone) }

// String gives «+7 912 000-00-01».
func (p Phone) String() string {
	if len(p) != 12 {
		return string(p)
	}
	return string(p[:2] + " " + p[2:5] + " " + p[5:8] + "-" + p[8:10] + "-" + p[10:])
}

// ESIA gives the spelling of the ESIA profile API: «+7(912)0000001».
func (p Phone) ESIA() string {
	if len(p) != 12 {
		return string(p)
	}
	return string(p[:2] + "(" + p[2:5] + ")" + p[5:])
}

// Masked tells a person which number is meant without telling it to others: «+7 912 ***-**-01».
func (p Phone) Masked() string {
	if len(p) != 12 {
		return ""
	}
	return string(p[:2]) + " " + string(p[2:5]) + " ***-**-" + string(p[10:])
}

// Value stores E.164.
func (p Phone) Value() (driver.Value, error) { return value(string(p)) }

// SamplePhone makes a mobile number «+7 912 …», distinct for n < 9 999 999; n = 0 gives +79120000001.
func SamplePhone(n uint64) Phone { return Phone(fmt.Sprintf("+7912%07d", 1+n%9_999_999)) }
