package catalogue

import (
	"context"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// maxQuery bounds what is looked at of a query, in characters and in words.
const (
	maxQuery      = 200
	maxQueryWords = 12
)

// Filter narrows a search or list; empty fields do not.
type Filter struct {
	Level    string // federal, regional, municipal (CAT-07)
	Delivery string // remote, in_person, external (CAT-08)
	Category string
	Agency   string
}

// Match tells whether a service passes.
func (f Filter) Match(s *Service) bool {
	return (f.Level == "" || s.Level == f.Level) && (f.Delivery == "" || s.Delivery == f.Delivery) &&
		(f.Agency == "" || s.Agency == f.Agency) && (f.Category == "" || slices.Contains(s.Categories, f.Category))
}

// Found is the answer to a search.
type Found struct {
	// Query is what was searched; it differs from the typed one when that was typed in the wrong
	// keyboard layout, and the page says so.
	Query    string
	Services []*Service
}

// Search finds published services by the words of a query, the best first (CAT-04): by stems and
// synonyms, with typing errors, ё as е, and in the wrong keyboard layout. An empty query finds all.
func (s *Services) Search(ctx context.Context, query string, f Filter) (Found, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return Found{}, err
	}
	query = trimQuery(query)
	out := Found{Query: query}
	if query == "" {
		for _, sv := range snap.services {
			if f.Match(sv) {
				out.Services = append(out.Services, sv)
			}
		}
		return out, nil
	}
	hits, used := snap.index.search(query)
	out.Query = used
	for _, h := range hits {
		if f.Match(h.service) {
			out.Services = append(out.Services, h.service)
		}
	}
	return out, nil
}

// Suggest answers at most n services for what is being typed.
func (s *Services) Suggest(ctx context.Context, typed string, n int) ([]*Service, error) {
	if typed = trimQuery(typed); len([]rune(typed)) < 2 {
		return nil, nil
	}
	found, err := s.Search(ctx, typed, Filter{})
	if err != nil {
		return nil, err
	}
	return found.Services[:min(n, len(found.Services))], nil
}

func trimQuery(q string) string {
	q = strings.Join(strings.Fields(strings.ToValidUTF8(q, "")), " ")
	if r := []rune(q); len(r) > maxQuery {
		q = string(r[:maxQuery])
	}
	return q
}

type hit struct {
	service *Service
	doc     int
	score   float64
}

// search tries the query as typed and, where it has Latin letters, as typed in the wrong layout and as
// Russian in Latin letters. Where nothing has most of the words, it is content with half of them.
func (x *index) search(query string) (hits []hit, used string) {
	readings := []string{query}
	if hasLatin(query) {
		readings = append(readings, rutext.ToCyrillicLayout(query), rutext.FromTranslit(query))
	}
	for _, share := range []float64{0.51, 0.5} {
		used = query
		for _, reading := range readings {
			if other := x.rank(reading, share); len(other) > 0 && (len(hits) == 0 || other[0].score > hits[0].score) {
				hits, used = other, reading
			}
		}
		if len(hits) > 0 {
			break
		}
	}
	return hits, used
}

func hasLatin(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// rank scores every service that has the share of the words of the query. Each missing one costs.
func (x *index) rank(query string, least float64) []hit {
	words := rutext.Words(query)
	words = words[:min(len(words), maxQueryWords)]
	if len(words) == 0 {
		return nil
	}
	scores, matched := map[int]float64{}, map[int]int{}
	for i, w := range words {
		for doc, score := range x.word(w, i == len(words)-1) {
			scores[doc] += score
			matched[doc]++
		}
	}
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = rutext.Stem(w)
	}
	phrase := strings.Join(stems, " ")
	var out []hit
	for doc, score := range scores {
		share := float64(matched[doc]) / float64(len(words))
		if share < least {
			continue
		}
		score = score*share*share + x.docs[doc].phrase(phrase)
		out = append(out, hit{x.docs[doc].service, doc, score})
	}
	slices.SortFunc(out, func(a, b hit) int {
		switch {
		case a.score != b.score:
			if a.score > b.score {
				return -1
			}
			return 1
		case a.service.Weight != b.service.Weight:
			return b.service.Weight - a.service.Weight
		}
		return a.doc - b.doc
	})
	return out
}

// phrase rewards words that stand together as in the title or in a synonym.
func (e *entry) phrase(q string) float64 {
	bonus := 0.0
	for _, p := range e.phrases {
		switch {
		case p == q:
			bonus = max(bonus, 60)
		case strings.HasPrefix(p, q):
			bonus = max(bonus, 12)
		}
	}
	switch {
	case e.title == q:
		bonus = max(bonus, 80)
	case strings.Contains(e.title, q):
		bonus = max(bonus, 15)
	}
	return bonus
}

// word answers the score of every service for one word: the stem itself, else what begins like it
// (the last word of a query is often unfinished), else what is a typing error away.
func (x *index) word(w string, last bool) map[int]float64 {
	out := map[int]float64{}
	take := func(st string, factor float64) {
		idf := x.idf(st)
		for _, p := range x.postings[st] {
			out[p.doc] = max(out[p.doc], p.weight*idf*factor)
		}
	}
	if st := rutext.Stem(w); len(x.postings[st]) > 0 {
		take(st, 1)
	}
	if last || len(out) == 0 {
		for _, full := range x.beginning(w) {
			take(x.stems[full], 0.6)
		}
	}
	if len(out) == 0 {
		for _, near := range x.near(w) {
			take(x.stems[near.word], 0.5/float64(near.distance))
		}
	}
	return out
}

// beginning answers the words that begin with w, 64 at most.
func (x *index) beginning(w string) []string {
	if len([]rune(w)) < 2 {
		return nil
	}
	at, _ := slices.BinarySearch(x.words, w)
	end := at
	for end < len(x.words) && end-at < 64 && strings.HasPrefix(x.words[end], w) {
		end++
	}
	return x.words[at:end]
}

type nearWord struct {
	word     string
	distance int
}

// near answers the words that are one typing error away, two for words of seven letters and more.
func (x *index) near(w string) []nearWord {
	r := []rune(w)
	most := 0
	switch {
	case len(r) >= 7:
		most = 2
	case len(r) >= 4:
		most = 1
	default:
		return nil
	}
	shared := map[int]int{}
	grams := trigrams(w)
	for g := range grams {
		for _, i := range x.grams[g] {
			shared[i]++
		}
	}
	var out []nearWord
	for i, n := range shared {
		// An error touches three threes at most; swapped neighbours touch four.
		if n < len(grams)-4*most {
			continue
		}
		if d := distance(r, []rune(x.words[i]), most); d > 0 && d <= most {
			out = append(out, nearWord{x.words[i], d})
		}
	}
	return out
}

// distance counts insertions, deletions, replacements and swaps of neighbours; more than most is
// answered as most+1.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
