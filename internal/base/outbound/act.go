package outbound

import (
	"context"

	"github.com/okno-gov/okno/internal/base/db"
)

// TryNow sends what waits for its next attempt at once, and tells how many
// messages that are: after a gateway has come back. A message that has failed
// for good is not among them: its address and text are erased, and a code must
// not be sent twice.
func (o *Outbox) TryNow(ctx context.Context, tx *db.Tx) (int64, error) {
	return o.Queue.Now(ctx, tx, sendCode{}.Kind(), sendNotice{}.Kind())
}
