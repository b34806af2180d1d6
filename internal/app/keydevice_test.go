package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/hsm"
	"github.com/okno-gov/okno/internal/base/outcall"
	"github.com/okno-gov/okno/internal/site/opssite"
)

// device is one that takes the PIN or not.
type device struct{ refused error }

func (d *device) Refused() error { return d.refused }

// An operator sees that the key device refuses the PIN, while the balancer goes
// on sending people: all processes have the same device.
func TestRefusedPINIsShown(t *testing.T) {
	t.Parallel()
	token := &device{}
	a := &App{device: token}
	m := &measured{
		outside: func() []outcall.Destination { return nil }, offset: func() time.Duration { return 0 }, refused: a.deviceRefuses,
		log: slog.New(slog.DiscardHandler),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	metrics := opssite.Metrics(registry, "t")
	for _, refused := range []error{nil, fmt.Errorf("token: %w", hsm.ErrPIN)} {
		token.refused = refused
		health := httptest.NewRecorder()
		a.serveHealth(health, httptest.NewRequest(http.MethodGet, healthPath, http.NoBody))
		if said := health.Body.String(); health.Code != http.StatusOK || !strings.HasPrefix(said, "ok\n") || strings.Contains(said, "refuses the PIN") != (refused != nil) {
			t.Errorf("refused %v: health %d %q", refused, health.Code, said)
		}
		m.last = nil
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, metricsPath, http.NoBody)
		r.Header.Set("Authorization", "Bearer t")
		metrics.ServeHTTP(w, r)
		if want := fmt.Sprintf("\nokno_key_device_refuses_pin %v\n", truth(refused != nil)); !strings.Contains(w.Body.String(), want) {
			t.Errorf("refused %v: metrics without %q:\n%s", refused, want, w.Body)
		}
		if status := ExitStatus(fmt.Errorf("start: %w", errors.Join(refused))); refused != nil && status != ExitConfig || refused == nil && status != 1 {
			t.Errorf("refused %v: status %d", refused, status)
		}
	}
}
