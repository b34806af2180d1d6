package rutext

import (
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/russian"
	"golang.org/x/text/unicode/norm"
)

// Words are the words of a text in the form in which searches compare them: lower case, ё as е,
// without the little words that every text has.
func Words(text string) []string {
	text = strings.ReplaceAll(strings.ToLower(norm.NFC.String(text)), "ё", "е")
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if !littleWords[w] {
			out = append(out, w)
		}
	}
	return out
}

// Stem cuts a word as Words gives it to its unchanging part by the Snowball algorithm for Russian;
// words of other languages stay as they are.
func Stem(word string) string {
	env := snowballstem.NewEnv(word)
	russian.Stem(env)
	return env.Current()
}

// Stems are the stems of the words of a text, in order.
func Stems(text string) []string {
	out := Words(text)
	for i, w := range out {
		out[i] = Stem(w)
	}
	return out
}

var littleWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`а без бы в во вы где да для до его ее если же за и из или их к как ко ли мне мой мы на
		над не о об от по под при про с со так то у что это я the a an of for to in and or`) {
		m[w] = true
	}
	return m
}()
