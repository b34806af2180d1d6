package ruid

import (
	"database/sql/driver"
	"errors"
	"strings"
	"unicode"
)

var (
	// ErrFormat says that the text has another shape: wrong length, letters for digits, an impossible part.
	ErrFormat = errors.New("wrong format")
	// ErrChecksum says that the shape is right and the check digits are not: a typing mistake.
	ErrChecksum = errors.New("wrong check digits")
)

// Error tells which identifier could not be read and why.
type Error struct {
	Kind string // "snils", "inn", …
	Err  error  // ErrFormat or ErrChecksum
}

func (e *Error) Error() string { return e.Kind + ": " + e.Err.Error() }

// Unwrap gives ErrFormat or ErrChecksum.
func (e *Error) Unwrap() error { return e.Err }

// Key names the message that tells a person how to mend the field: "ruid.snils.format", "ruid.snils.checksum".
func (e *Error) Key() string {
	if errors.Is(e.Err, ErrChecksum) {
		return "ruid." + e.Kind + ".checksum"
	}
	return "ruid." + e.Kind + ".format"
}

func badFormat(kind string) error   { return &Error{Kind: kind, Err: ErrFormat} }
func badChecksum(kind string) error { return &Error{Kind: kind, Err: ErrChecksum} }

// maxInput bounds what a parser looks at; the longest identifier with generous spacing fits.
const maxInput = 300

// compact drops the separators that people type: all kinds of spaces, hyphens and dashes.
func compact(s string) string {
	if len(s) > maxInput {
		return s[:maxInput] // still too long for every format, so refused by length
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || isDash(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
}

func isDash(r rune) bool { return r == '-' || (r >= '\u2010' && r <= '\u2015') || r == '\u2212' }

// digits reads an identifier of ASCII digits with one of the given lengths.
func digits(kind, s string, lengths ...int) (string, error) {
	s = compact(s)
	if !allDigits(s) {
		return "", badFormat(kind)
	}
	for _, n := range lengths {
		if len(s) == n {
			return s, nil
		}
	}
	return "", badFormat(kind)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func allZeros(s string) bool { return strings.Trim(s, "0") == "" }

// weighted is Σ digitᵢ·weightᵢ over the weights' length.
func weighted(s string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return sum
}

// modulo is the decimal number s mod m, for numbers beyond 64 bits too.
func modulo(s string, m int) int {
	rest := 0
	for i := range len(s) {
		rest = (rest*10 + int(s[i]-'0')) % m
	}
	return rest
}

func digit(n int) string { return string(rune('0' + n)) }

// lookalikes maps Latin letters of the same shape to the Cyrillic ones that documents carry.
var lookalikes = map[rune]rune{
	'A': 'А', 'B': 'В', 'C': 'С', 'E': 'Е', 'H': 'Н', 'K': 'К', 'M': 'М', 'O': 'О', 'P': 'Р', 'T': 'Т', 'X': 'Х', 'Y': 'У',
}

// cyrillic gives upper case with Latin look-alikes replaced.
func cyrillic(s string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToUpper(r)
		if c, ok := lookalikes[r]; ok {
			return c
		}
		return r
	}, s)
}

// isCyrillic tells whether r is one of А…Я and Ё.
func isCyrillic(r rune) bool { return (r >= 'А' && r <= 'Я') || r == 'Ё' }

// value lets SQL store the canonical form even where String differs.
func value(s string) (driver.Value, error) { return s, nil }
