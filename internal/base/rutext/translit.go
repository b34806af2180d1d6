package rutext

import "strings"

// Latin letters by which people write Russian where they have no Russian keyboard, the longest first.
// It is no standard: «shch» and «sch», «kh» and «h» are all in use.
var fromLatin = strings.NewReplacer(
	"shch", "щ", "sch", "щ", "tsk", "тск", "iya", "ия", "iyu", "ию", "iye", "ие", "zh", "ж", "kh", "х", "ts", "ц", "ch", "ч", "sh", "ш", "yu", "ю", "ya", "я", "yo", "ё", "ye", "е",
	"ju", "ю", "ja", "я", "jo", "ё", "iy", "ий", "yy", "ый", "ey", "ей", "oy", "ой", "ay", "ай", "uy", "уй",
	"a", "а", "b", "б", "c", "ц", "d", "д", "e", "е", "f", "ф", "g", "г", "h", "х", "i", "и", "j", "й", "k", "к", "l", "л", "m", "м",
	"n", "н", "o", "о", "p", "п", "q", "к", "r", "р", "s", "с", "t", "т", "u", "у", "v", "в", "w", "в", "x", "кс", "y", "ы", "z", "з",
	"''", "ъ", "'", "ь",
)

// FromTranslit reads Russian that was written in Latin letters: «zapis k vrachu» → «запис к врачу». What Latin
// letters do not tell, such as a soft sign left out, stays lost.
func FromTranslit(s string) string { return fromLatin.Replace(strings.ToLower(s)) }
