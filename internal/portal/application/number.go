package application

import (
	"context"
	"fmt"
	"sync"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ruid"
)

// blockSize is how many numbers a process takes at a time; a restart loses the
// rest of a block, which G-02 permits.
const blockSize = 100

// numbers is this process's stock of numbers.
type numbers struct {
	mu         sync.Mutex
	year       int
	next, last int64
}

// number gives the next number of the year that rules in the portal's zone. It
// runs before the transaction that uses it: a counter inside would make all
// submissions wait for one another.
func (a *Applications) number(ctx context.Context) (ruid.AppNumber, error) {
	year := a.Clock.Now().In(a.Zone).Year()
	n := &a.numbers
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.year != year || n.next > n.last {
		var end int64
		err := a.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			end, err = db.Get[int64](ctx, tx, `
				INSERT INTO application.number_block (year, next) VALUES ($1, $2 + 1)
				ON CONFLICT (year) DO UPDATE SET next = number_block.next + $2
				RETURNING next`, year, blockSize)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("take numbers: %w", err)
		}
		n.year, n.next, n.last = year, end-blockSize, end-1
	}
	seq := n.next
	n.next++
	num, err := ruid.NewAppNumber(a.Region, year, int(seq))
	if err != nil {
		return "", fmt.Errorf("number %d of %d: %w", seq, year, err)
	}
	return num, nil
}
