package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxNameRunes = 120

// CleanName makes a file name safe to show and to offer for download: the last
// part of a path, without control and direction characters, without what
// Windows refuses, at most 120 characters with the extension kept.
func CleanName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1 // also U+202E, which turns «gpj.exe» around
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.TrimRight(strings.Join(strings.Fields(name), " "), ". ")
	base, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		base, ext = strings.TrimRight(name[:i], ". "), name[i:]
	}
	if base == "" {
		base = "document"
	}
	if n := maxNameRunes - utf8.RuneCountInString(ext); n > 0 && utf8.RuneCountInString(base) > n {
		base = strings.TrimRight(string([]rune(base)[:n]), ". ")
	}
	return base + ext
}
