package ruid

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"unicode"
)

// Passport is series and number of a Russian internal passport: 10 digits, shown as «71 14 № 482106».
type Passport string

// ParsePassport reads series and number, together or with «№», «серия», spaces between.
func ParsePassport(s string) (Passport, error) {
	s = strings.ToLower(s)
	for _, word := range []string{"серия", "номер", "№", "n"} {
		s = strings.ReplaceAll(s, word, " ")
	}
	d, err := digits("passport", s, 10)
	if err != nil {
		return "", err
	}
	// The series begins with the ОКАТО region (01–99); series and number count from 1.
	if d[:2] == "00" || allZeros(d[4:]) {
		return "", badFormat("passport")
	}
	return Passport(d), nil
}

// Series gives the four digits of the series.
func (p Passport) Series() string { return slice(string(p), 10, 0, 4) }

// Number gives the six digits of the number.
func (p Passport) Number() string { return slice(string(p), 10, 4, 10) }

// Valid tells whether the value is canonical.
func (p Passport) Valid() bool { return valid(p, ParsePassport) }

// String gives «71 14 № 482106».
func (p Passport) String() string {
	if len(p) != 10 {
		return string(p)
	}
	return string(p[:2] + " " + p[2:4] + " № " + p[4:])
}

// Masked hides all but two digits of series and number: «71 ** № ****06».
func (p Passport) Masked() string {
	if len(p) != 10 {
		return ""
	}
	return string(p[:2]) + " ** № ****" + string(p[8:])
}

// Value stores the ten digits.
func (p Passport) Value() (driver.Value, error) { return value(string(p)) }

// SamplePassport makes a valid series and number, distinct for n < 899 899.
func SamplePassport(n uint64) Passport {
	return Passport(fmt.Sprintf("7114%06d", 100_101+n*7919%899_899))
}

// DepartmentCode is the code of the division that issued a passport: 6 digits, shown as «720-001».
type DepartmentCode string

// ParseDepartmentCode reads a code of a division.
func ParseDepartmentCode(s string) (DepartmentCode, error) {
	d, err := digits("department_code", s, 6)
	if err != nil || allZeros(d) {
		return "", badFormat("department_code")
	}
	return DepartmentCode(d), nil
}

// Valid tells whether the value is canonical.
func (c DepartmentCode) Valid() bool { return valid(c, ParseDepartmentCode) }

// String gives «720-001».
func (c DepartmentCode) String() string {
	if len(c) != 6 {
		return string(c)
	}
	return string(c[:3] + "-" + c[3:])
}

// Value stores the six digits.
func (c DepartmentCode) Value() (driver.Value, error) { return value(string(c)) }

// BirthCertificate is series and number of a Russian birth certificate: «I-АБ 123456», also its canonical form.
type BirthCertificate string

// ParseBirthCertificate reads a Roman number in Latin or Cyrillic letters, two Cyrillic letters and six digits.
func ParseBirthCertificate(s string) (BirthCertificate, error) {
	s = strings.ReplaceAll(strings.ReplaceAll(compact(s), "№", ""), "N", "")
	runes := []rune(strings.ToUpper(s))
	if len(runes) < 9 || len(runes) > 16 {
		return "", badFormat("birth_certificate")
	}
	roman := latinRoman(string(runes[:len(runes)-8]))
	letters := cyrillic(string(runes[len(runes)-8 : len(runes)-6]))
	number := string(runes[len(runes)-6:])
	if !isRoman(roman) || !allDigits(number) || allZeros(number) {
		return "", badFormat("birth_certificate")
	}
	for _, r := range letters {
		if !isCyrillic(r) {
			return "", badFormat("birth_certificate")
		}
	}
	return BirthCertificate(roman + "-" + letters + " " + number), nil
}

// latinRoman replaces the Cyrillic letters and symbols that people type for a Roman number.
func latinRoman(s string) string {
	return strings.NewReplacer("І", "I", "Х", "X", "С", "C", "1", "I", "Ⅰ", "I", "Ⅱ", "II", "Ⅲ", "III", "Ⅴ", "V", "Ⅹ", "X").Replace(s)
}

// isRoman tells whether s is a number from I to LXXXIX in its usual form.
func isRoman(s string) bool {
	if s == "" {
		return false
	}
	for _, tens := range []string{"LXXX", "LXX", "LX", "L", "XL", "XXX", "XX", "X"} {
		if rest, ok := strings.CutPrefix(s, tens); ok {
			s = rest
			break
		}
	}
	switch s {
	case "", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX":
		return true
	}
	return false
}

// Valid tells whether the value is canonical.
func (b BirthCertificate) Valid() bool { return valid(b, ParseBirthCertificate) }

// String gives «I-АБ 123456».
func (b BirthCertificate) String() string { return string(b) }

// SampleBirthCertificate makes a valid number, distinct for n < 899 999.
func SampleBirthCertificate(n uint64) BirthCertificate {
	return BirthCertificate(fmt.Sprintf("II-ФР %06d", 100_001+n*7919%899_999))
}

