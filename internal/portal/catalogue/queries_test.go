package catalogue_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/portal/catalogue"
)

//go:embed testdata/queries.txt
var queries string

// Citizens find a service by their own words: colloquial, misspelt, with the keyboard in the wrong layout, in Latin
// letters, in Tatar and English. The service stands among the first three.
//
// CAT-04
func TestQueriesOfCitizens(t *testing.T) {
	t.Parallel()
	s, _ := tyumen(t)
	n := 0
	for line := range strings.Lines(queries) {
		query, want, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || strings.HasPrefix(query, "#") {
			continue
		}
		n++
		found, err := s.Search(t.Context(), query, catalogue.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var first []string
		for _, sv := range found.Services[:min(3, len(found.Services))] {
			first = append(first, sv.Code)
		}
		if !slices.Contains(first, want) {
			t.Errorf("«%s»: %v, want %s", query, first, want)
		}
	}
	if n < 150 {
		t.Errorf("%d queries, want 150 at least", n)
	}
}
