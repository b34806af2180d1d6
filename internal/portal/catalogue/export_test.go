package catalogue

// NewIndexForTest builds the search of a bundle without a database.
func NewIndexForTest(b *Bundle) func(query string) int {
	x := newIndex(b.Services, b.Shelves, nil)
	return func(q string) int {
		hits, _ := x.search(trimQuery(q))
		return len(hits)
	}
}
