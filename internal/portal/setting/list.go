package setting

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Current is a setting with the value in force. Version is zero while nobody has
// changed it.
type Current struct {
	Declared
	Value   json.RawMessage
	Version int
}

// List reads all declared settings with their values, by name.
func (s *Settings) List(ctx context.Context) ([]Current, error) {
	var stored []Version
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		stored, err = db.List[Version](ctx, tx, `
			SELECT DISTINCT ON (name) name, version, value, set_by, reason, set_at FROM setting.value ORDER BY name, version DESC LIMIT 10000`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list settings: %w", err)
	}
	byName := map[string]Version{}
	for _, v := range stored {
		byName[v.Name] = v
	}
	var out []Current
	for _, d := range All() {
		c := Current{Declared: d, Value: d.Default}
		if v, there := byName[d.Name]; there {
			c.Version = v.Version
			if d.check(v.Value) == nil { // as Get: what is no longer permitted does not rule
				c.Value = v.Value
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// Current answers one setting; an unknown name is NotFound.
func (s *Settings) Current(ctx context.Context, name string) (*Current, error) {
	list, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
	}
	return nil, fault.NotFound("setting.not_found")
}
