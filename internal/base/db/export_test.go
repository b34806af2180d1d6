package db

import "time"

// AgeFeed lets time pass for what followers were told.
func (d *DB) AgeFeed(by time.Duration) {
	before := d.feed.now
	d.feed.now = func() time.Duration { return before() + by }
}
