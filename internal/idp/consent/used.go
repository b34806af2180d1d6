package consent

import (
	"context"
	"fmt"
	"sync"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/journal"
)

// Used writes into the person's journal that a client read sections of the
// profile, once per client, section and hour.
func (cs *Consents) Used(ctx context.Context, oid int64, c *client.Client, sections ...string) error {
	hour := cs.Clock.Now().Format("2006010215")
	var entries []journal.Entry
	for _, section := range sections {
		once := fmt.Sprintf("read:%s:%d:%s:%s", c.ID, oid, section, hour)
		if !cs.noted.has(hour, once) {
			entries = append(entries, journal.Entry{
				OID: oid, Kind: journal.ProfileRead, Actor: "client:" + c.ID, Once: once,
				Details: map[string]string{"client": c.ID, "name": c.Name, "scopes": section},
			})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	err := cs.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, e := range entries {
			if err := cs.Journal.Write(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note use of consent: %w", err)
	}
	for _, e := range entries {
		cs.noted.add(hour, e.Once)
	}
	return nil
}

// noted are the entries that this process knows to be in the journal, of one
// hour: a portal that reads with every page must not ask the journal each time.
// Who is not among them is written again, which changes nothing.
type noted struct {
	mu   sync.Mutex
	hour string
	once map[string]struct{}
}

// mostNoted bounds the memory: some 4 MB.
const mostNoted = 30_000

func (n *noted) has(hour, once string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.once[once]
	return ok && n.hour == hour
}

func (n *noted) add(hour, once string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hour != hour || len(n.once) >= mostNoted {
		n.hour, n.once = hour, map[string]struct{}{}
	}
	n.once[once] = struct{}{}
}
