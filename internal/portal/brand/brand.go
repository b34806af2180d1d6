package brand

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/form"
)

// Brand is how a region calls itself and is reached.
type Brand struct {
	Name   form.Text `json:"name"`   // in the title of windows: «Окно»
	Sub    form.Text `json:"sub"`    // beside the mark and under letters: «Услуги Тюменской области»
	Region form.Text `json:"region"` // «Тюменская область»
	Place  string    `json:"place"`  // its capital as the dictionary of places has it: «Тюмень»

	Phone      string    `json:"phone"`       // «8 800 100-70-10»
	PhoneShort string    `json:"phone_short"` // «115»
	PhoneNote  form.Text `json:"phone_note"`  // «Звонок бесплатный»

	AppealURL string `json:"appeal_url"` // «Направить обращение» (C-21); empty: not shown
	Social    []Link `json:"social"`     // of the support (HLP-09)

	// Colours are tokens of the palette, such as blue-700: "#134896"; none: the
	// colours of the product.
	Colours map[string]string `json:"colours"`
}

// Link is a page in a social network.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Title is what letters and papers call the portal: its sub-title, for want of
// one its name. Only letters of a portal that says neither have no name.
func (b *Brand) Title(lang string) string { return cmp.Or(b.Sub.In(lang), b.Name.In(lang)) }

// The longest texts, in characters: the head of a page on a phone must hold them.
const (
	maxName   = 40
	maxSub    = 80
	maxLine   = 120
	maxURL    = 500
	maxSocial = 10
)

var (
	// shortPhone is a number of three to six digits, as regions and services have.
	shortPhone = regexp.MustCompile(`^\d{3,6}$`)
	// longPhone allows what people write between the digits.
	longPhone = regexp.MustCompile(`^[0-9+(). ‑–-]{10,30}$`)
)

// Tidy takes away what means nothing: spaces at the ends, lines without a text.
func (b *Brand) Tidy() {
	for _, t := range []*form.Text{&b.Name, &b.Sub, &b.Region, &b.PhoneNote} {
		t.RU, t.TT, t.EN = strings.TrimSpace(t.RU), strings.TrimSpace(t.TT), strings.TrimSpace(t.EN)
	}
	for _, s := range []*string{&b.Place, &b.Phone, &b.PhoneShort, &b.AppealURL} {
		*s = strings.TrimSpace(*s)
	}
	if len(b.Social) == 0 {
		b.Social = nil
	}
	if len(b.Colours) == 0 {
		b.Colours = nil
	}
}

// Check says what is not permitted: fault Invalid brand.invalid with a field for
// each mistake, named as the field of [Brand] in JSON; a translation has its
// language after that (sub_tt). Colours are judged by [Brands.Colours].
func (b *Brand) Check() error {
	var bad []fault.Field
	text := func(name string, t form.Text, most int, needed bool) {
		if needed && t.RU == "" {
			bad = append(bad, fault.F(name, "brand.missing."+name))
		}
		for suffix, s := range map[string]string{"": t.RU, "_tt": t.TT, "_en": t.EN} {
			if len([]rune(s)) > most {
				bad = append(bad, fault.F(name+suffix, "brand.too_long", "max", most))
			}
		}
	}
	text("name", b.Name, maxName, true)
	text("sub", b.Sub, maxSub, true)
	text("region", b.Region, maxLine, true)
	text("place", form.Text{RU: b.Place}, maxSub, false)
	text("phone_note", b.PhoneNote, maxLine, false)
	if b.Phone != "" && !phone(b.Phone) {
		bad = append(bad, fault.F("phone", "brand.bad_phone"))
	}
	if b.PhoneShort != "" && !shortPhone.MatchString(b.PhoneShort) {
		bad = append(bad, fault.F("phone_short", "brand.bad_short"))
	}
	if b.AppealURL != "" && !webAddress(b.AppealURL) {
		bad = append(bad, fault.F("appeal_url", "brand.bad_url"))
	}
	if len(b.Social) > maxSocial {
		bad = append(bad, fault.F("social", "brand.too_many", "max", maxSocial))
	}
	for _, l := range b.Social {
		if l.Name == "" || len([]rune(l.Name)) > maxName || !webAddress(l.URL) {
			bad = append(bad, fault.F("social", "brand.bad_social", "line", cut(strings.TrimSpace(l.Name+" "+l.URL))))
			break
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.SortStableFunc(bad, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return fault.Invalid("brand.invalid", bad...)
}

// phone tells whether people can dial it: a number of the country as its plan
// numbers them, or a short one.
func phone(s string) bool {
	if shortPhone.MatchString(s) {
		return true
	}
	_, err := ruid.ParsePhone(s)
	return err == nil && longPhone.MatchString(s)
}

// webAddress tells whether a link may lead there: never javascript: or data:.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURL && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func cut(s string) string {
	if r := []rune(s); len(r) > maxSub {
		return string(r[:maxSub]) + "…"
	}
	return s
}

// Change is one field that two brands differ in; Field is its name as in
// [Brand.Check], or colours.<token>.
type Change struct{ Field, Was, Now string }

// Changes lists what is different in now, in the order of the page.
func Changes(was, now *Brand) []Change {
	a, b := was.fields(), now.fields()
	var out []Change
	for i := range a {
		if a[i][1] != b[i][1] {
			out = append(out, Change{a[i][0], a[i][1], b[i][1]})
		}
	}
	tokens := map[string]bool{}
	for _, m := range []map[string]string{was.Colours, now.Colours} {
		for k := range m {
			tokens[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(tokens)) {
		if was.Colours[k] != now.Colours[k] {
			out = append(out, Change{"colours." + k, was.Colours[k], now.Colours[k]})
		}
	}
	return out
}

// fields are names and values, all but the colours.
func (b *Brand) fields() [][2]string {
	var out [][2]string
	text := func(name string, t form.Text) {
		out = append(out, [2]string{name, t.RU}, [2]string{name + "_tt", t.TT}, [2]string{name + "_en", t.EN})
	}
	text("name", b.Name)
	text("sub", b.Sub)
	text("region", b.Region)
	out = append(out, [2]string{"place", b.Place}, [2]string{"phone", b.Phone}, [2]string{"phone_short", b.PhoneShort})
	text("phone_note", b.PhoneNote)
	var social []string
	for _, l := range b.Social {
		social = append(social, fmt.Sprintf("%s %s", l.Name, l.URL))
	}
	return append(out, [2]string{"appeal_url", b.AppealURL}, [2]string{"social", strings.Join(social, "\n")})
}

func (b *Brand) equal(c *Brand) bool { return reflect.DeepEqual(b, c) }
