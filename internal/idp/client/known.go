package client

import (
	"context"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// topic is under which changes of clients are told, by mnemonic.
const topic = "client"

// known is a client with what it proves itself by, as kept in memory.
type known struct {
	client  *Client
	secrets []secret
}

type secret struct {
	MAC       []byte     `db:"mac"`
	ExpiresAt *time.Time `db:"expires_at"`
}

// Known is [Clients.Find] from memory: a change is seen at once in this process
// and within a second in others. The answer is the caller's own; its lists are
// shared, nobody changes them.
func (cs *Clients) Known(ctx context.Context, id string) (*Client, error) {
	k, err := cs.recall(ctx, id)
	if err != nil || k.client == nil {
		return nil, err
	}
	c := *k.client
	return &c, nil
}

func (cs *Clients) recall(ctx context.Context, id string) (known, error) {
	cs.ready.Do(func() {
		cs.known.DB, cs.known.Topic = cs.DB, topic
		cs.known.Keys = func(id string, _ known) []string { return []string{id} }
	})
	return cs.known.Get(ctx, id, func(ctx context.Context) (k known, keep bool, err error) {
		err = cs.DB.Read(ctx, func(tx *db.Tx) error {
			if k.client, err = find(ctx, tx, id); err != nil || k.client == nil {
				return err
			}
			k.secrets, err = secrets(ctx, tx, id, cs.Clock.Now())
			return err
		})
		return k, k.client != nil, err
	})
}
