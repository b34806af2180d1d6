package rutext

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// NBSP is the no-break space.
const NBSP = "\u00a0"

// ErrMoney says that a text is not an amount of roubles.
var ErrMoney = errors.New("rutext: not an amount of money")

// Money writes kopecks as «1 500,00 ₽».
func Money(kopecks int64) string {
	return MoneyNumber(kopecks) + NBSP + "₽"
}

// MoneyNumber writes kopecks as «1 500,00», for table columns that name the currency in the heading.
func MoneyNumber(kopecks int64) string {
	sign, u := "", uint64(kopecks)
	if kopecks < 0 {
		sign, u = "−", -u
	}
	k := strconv.FormatUint(u%100, 10)
	if len(k) == 1 {
		k = "0" + k
	}
	return sign + Group(u/100, NBSP) + "," + k
}

// Number writes an integer with its digits in groups: «12 345».
func Number(n int64) string {
	if n < 0 {
		return "−" + Group(-uint64(n), NBSP)
	}
	return Group(uint64(n), NBSP)
}

// Group writes n with a separator between groups of three digits.
func Group(n uint64, separator string) string {
	s := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ParseMoney reads roubles as people type them («1 500», «1500,5», «1 500.00 ₽», «10 руб. »), in kopecks.
// Negative amounts, more than two decimals and amounts beyond 2⁵³ kopecks are refused.
func ParseMoney(s string) (int64, error) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\t' {
			return -1
		}
		return r
	}, s)
	for _, suffix := range []string{"₽", "руб.", "руб", "р.", "р"} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s = rest
			break
		}
	}
	whole, fraction, found := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	if whole == "" || (found && (fraction == "" || len(fraction) > 2)) {
		return 0, ErrMoney
	}
	for len(fraction) < 2 {
		fraction += "0"
	}
	n, err := strconv.ParseUint(whole+fraction, 10, 64)
	if err != nil || n > 1<<53 || n > math.MaxInt64 {
		return 0, ErrMoney
	}
	return int64(n), nil
}

// Plural chooses the form of a noun after the number n: 1 уведомление, 2 уведомления, 5 уведомлений.
func Plural(n int64, one, few, many string) string {
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	switch {
	case u%10 == 1 && u%100 != 11:
		return one
	case u%10 >= 2 && u%10 <= 4 && (u%100 < 12 || u%100 > 14):
		return few
	default:
		return many
	}
}

// Count gives number and noun: «3 уведомления», with a no-break space between them.
func Count(n int64, one, few, many string) string {
	return Number(n) + NBSP + Plural(n, one, few, many)
}
