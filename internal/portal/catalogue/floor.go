package catalogue

import (
	"context"

	"github.com/okno-gov/okno/internal/portal/setting"
)

// LeastLevel is the portal's own minimum: no service of it asks for less, whatever its definition
// says (ID-LVL-13).
var LeastLevel = setting.Word("catalogue.least_level", accountLevels[0], accountLevels...)

// LevelOf answers the level that applying needs here and now: that of a revision, or the portal's own
// minimum where it is higher.
func (s *Services) LevelOf(ctx context.Context, sv *Service) (string, error) {
	snap, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	return higher(sv.MinLevel, snap.least), nil
}

func higher(a, b string) string {
	if LevelNumber(b) > LevelNumber(a) {
		return b
	}
	return a
}

// raised answers the service with at least the portal's own minimum.
func raised(sv *Service, least string) *Service {
	if higher(sv.MinLevel, least) == sv.MinLevel {
		return sv
	}
	c := *sv
	c.MinLevel = least
	return &c
}
