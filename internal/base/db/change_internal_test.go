package db

import (
	"testing"
	"time"
)

// What was asked more than a second ago is not believed, and after a pause in
// which changes may have been tidied away everything is forgotten.
func TestAnswersAreBelievedForASecond(t *testing.T) {
	t.Parallel()
	f := newFeed()
	var now time.Duration = time.Hour
	f.now = func() time.Duration { return now }
	f.asking.Store(true) // no question is asked by itself here
	d := &DB{feed: f}
	if d.Following() {
		t.Error("believed before the first question")
	}
	f.asked.Store(int64(now))
	for _, c := range []struct {
		age  time.Duration
		want bool
	}{{0, true}, {askEvery, true}, {believed - 1, true}, {believed, false}, {time.Minute, false}} {
		now = time.Hour + c.age
		if d.Following() != c.want {
			t.Errorf("an answer of %v ago: believed %v", c.age, !c.want)
		}
	}
}
