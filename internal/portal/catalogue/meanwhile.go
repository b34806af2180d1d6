package catalogue

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Meanwhile is what others did to a service while its editor was writing.
type Meanwhile struct {
	Now    *Listed
	Last   Publication  // the newest of the changes
	Theirs []Difference // between the version that the editor began with and the current one
	Yours  []Difference // what the editor's text would change of the current one
}

// Meanwhile compares what an editor wrote on top of a version to the service as it is
// now; nil while that version is the current one.
func (s *Services) Meanwhile(ctx context.Context, code string, version int64, yours *Service) (*Meanwhile, error) {
	now, err := s.Edited(ctx, code)
	if err != nil || now.Version == version {
		return nil, err
	}
	out := &Meanwhile{Now: now}
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out.Last, err = db.Get[Publication](ctx, tx, `SELECT `+publicationColumns+` FROM catalogue.publication
			WHERE code = $1 ORDER BY version DESC LIMIT 1`, code)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read changes of %s: %w", code, err)
	}
	was, err := s.At(ctx, code, version)
	if err != nil {
		return nil, err
	}
	if out.Theirs, err = differences(was, now.Service); err != nil {
		return nil, err
	}
	out.Yours, err = differences(now.Service, yours)
	return out, err
}

// At answers a service as it was in one of its versions; fault
// catalogue.revision_not_found where it has none of that number.
func (s *Services) At(ctx context.Context, code string, version int64) (*Service, error) {
	var revision *string
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		revision, err = db.Find[string](ctx, tx, `SELECT revision_id FROM catalogue.publication WHERE code = $1 AND version = $2`, code, version)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read version of %s: %w", code, err)
	}
	if revision == nil {
		return nil, fault.NotFound("catalogue.revision_not_found")
	}
	return s.Revision(ctx, *revision)
}
