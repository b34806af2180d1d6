package catalogue

import (
	"math"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/directory"
)

// index finds services by words: stems, prefixes and typing errors over the words of titles,
// synonyms, summaries, agencies and categories. It is immutable.
type index struct {
	docs     []entry
	postings map[string][]posting // by stem
	stems    map[string]string    // full word → its stem
	words    []string             // sorted
	grams    map[string][]int     // three letters → places in words
	agencies string               // fingerprint of the names that went in
}

type entry struct {
	service *Service
	title   string   // stems, joined
	phrases []string // stems of each synonym, joined
}

type posting struct {
	doc    int
	weight float64
}

// Weights of the places where a word stands.
const (
	inTitle    = 8
	inKeyword  = 6
	inShort    = 2
	inAgency   = 2
	inCategory = 1.5
	inBody     = 0.5
)

func newIndex(services []*Service, shelves Shelves, agencies []directory.Agency) *index {
	x := &index{postings: map[string][]posting{}, stems: map[string]string{}, grams: map[string][]int{}, agencies: fingerprint(agencies)}
	categories := map[string]string{}
	for _, c := range shelves.Categories {
		categories[c.Code] = c.Title.RU + " " + c.Title.TT + " " + c.Title.EN
	}
	for _, e := range shelves.LifeEvents {
		categories[e.Code] = e.Title.RU
	}
	names := map[string]string{}
	for i := range agencies {
		names[agencies[i].Code] = calledLike(agencies[i])
	}
	for _, s := range services {
		x.add(s, categories, names[s.Agency])
	}
	for w := range x.stems {
		x.words = append(x.words, w)
	}
	slices.Sort(x.words)
	for i, w := range x.words {
		for g := range trigrams(w) {
			x.grams[g] = append(x.grams[g], i)
		}
	}
	return x
}

// calledLike are all names of an agency, former ones and those in other languages among them (C-65).
func calledLike(a directory.Agency) string {
	names := slices.Concat([]string{a.Name, a.Short}, a.Former)
	for _, lang := range []string{"tt", "en"} {
		in := a.In(lang)
		names = append(names, in.Name, in.Short)
	}
	return strings.Join(names, " ")
}

func fingerprint(agencies []directory.Agency) string {
	var b strings.Builder
	for i := range agencies {
		b.WriteString(agencies[i].Code + "\x00" + calledLike(agencies[i]) + "\x00")
	}
	return b.String()
}

// knows tells whether the index was built with these agencies.
func (x *index) knows(agencies []directory.Agency) bool { return x.agencies == fingerprint(agencies) }

func (x *index) add(s *Service, categories map[string]string, agency string) {
	doc := len(x.docs)
	e := entry{service: s, title: strings.Join(x.learn(s.Title.RU), " ")}
	weights := map[string]float64{}
	put := func(text string, w float64) []string {
		stems := x.learn(text)
		for _, st := range stems {
			weights[st] = max(weights[st], w)
		}
		return stems
	}
	put(s.Title.RU+" "+s.Title.TT+" "+s.Title.EN, inTitle)
	for _, k := range s.Keywords {
		e.phrases = append(e.phrases, strings.Join(put(k, inKeyword), " "))
	}
	put(s.Short.RU+" "+s.Short.TT+" "+s.Short.EN, inShort)
	put(agency, inAgency)
	for _, c := range slices.Concat(s.Categories, s.LifeEvents) {
		put(categories[c], inCategory)
	}
	put(s.Body.RU, inBody)
	x.docs = append(x.docs, e)
	for st, w := range weights {
		x.postings[st] = append(x.postings[st], posting{doc, w})
	}
}

// learn adds the words of a text to the vocabulary and answers their stems.
func (x *index) learn(text string) []string {
	var out []string
	for _, w := range rutext.Words(text) {
		st, ok := x.stems[w]
		if !ok {
			st = rutext.Stem(w)
			x.stems[w] = st
		}
		out = append(out, st)
	}
	return out
}

// trigrams are the threes of letters of a word with its borders marked.
func trigrams(w string) map[string]bool {
	r := []rune("^" + w + "$")
	out := map[string]bool{}
	for i := 0; i+3 <= len(r); i++ {
		out[string(r[i:i+3])] = true
	}
	return out
}

// idf weighs a stem by its rareness.
func (x *index) idf(st string) float64 {
	return math.Log(1 + float64(len(x.docs))/float64(1+len(x.postings[st])))
}

// compareTitles orders as people do: «ё» beside «е», case aside.
func compareTitles(a, b string) int { return collate.New(language.Russian).CompareString(a, b) }
