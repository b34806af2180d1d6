package officesite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
)

// Site is the office of one region's portal.
type Site struct {
	Code      string // of the region, part of the cookies' names
	Brands    *brand.Brands
	PortalURL string // public address of the portal, without a slash at the end
	IDP       string // public address of the identity provider
	Agreement string // address of the user agreement, on the portal
	ReportURL string // of the portal's error report; "" leaves the link out
	Zone      *time.Location
	Clock     *clock.Clock
	Bundle    *i18n.Bundle
	Log       *slog.Logger
	Secure    bool

	TrustedProxies []netip.Prefix
	Metrics        prometheus.Registerer

	Party     *oidcrp.Party
	Officers  *officer.Officers
	Cases     *casework.Cases
	Services  *catalogue.Services
	Misses    *catalogue.Misses // nil: searches without result are not counted
	Directory *directory.Directory
	Contents  *content.Contents
	Notices   *notice.Notices
	Support   *support.Tickets
	Settings  *setting.Settings

	mux    *kit.Mux
	sheets kit.Sheets
}

// Handler is the whole site.
func (s *Site) Handler() http.Handler {
	s.mux = &kit.Mux{
		Name: "office" + s.Code, Bundle: s.Bundle, Log: s.Log, Secure: s.Secure, Zone: s.Zone, Frame: s.frame,
		TrustedProxies: s.TrustedProxies, Metrics: s.Metrics, Exempt: []string{"POST /auth/backchannel"},
	}
	s.sheets = kit.Sheets{
		Now:     func(ctx context.Context) (int, map[string]string) { return colours(s.Brands.Now(ctx)) },
		Refresh: func(ctx context.Context) (int, map[string]string) { return colours(s.Brands.Refresh(ctx)) },
	}
	s.mux.Use(s.recognised)
	s.routes()
	return s.mux.Handler()
}
