package rutext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// NoBreak puts no-break spaces where a line must not end: after short prepositions and «№»,
// between a number and its unit, before a dash and the particles же, ли, бы. Other spaces stay.
func NoBreak(s string) string {
	words := strings.Split(s, " ")
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i, word := range words {
		b.WriteString(word)
		if i == len(words)-1 {
			break
		}
		if bindsNext(word, words[i+1]) || bindsPrevious(words[i+1]) {
			b.WriteString(NBSP)
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func bindsNext(word, next string) bool {
	core := strings.TrimLeft(word, "«(„\"")
	if core == "" || next == "" || bindsPrevious(core) {
		return false
	}
	if core == "№" || core == "ст." || core == "п." {
		return true
	}
	letters, digits := true, true
	for _, r := range core {
		letters = letters && unicode.IsLetter(r)
		digits = digits && unicode.IsDigit(r)
	}
	first, _ := utf8.DecodeRuneInString(next)
	return letters && utf8.RuneCountInString(core) <= 2 || digits && unicode.IsLetter(first)
}

func bindsPrevious(word string) bool {
	switch strings.TrimRight(word, ".,;:!?»)") {
	case "—", "–", "же", "ли", "бы", "ж", "б", "₽", "%":
		return true
	}
	return false
}

// The same keys in the two layouts, key by key.
const (
	layoutLatin    = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>"
	layoutCyrillic = "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
)

var toCyrillic, toLatin = layouts()

func layouts() (toCyrillic, toLatin map[rune]rune) {
	toCyrillic, toLatin = map[rune]rune{}, map[rune]rune{}
	cyrillic := []rune(layoutCyrillic)
	for i, latin := range []rune(layoutLatin) {
		toCyrillic[latin], toLatin[cyrillic[i]] = cyrillic[i], latin
	}
	return toCyrillic, toLatin
}

// ToCyrillicLayout gives what the same keys write in the Russian layout: «pfgbcm» → «запись».
func ToCyrillicLayout(s string) string { return mapRunes(s, toCyrillic) }

// ToLatinLayout gives what the same keys write in the Latin layout: «пщыгыдгпш» → «gosuslugi».
func ToLatinLayout(s string) string { return mapRunes(s, toLatin) }

func mapRunes(s string, table map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if to, ok := table[r]; ok {
			return to
		}
		return r
	}, s)
}
