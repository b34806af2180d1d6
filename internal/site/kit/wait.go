package kit

import (
	"time"

	"github.com/okno-gov/okno/internal/base/i18n"
)

// WaitText says a duration as people do, rounded up: «40 секунд», «5 минут»,
// «2 часа», «3 дня». It fills the placeholder {wait} of messages about limits.
func WaitText(l *i18n.Localizer, d time.Duration) string {
	up := func(unit time.Duration) int { return int((d + unit - 1) / unit) }
	switch {
	case d <= time.Minute:
		return l.T("kit.wait.seconds", "n", max(1, up(time.Second)))
	case d <= 90*time.Minute:
		return l.T("kit.wait.minutes", "n", up(time.Minute))
	case d <= 48*time.Hour:
		return l.T("kit.wait.hours", "n", up(time.Hour))
	default:
		return l.T("kit.wait.days", "n", up(24*time.Hour))
	}
}
