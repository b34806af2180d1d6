package rutext

import (
	"strings"
	"unicode"
)

var toRoman = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "yo", 'ж': "zh", 'з': "z", 'и': "i", 'й': "y", 'к': "k", 'л': "l",
	'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh",
	'щ': "shch", 'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya",
}

// Romanize spells a Russian name as English maps do (the simplified BGN/PCGN system): «Йошкар-Ола» → “Yoshkar-Ola”,
// «Нижний» → “Nizhny”, «Ейск» → “Yeysk”.
func Romanize(name string) string {
	r := []rune(name)
	var b strings.Builder
	for i, c := range r {
		low := unicode.ToLower(c)
		s, known := toRoman[low]
		switch {
		case !known:
			b.WriteRune(c)
			continue
		case low == 'й' && i > 0 && isRune(r[i-1], 'и', 'ы') && (i+1 == len(r) || !unicode.IsLetter(r[i+1])):
			continue // -ий, -ый end in one y
		case low == 'и' && i+1 < len(r) && isRune(r[i+1], 'й') && (i+2 == len(r) || !unicode.IsLetter(r[i+2])):
			s = "y"
		case low == 'е' && (i == 0 || !unicode.IsLetter(r[i-1]) || isRune(r[i-1], 'а', 'е', 'ё', 'и', 'о', 'у', 'ы', 'э', 'ю', 'я', 'й', 'ъ', 'ь')):
			s = "ye"
		}
		if unicode.IsUpper(c) && s != "" {
			s = strings.ToUpper(s[:1]) + s[1:]
		}
		b.WriteString(s)
	}
	return b.String()
}

func isRune(r rune, of ...rune) bool {
	low := unicode.ToLower(r)
	for _, o := range of {
		if low == o {
			return true
		}
	}
	return false
}
