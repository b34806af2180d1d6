package app

import _ "embed" // okno.example.yaml

// ExampleConfig is a commented configuration that starts as it is, once the
// host names are real ones.
//
//go:embed okno.example.yaml
var ExampleConfig []byte
