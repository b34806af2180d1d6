package kit

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// keptSheets is how many sheets a process remembers: pages of yesterday's colours
// may still be open when new ones are published.
const keptSheets = 8

// Sheets are the style sheets of a region whose colours change while the program
// runs. The zero value with Now works.
type Sheets struct {
	// Now answers the colours in force and a number that changes with them.
	Now func(ctx context.Context) (version int, colours map[string]string)
	// Refresh is Now that looks again at what another process has published; nil: Now.
	Refresh func(ctx context.Context) (version int, colours map[string]string)

	mu      sync.Mutex
	version int
	at      *asset.Brand // of version; nil: the product's own look
	made    bool
	kept    []*asset.Brand
}

// Sheet is the sheet in force, nil for the look of the product. Colours that the
// program no longer accepts count as none.
func (s *Sheets) Sheet(ctx context.Context) *asset.Brand { return s.sheet(s.Now(ctx)) }

func (s *Sheets) sheet(version int, colours map[string]string) *asset.Brand {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made && s.version == version {
		return s.at
	}
	b, err := asset.NewBrand(colours)
	if err != nil {
		b = nil
	}
	s.made, s.version, s.at = true, version, b
	if b != nil {
		if len(s.kept) == keptSheets {
			s.kept = s.kept[1:]
		}
		s.kept = append(s.kept, b)
	}
	return b
}

// Find answers a sheet by its name, for [asset.Finding]: a page that another
// process has made may be ahead of this one.
func (s *Sheets) Find(ctx context.Context, name string) *asset.Brand {
	s.Sheet(ctx)
	if b := s.find(name); b != nil || s.Refresh == nil {
		return b
	}
	s.sheet(s.Refresh(ctx))
	return s.find(name)
}

func (s *Sheets) find(name string) *asset.Brand {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.kept {
		if b.Name() == name {
			return b
		}
	}
	return nil
}

// CheckColours says in words for people what is wrong with the colours of a
// region: fault Invalid with a field colours.<token>.
func CheckColours(tokens map[string]string) error {
	_, err := asset.NewBrand(tokens)
	var e *asset.ColourError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return err
	case e.Ground != "":
		// One of the two may be the product's own, which no field changes.
		at, ratio := e.Token, strings.Replace(strconv.FormatFloat(float64(int(e.Ratio*10))/10, 'f', 1, 64), ".", ",", 1)
		if tokens[at] == "" && tokens[e.Ground] != "" {
			at = e.Ground
		}
		return fault.Invalid("kit.colour.invalid", fault.F("colours."+at, "kit.colour.contrast", "text", e.Token, "ground", e.Ground, "ratio", ratio))
	}
	return fault.Invalid("kit.colour.invalid", fault.F("colours."+e.Token, "kit.colour.not_a_colour"))
}
