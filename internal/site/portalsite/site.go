package portalsite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// Profiles reads the profile of who is signed in from the identity provider with
// his access token. A provider that is away is fault Unavailable.
type Profiles interface {
	Profile(ctx context.Context, token, subject string) (form.Profile, error)
}

// Region is what the configuration file alone says of a portal.
type Region struct {
	Code string // of the region, such as "72"
	// BaseURL is the public address of this portal without a slash at the end.
	BaseURL string
}

// Site is the portal of one region.
type Site struct {
	Region Region
	Brands *brand.Brands // names, phones and colours of the region
	IDP    string        // public address of the identity provider, without a slash at the end
	Zone   *time.Location
	Clock  *clock.Clock
	Keys   *crypt.Keyring
	Bundle *i18n.Bundle
	Log    *slog.Logger
	Secure bool // people reach the portal by https

	TrustedProxies []netip.Prefix
	Metrics        prometheus.Registerer
	Admission      *kit.Admission // who gets in when too many come; nil: everybody

	// Neighbours are the addresses of other regions' portals by their codes,
	// without a slash at the end (GEO-06).
	Neighbours map[string]string

	Party    *oidcrp.Party
	Profiles Profiles
	Accounts *account.Accounts
	Services *catalogue.Services
	// Missed is told what was searched in vain, and what tells visitors of a day apart;
	// nil: nobody counts.
	Missed       func(query, visitor string)
	Directory    *directory.Directory
	Places       *directory.Places // nil: no choice of a place
	Contents     *content.Contents
	Documents    *document.Documents
	Applications *application.Applications
	Notices      *notice.Notices
	Journal      *journal.Journal
	Support      *support.Tickets

	mux     *kit.Mux
	sheets  kit.Sheets
	ratings kit.Limiter
	ready   preparedPages
	known   knownProfiles
}

// Handler is the whole site.
func (s *Site) Handler() http.Handler {
	s.mux = &kit.Mux{
		Name: "uslugi" + s.Region.Code, Bundle: s.Bundle, Log: s.Log, Secure: s.Secure, Zone: s.Zone,
		Frame: s.frame, LocaleChosen: s.localeChosen, VIChosen: s.viChosen, TrustedProxies: s.TrustedProxies, Metrics: s.Metrics,
		Exempt: []string{"POST /auth/backchannel"}, Early: s.early,
	}
	s.sheets = kit.Sheets{
		Now:     func(ctx context.Context) (int, map[string]string) { return colours(s.Brands.Now(ctx)) },
		Refresh: func(ctx context.Context) (int, map[string]string) { return colours(s.Brands.Refresh(ctx)) },
	}
	s.ratings = kit.Limiter{PerMinute: 10, Burst: 60}
	s.mux.Use(s.prepared)
	s.mux.Use(s.Admission.At(s.mux, kit.Entrance{
		Passing: []string{asset.Path}, Going: []string{"/auth/"}, Cookies: []string{s.Party.CookieName()}, Own: []string{"/auth/"},
		Ahead: func(r *http.Request) bool { return r.URL.RawQuery == "" && preparable(r.URL.Path) },
	}))
	s.mux.Use(s.recognised)
	s.routes()
	return s.mux.Handler()
}
