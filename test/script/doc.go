// Package script drives the real binary as people and machines do: starts,
// signals, kills, configuration files, requests over the network. Nothing of the
// program runs inside the test.
package script
