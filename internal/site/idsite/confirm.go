package idsite

import (
	"net/http"
	"slices"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// confirmView is the choice of ways to prove one's identity (ID-CNF-01). There
// are the ways that are built: in person.
type confirmView struct {
	Side    []ui.Link
	Level   int
	State   string // done, checking, first (data come first), ready
	Proof   []ui.Row
	Kinds   []ui.Link // filter of the centres (ID-CNF-05)
	Centres []centreView
	Help    string
}

type centreView struct{ Name, Kind, Address, Hours, Phone string }

func (s *Site) showConfirm(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := confirmView{Side: side(l, "/profile/confirm"), Level: int(m.Level())}
	if s.HelpURL != "" {
		v.Help = s.HelpURL + "confirm"
	}
	switch {
	case m.who.Level == person.Confirmed:
		v.State, v.Proof = "done", proofRows(l, prof, s)
	case m.who.Level == person.Standard:
		v.State = "ready"
		if err := s.centres(r, &v); err != nil {
			return err
		}
	case prof.Pending != nil && prof.Pending.State == person.VersionChecking:
		v.State = "checking"
	default: // the order of levels: ID-LVL-10
		v.State = "first"
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.confirm.title")
	return kit.Render(w, r, http.StatusOK, p, confirmPage(v))
}

// centres fills in the list with its filter by kind.
func (s *Site) centres(r *http.Request, v *confirmView) error {
	l := kit.L(r)
	all, err := s.Operators.Centres(r.Context(), "")
	if err != nil {
		return err
	}
	chosen := operator.CentreKind(r.URL.Query().Get("kind"))
	if !slices.Contains(operator.Kinds(), chosen) {
		chosen = ""
	}
	counts := map[operator.CentreKind]int{}
	for _, c := range all {
		if !slices.Contains(c.Acts, operator.MayConfirm) {
			continue
		}
		counts[c.Kind]++
		counts[""]++
		if chosen == "" || c.Kind == chosen {
			v.Centres = append(v.Centres, centreView{c.Name, l.T("operator.kind." + string(c.Kind)), c.Address, c.Hours, phoneText(c.Phone)})
		}
	}
	v.Kinds = append(v.Kinds, ui.Link{Text: l.T("idsite.confirm.all"), Href: "/profile/confirm", Current: chosen == "", Count: counts[""]})
	for _, k := range operator.Kinds() {
		if counts[k] > 0 {
			v.Kinds = append(v.Kinds, ui.Link{Text: l.T("operator.kind." + string(k)), Href: "/profile/confirm?kind=" + string(k), Current: chosen == k, Count: counts[k]})
		}
	}
	return nil
}

// proofRows say how, when, where and by whom identity was proven (ID-CNF-18).
func proofRows(l *i18n.Localizer, p *person.Profile, s *Site) []ui.Row {
	if p.Proofing == nil {
		return nil
	}
	return []ui.Row{
		{Key: l.T("idsite.detail.method"), Value: named(l, "idsite.proofing.", p.Proofing.Method)},
		{Key: l.T("idsite.confirm.when"), Value: l.DateTime(p.Proofing.At, s.Zone)},
		{Key: l.T("idsite.detail.place"), Value: p.Proofing.Place},
		{Key: l.T("idsite.detail.document"), Value: named(l, "idsite.doc.", p.Proofing.Document)},
	}
}

// phoneText is a number as people write it; what is no number stays as it is.
func phoneText(s string) string {
	if p, err := ruid.ParsePhone(s); err == nil {
		return p.String()
	}
	return s
}
