package main

import (
	"fmt"

	"github.com/okno-gov/okno/internal/app"
)

type versionCommand struct{}

func (versionCommand) Run() error {
	fmt.Println(app.Version())
	return nil
}
