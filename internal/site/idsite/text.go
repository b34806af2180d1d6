package idsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/site/kit"
)

// textView is a page of plain text: heading and numbered parts of the catalogue
// (idsite.text.<page>.1, .2, …), each a heading with a paragraph.
type textView struct {
	Title, Lead, Note string
	Parts             []textPart
}

type textPart struct{ Title, Text string }

// showText serves agreement, consent to processing, and «О системе». They are
// readable without signing in (ID-REG-19, ID-REG-20, ID-SSO-06).
func (s *Site) showText(page string) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		set, err := s.Settings.Get(r.Context())
		if err != nil {
			return err
		}
		l, head := kit.L(r), "idsite.text."+page
		v := textView{Title: l.T(head), Lead: l.T(head + ".lead"), Note: l.T(head+".note", "version", enrol.ConsentVersion, "operator", set.Operator)}
		for n := 1; l.Has(head + "." + itoa(n)); n++ {
			v.Parts = append(v.Parts, textPart{l.T(head + "." + itoa(n)), l.T(head+"."+itoa(n)+".text", "operator", set.Operator)})
		}
		p := kit.Base(r)
		p.Title = v.Title
		return kit.Render(w, r, http.StatusOK, p, textPage(v))
	}
}
