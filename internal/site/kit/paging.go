package kit

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/okno-gov/okno/internal/ui"
)

// Paging is one page of a list: numbered from 1.
type Paging struct {
	Page, Size, Total int
	path              string
	query             url.Values
}

// PagingOf reads the page number from the query parameter "page". Nonsense
// counts as the first page; set Total when it is known.
func PagingOf(r *http.Request, size int) Paging {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 || n > 1_000_000 {
		n = 1
	}
	return Paging{Page: n, Size: size, path: r.URL.Path, query: r.URL.Query()}
}

// Offset is how many entries lie before this page.
func (p Paging) Offset() int { return (p.Page - 1) * p.Size }

// Pages is how many pages there are, at least 1.
func (p Paging) Pages() int { return max(1, (p.Total+p.Size-1)/p.Size) }

// URL is the address of page n with the other parameters kept.
func (p Paging) URL(n int) string {
	q := url.Values{}
	for k, v := range p.query {
		q[k] = v
	}
	if n <= 1 {
		q.Del("page")
	} else {
		q.Set("page", strconv.Itoa(n))
	}
	if len(q) == 0 {
		return p.path
	}
	return p.path + "?" + q.Encode()
}

// Numbers are the page numbers to show: the ends, this one and its neighbours;
// 0 stands for a gap.
func (p Paging) Numbers() []int {
	var out []int
	last := p.Pages()
	for n := 1; n <= last; n++ {
		switch {
		case n == 1, n == last, n >= p.Page-1 && n <= p.Page+1, last <= 7:
			out = append(out, n)
		case out[len(out)-1] != 0:
			out = append(out, 0)
		}
	}
	return out
}

// Pager is what the page shows below the list; nil when one page holds it all.
func (p Paging) Pager() *ui.PagerProps {
	if p.Pages() <= 1 {
		return nil
	}
	out := &ui.PagerProps{}
	if p.Page > 1 {
		out.Prev = p.URL(p.Page - 1)
	}
	if p.Page < p.Pages() {
		out.Next = p.URL(p.Page + 1)
	}
	for _, n := range p.Numbers() {
		out.Pages = append(out.Pages, ui.PageLink{Number: n, Href: p.URL(n), Current: n == p.Page, Ellipsis: n == 0})
	}
	return out
}
