// Package layout is the frame of a page: head, skip link, utility bar, header,
// main part, footer, the warning before a session ends. A site fills Page and
// calls Render with the main part as body; package kit of the sites prefills it.
package layout

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// Kind is the frame that a page has.
type Kind int

// The kinds of frame.
const (
	Portal Kind = iota // utility bar, header with navigation, footer with columns
	Auth               // sign-in and registration: bare header, slim footer, blue ground
	Office             // dark bar, wide, dense, slim footer
	Demo               // the demo desk: like Portal without region and footer columns
)

// Page is everything around the main part. Its zero values leave things out:
// a label whose function is not there is not shown.
type Page struct {
	Lang  string // "ru" by default
	Title string // of the window; «Окно» is added
	Kind  Kind
	Wide  bool // up to 1600 px; the office is always wide
	Bare  bool // the body brings its own <main id="main"> (the main page with its hero)

	Brand Brand
	Place Place // the reader's region and town, in the utility bar
	Nav   []ui.Link
	User  *User
	// SignIn and Register are shown at the top right when User is nil.
	SignIn, Register ui.Link
	HelpLink         ui.Link // in the bare header

	VI    VI
	Langs []Language

	Back        *ui.Link // instead of breadcrumbs, on question pages
	Breadcrumbs []ui.Link
	Errors      []ui.FieldError // the summary above the main part; the title tells them too

	Footer Footer

	ReportURL string // «Сообщить об ошибке»; the current page is added by the site
	PageURL   string // of this page, path and query: language and version switches return here
	Canonical string
	NoIndex   bool
	Desc      string // meta description

	Refresh int  // seconds until the page asks again by itself (the queue of a rush)
	Offline bool // register the worker that keeps the offline page; see asset.Worker

	Session *Session
	Notice  templ.Component // above everything: test installation, planned works
}

// Brand is who runs the site: configuration of a region, not code.
type Brand struct {
	Name       string // «Окно» by default
	Sub        string // «Услуги Тюменской области»
	Home       string // "/" by default
	Phone      string // «8 800 100-70-10»
	PhoneShort string // «115»
	PhoneNote  string // «Бесплатно и круглосуточно»
	Sheet      *asset.Brand
	Mark       templ.Component // instead of our mark
}

func (b Brand) name(ctx context.Context) string { return orText(b.Name, ui.T(ctx, "ui.brand")) }
func (b Brand) home() string                    { return orText(b.Home, "/") }

// Place is where the reader is; URL leads to the choice of another place.
type Place struct {
	Short string // «Тюмень»
	Long  string // «, Тюменская область», hidden on a phone
	URL   string
}

// User is the signed-in person at the top right.
type User struct {
	Name      string // «Соколова»
	Initials  string // «А. В.», left out on a phone
	Menu      []ui.Link
	Unread    int
	FeedURL   string // the bell; "" shows none
	AvatarURL string
	SignOut   *SignOut
}

// SignOut is a form: leaving changes state.
type SignOut struct {
	URL    string
	Hidden []ui.Hidden
}

// Language is a choice of the language switch.
type Language struct {
	Code  string // "ru"
	Short string // «Рус»
	Rest  string // «ский», for readers
	URL   string // sets the choice and returns to the page
}

// Footer is the foot of the page. Empty columns are left out.
type Footer struct {
	Columns []Column
	Legal   []ui.Link // agreement, processing of personal data
	Note    string    // «Окно, открытый портал услуг»
}

// Column of the footer.
type Column struct {
	Title string
	Links []ui.Link
}

// Session tells when the reader's session ends, for the warning. ExtendURL takes
// a POST (with Hidden) and answers 204 with the header Okno-Session-Seconds, or
// 401 when the session is gone; without script the form leads there and back.
type Session struct {
	Left      time.Duration
	Warn      time.Duration // how long before the end, 2 minutes by default
	ExtendURL string
	SignInURL string
	Hidden    []ui.Hidden
}

func (s Session) warn() int {
	if s.Warn > 0 {
		return int(s.Warn.Seconds())
	}
	return 120
}

func (p Page) lang() string { return orText(p.Lang, "ru") }

func (p Page) title(ctx context.Context) string {
	t := p.Brand.name(ctx)
	if p.Title != "" {
		t = p.Title + " — " + t
	}
	if len(p.Errors) > 0 {
		t = ui.T(ctx, "ui.error") + ": " + t
	}
	return t
}

func (p Page) themeColour() string {
	if p.Kind == Office {
		return "#0b2859"
	}
	return "#ffffff"
}

func (p Page) bodyClass() string {
	return ui.Class("govuk-template__body", map[Kind]string{Office: "okno-office", Auth: "okno-auth"}[p.Kind])
}

func (p Page) wrapClass() string {
	if p.Wide || p.Kind == Office {
		return "okno-wrap okno-wrap--wide"
	}
	return "okno-wrap"
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
