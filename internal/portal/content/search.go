package content

import (
	"context"
	"math"
	"slices"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// helpIndex finds help articles by stems; there are some dozens of them, so every article is looked
// at for every query.
type helpIndex struct {
	entries []Entry
	weights []map[string]float64 // by article, stem
	df      map[string]int
}

func newHelpIndex(entries []Entry) *helpIndex {
	x := &helpIndex{entries: entries, df: map[string]int{}}
	for _, e := range entries {
		w := map[string]float64{}
		put := func(text string, weight float64) {
			for _, st := range rutext.Stems(text) {
				w[st] = max(w[st], weight)
			}
		}
		put(e.Title.RU+" "+e.Title.TT+" "+e.Title.EN, 6)
		for _, k := range e.Keywords {
			put(k, 5)
		}
		put(e.Short.RU, 2)
		put(e.Body.RU+" "+e.Body.TT+" "+e.Body.EN, 1)
		for st := range w {
			x.df[st]++
		}
		x.weights = append(x.weights, w)
	}
	return x
}

// SearchHelp finds help articles by the words of a question, the best first (HLP-01).
func (c *Contents) SearchHelp(ctx context.Context, query string) ([]Entry, error) {
	s, err := c.current(ctx)
	if err != nil {
		return nil, err
	}
	if out := s.index.search(query); len(out) > 0 {
		return out, nil
	}
	return s.index.search(rutext.ToCyrillicLayout(query)), nil
}

func (x *helpIndex) search(query string) []Entry {
	if r := []rune(query); len(r) > 200 {
		query = string(r[:200])
	}
	stems := rutext.Stems(query)
	scores := make([]float64, len(x.entries))
	var found []int
	for i := range x.entries {
		hits := 0
		for _, st := range stems {
			if w := x.weights[i][st]; w > 0 {
				hits++
				scores[i] += w * math.Log(1+float64(len(x.entries))/float64(x.df[st]))
			}
		}
		if hits > 0 && 2*hits > len(stems)-1 {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	out := make([]Entry, len(found))
	for i, at := range found {
		out[i] = x.entries[at]
	}
	return out
}
