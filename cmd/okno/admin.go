package main

import (
	"context"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type adminCommand struct {
	Create  adminCreateCommand  `cmd:"" help:"Give somebody an account for work and rights: the first administrator, an operator, a clerk."`
	SignOut adminSignOutCommand `cmd:"" help:"End sessions after an incident: of some accounts or of all."`
}

type adminCreateCommand struct {
	configFile
	Phone      string   `required:"" help:"Mobile phone, the login: +79120000000. Who has an account keeps it."`
	Surname    string   `help:"For a new account."`
	Given      string   `help:"For a new account."`
	Patronymic string   `help:"For a new account."`
	Email      string   `help:"For a new account."`
	Provider   bool     `help:"Administrator of the identity provider."`
	Centre     string   `help:"Operator of this service centre."`
	Portal     string   `help:"Officer of the portal with this code."`
	Role       []string `help:"At the portal: admin (default), editor, support, clerk."`
	Agency     string   `help:"Code of the clerk's agency in the directory."`
	Post       string   `help:"What the clerk is, as citizens read it."`
	Link       bool     `help:"A fresh one-time link for an account that exists."`
}

func (c *adminCreateCommand) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.CreateStaff(ctx, cfg, app.StaffOptions{
		Surname: c.Surname, Given: c.Given, Patronymic: c.Patronymic, Phone: c.Phone, Email: c.Email,
		Provider: c.Provider, Centre: c.Centre, Portal: c.Portal, Roles: c.Role, Agency: c.Agency, Post: c.Post, Link: c.Link,
	}, os.Stdout)
}