// DriverLicence is series and number of a driving licence (водительское удостоверение), 10 characters.
type DriverLicence string

// ParseDriverLicence reads two digits, two digits or Cyrillic letters, six digits.
func ParseDriverLicence(s string) (DriverLicence, error) {
	c, err := tenCharacters("driver_licence", s)
	return DriverLicence(c), err
}

// Valid tells whether the value is canonical.
func (l DriverLicence) Valid() bool { return valid(l, ParseDriverLicence) }

// String gives «72 АВ 123456».
func (l DriverLicence) String() string { return spacedTen(string(l)) }

// Value stores the ten characters.
func (l DriverLicence) Value() (driver.Value, error) { return value(string(l)) }

// VehicleCert is series and number of a vehicle registration certificate (СТС), 10 characters.
type VehicleCert string

// ParseVehicleCert reads two digits, two digits or Cyrillic letters, six digits.
func ParseVehicleCert(s string) (VehicleCert, error) {
	c, err := tenCharacters("vehicle_cert", s)
	return VehicleCert(c), err
}

// Valid tells whether the value is canonical.
func (c VehicleCert) Valid() bool { return valid(c, ParseVehicleCert) }

// String gives «72 АВ 123456».
func (c VehicleCert) String() string { return spacedTen(string(c)) }

// Value stores the ten characters.
func (c VehicleCert) Value() (driver.Value, error) { return value(string(c)) }

// SampleDriverLicence makes a valid number, distinct for n < 899 999.
func SampleDriverLicence(n uint64) DriverLicence {
	return DriverLicence(fmt.Sprintf("7229%06d", 100_001+n*7919%899_999))
}

// SampleVehicleCert makes a valid number, distinct for n < 899 999.
func SampleVehicleCert(n uint64) VehicleCert {
	return VehicleCert(fmt.Sprintf("7254%06d", 100_001+n*7919%899_999))
}

func tenCharacters(kind, s string) (string, error) {
	runes := []rune(cyrillic(strings.ReplaceAll(compact(s), "№", "")))
	if len(runes) != 10 || !allDigits(string(runes[:2])) || !allDigits(string(runes[4:])) || allZeros(string(runes[4:])) {
		return "", badFormat(kind)
	}
	middle := string(runes[2:4])
	if !allDigits(middle) && (!isCyrillic(runes[2]) || !isCyrillic(runes[3])) {
		return "", badFormat(kind)
	}
	return string(runes), nil
}

func spacedTen(s string) string {
	runes := []rune(s)
	if len(runes) != 10 {
		return s
	}
	return string(runes[:2]) + " " + string(runes[2:4]) + " " + string(runes[4:])
}

// slice gives s[from:to] if s has the length n, else nothing.
func slice(s string, n, from, to int) string {
	if len(s) != n {
		return ""
	}
	return s[from:to]
}

// Plate is a vehicle registration plate (GOST R 50577): Cyrillic capitals and digits without spaces.
type Plate string

const plateLetters = "АВЕКМНОРСТУХ"

// plateShapes are the forms of GOST R 50577 in use: L letter, D digit; the region of 2 or 3 digits follows.
var plateShapes = []string{
	"LDDDLL", // cars
	"LLDDD",  // buses and taxis
	"LLDDDD", // trailers
	"DDDDLL", // motorcycles, also armed forces
	"LDDDD",  // police cars
}

// ParsePlate reads a plate; Latin look-alikes and «RUS» at the end are forgiven.
func ParsePlate(s string) (Plate, error) {
	s = strings.TrimSuffix(strings.ToUpper(compact(s)), "RUS")
	runes := []rune(cyrillic(s))
	for _, shape := range plateShapes {
		for _, region := range []int{2, 3} {
			if len(runes) == len(shape)+region && fitsPlate(runes, shape) {
				return Plate(string(runes)), nil
			}
		}
	}
	return "", badFormat("plate")
}

func fitsPlate(runes []rune, shape string) bool {
	number := ""
	for i, r := range runes {
		switch {
		case i >= len(shape):
			if r < '0' || r > '9' {
				return false
			}
		case shape[i] == 'L' && !strings.ContainsRune(plateLetters, r), shape[i] == 'D' && (r < '0' || r > '9'):
			return false
		case shape[i] == 'D':
			number += string(r)
		}
	}
	return !allZeros(number) && !allZeros(string(runes[len(shape):]))
}

// Valid tells whether the value is canonical.
func (p Plate) Valid() bool { return valid(p, ParsePlate) }

// String separates letters and digits: «А 123 ВС 72».
func (p Plate) String() string {
	var b strings.Builder
	var last rune
	for _, r := range p {
		if last != 0 && unicode.IsDigit(r) != unicode.IsDigit(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// Value stores the plate without spaces.
func (p Plate) Value() (driver.Value, error) { return value(string(p)) }

// SamplePlate makes a valid plate of region 72, distinct for n < 999·12.
func SamplePlate(n uint64) Plate {
	letters := []rune(plateLetters)
	return Plate(fmt.Sprintf("%c%03dОР72", letters[n/999%12], n%999+1))
}
