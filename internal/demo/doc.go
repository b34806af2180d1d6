// Package demo is the outside world of a demonstration: the people, the
// registers of МВД and СФР, the mail server, the SMS gateway and the desk from
// which a person plays every role. Each is a server of its own that the
// products reach over the network, through their real adapters; none knows
// anything of the products. `okno serve` has no route to any of it.
package demo
