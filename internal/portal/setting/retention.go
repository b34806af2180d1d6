package setting

import (
	"context"

	"github.com/okno-gov/okno/internal/base/db"
)

// RetentionDays is how long ended cases, feeds, journals and the accounts of
// staff who left are kept with personal data (G-22: three years).
var RetentionDays = Int("retention.days", 1096, 365, 36500)

// KeepDays reads [RetentionDays]: for package journal, which must not import
// this one.
func KeepDays(ctx context.Context, tx *db.Tx) (int, error) { return Get(ctx, tx, RetentionDays) }
