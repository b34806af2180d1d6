package db_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// One of many readers looks, once a second and after a change; a failure is told and
// leaves what was there for the next.
func TestKept(t *testing.T) {
	t.Parallel()
	var k db.Kept[int]
	now, looks, seven := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), atomic.Int32{}, 7
	renew := func(held *int) (*int, error) {
		looks.Add(1)
		if held != nil {
			return held, nil
		}
		return &seven, nil
	}
	if k.Known(now) != nil {
		t.Error("known before anybody looked")
	}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if v, err := k.Get(now, renew); err != nil || *v != 7 {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
	wg.Wait()
	if looks.Load() != 1 || k.Known(now.Add(time.Second-1)) == nil || k.Known(now.Add(time.Second)) != nil {
		t.Errorf("%d looks", looks.Load())
	}
	broken := errors.New("broken")
	if _, err := k.Get(now.Add(time.Second), func(*int) (*int, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("a failure is not told: %v", err)
	}
	if v, err := k.Get(now.Add(time.Second), renew); err != nil || *v != 7 || looks.Load() != 2 {
		t.Errorf("%v, %v after %d looks", v, err, looks.Load())
	}
	k.Forget()
	if k.Known(now.Add(time.Second)) != nil {
		t.Error("known after a change")
	}
}
