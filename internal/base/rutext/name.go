package rutext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MatchKey makes the form of a name by which two spellings count as the same name:
// NFC, lower case, ё as е, hyphens and runs of spaces as one space, no apostrophes.
// «Мамин-Сибиряк» and «МАМИН  СИБИРЯК» match, «Фёдор» and «Федор» match; «Йод» and «Иод» do not.
func MatchKey(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r) || isHyphen(r):
			space = true
			continue
		case r == '\'' || r == '’' || r == 'ʼ' || r == '`' || r == '‘' || r == '\u00ad':
			continue
		}
		r = unicode.ToLower(r)
		if r == 'ё' {
			r = 'е'
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	// Lowering can leave a decomposed pair (İ → i + dot); a second pass keeps the key stable.
	return norm.NFC.String(b.String())
}

func isHyphen(r rune) bool { return r == '-' || (r >= '\u2010' && r <= '\u2015') || r == '\u2212' }

// Initials gives «Соколова А. В.»; given name and patronymic may be empty, a double name gives «Соколова А.-М.».
func Initials(surname, given, patronymic string) string {
	out := strings.TrimSpace(surname)
	for _, part := range []string{given, patronymic} {
		if letters := initialOf(part); letters != "" {
			if out != "" {
				out += NBSP
			}
			out += letters
		}
	}
	return out
}

func initialOf(name string) string {
	var out []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return isHyphen(r) || unicode.IsSpace(r) }) {
		r, _ := utf8.DecodeRuneInString(part)
		out = append(out, string(unicode.ToUpper(r))+".")
	}
	return strings.Join(out, "-")
}

// FullName joins the parts of a name that are there: «Соколова Анна Викторовна».
func FullName(surname, given, patronymic string) string {
	return strings.Join(strings.Fields(surname+" "+given+" "+patronymic), " ")
}
