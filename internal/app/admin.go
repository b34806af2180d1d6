package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/postgres"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// StaffOptions say who gets which rights. Name and phone are needed for a new
// account; somebody who has an account is found by the phone alone.
type StaffOptions struct {
	Surname, Given, Patronymic string
	Phone, Email               string
	// Provider makes an administrator of the identity provider.
	Provider bool
	// Centre makes an operator of that service centre, with all acts of a desk.
	Centre string
	// Portal, Roles, Agency and Post make an officer of one portal.
	Portal string
	Roles  []string
	Agency string
	Post   string
	// Link makes a fresh one-time link for an account that exists: the first ran
	// out, or password and second factor are lost.
	Link bool
}

// CreateStaff gives somebody an account for work, if there is none, and rights.
// It prints what the person needs for the first sign-in: a link that works once,
// sets the password and connects the second factor.
func CreateStaff(ctx context.Context, cfg Config, o StaffOptions, out io.Writer) error {
	if !o.Provider && o.Centre == "" && o.Portal == "" {
		return errors.New("say which rights: --provider, --centre or --portal")
	}
	a, err := openForCommand(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Close()
	first, err := a.staffAccount(ctx, o)
	if err != nil {
		return explainFault(err)
	}
	if err := a.staffRights(ctx, first.oid, o); err != nil {
		return explainFault(err)
	}
	first.print(out, o, a.cfg)
	return nil
}

// openForCommand opens the identity provider for a command of its administrator:
// nothing is served and worked, only the use cases are needed.
func openForCommand(ctx context.Context, cfg Config) (*App, error) {
	if cfg.IDP == nil {
		return nil, errors.New("this configuration has no identity provider: run the command there")
	}
	cfg.Roles = []string{"worker"}
	if err := attach(&cfg); err != nil {
		return nil, err
	}
	return New(ctx, cfg, Options{})
}

// attach leads a configuration with a private PostgreSQL to the one that a
// running process has started.
func attach(cfg *Config) error {
	if !cfg.PrivatePostgres {
		return nil
	}
	if _, running := postgres.Attach(cfg.State); !running {
		return nil
	}
	urls, _, err := databaseURLs(context.Background(), *cfg)
	if err != nil {
		return err
	}
	cfg.PrivatePostgres = false
	cfg.Portals = slices.Clone(cfg.Portals)
	for _, u := range urls {
		if u.name == idpDatabase {
			idp := *cfg.IDP
			idp.Database = Secret(u.url)
			cfg.IDP = &idp
		}
		for i := range cfg.Portals {
			if cfg.Portals[i].databaseName() == u.name {
				cfg.Portals[i].Database = Secret(u.url)
			}
		}
	}
	return nil
}

// explainFault turns a fault, whose text is for people on pages, into one line.
func explainFault(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	text := f.Key
	for _, field := range f.Fields {
		text += " " + field.Name + ": " + field.Key
	}
	return errors.New(text)
}

// firstSignIn is what is handed over in person; link is empty for somebody who
// has an account already.
type firstSignIn struct {
	oid  person.OID
	link string
}

func (a *App) staffAccount(ctx context.Context, o StaffOptions) (*firstSignIn, error) {
	phone, err := ruid.ParseMobile(o.Phone)
	if err != nil {
		return nil, fmt.Errorf("--phone: %q is no mobile number such as +79120000000", o.Phone)
	}
	known, err := a.idp.persons.FindByLogin(ctx, person.LoginPhone, string(phone))
	if err != nil {
		return nil, err
	}
	if known != nil && !o.Link {
		return &firstSignIn{oid: known.OID}, nil
	}
	who := enrol.NewStaff{Surname: o.Surname, Given: o.Given, Patronymic: o.Patronymic, Phone: string(phone), Email: o.Email}
	if known != nil {
		who.Surname, who.Given, who.Patronymic = known.Surname, known.Given, known.Patronymic
	}
	oid, token, err := a.idp.enrol.CreateForSetup(ctx, who)
	if err != nil {
		return nil, err
	}
	return &firstSignIn{oid: oid, link: a.idp.cfg.URL + "/setup/" + token}, nil
}

// byCommand is who gave rights from the command line.
const byCommand = "setup"

func (a *App) staffRights(ctx context.Context, oid person.OID, o StaffOptions) error {
	rights := []operator.Right{}
	if o.Provider {
		rights = append(rights, operator.Admin)
	}
	if o.Centre != "" {
		rights = append(rights, operator.Acts()...)
	}
	if len(rights) > 0 {
		if err := a.idp.operator.Grant(ctx, oid, o.Centre, rights, byCommand); err != nil {
			return err
		}
	}
	if o.Portal == "" {
		return nil
	}
	i := slices.IndexFunc(a.portals, func(p *portal) bool { return p.cfg.Code == o.Portal })
	if i < 0 {
		return fmt.Errorf("the configuration has no portal %q", o.Portal)
	}
	if o.Agency != "" {
		if _, err := a.portals[i].directory.Agency(ctx, o.Agency); err != nil {
			return err
		}
	}
	who, err := a.idp.persons.Get(ctx, oid)
	if err != nil {
		return err
	}
	of := officer.Officer{
		Subject: person.FormatOID(oid), Agency: o.Agency, Post: o.Post, Active: true,
		Name: strings.TrimSpace(strings.Join([]string{who.Surname, who.Given, who.Patronymic}, " ")),
	}
	for _, r := range o.Roles {
		of.Roles = append(of.Roles, officer.Role(r))
	}
	if len(of.Roles) == 0 {
		of.Roles = []officer.Role{officer.RoleAdmin}
	}
	_, err = a.portals[i].officers.Add(ctx, of)
	return err
}

func (f *firstSignIn) print(out io.Writer, o StaffOptions, cfg Config) {
	fmt.Fprintf(out, "Account %s has its rights.\n", person.FormatOID(f.oid))
	if f.link != "" {
		fmt.Fprintf(out, "\nOpen this link within a day; it works once, sets the password and connects the second factor,\nwithout which no site for staff lets anybody in:\n\n    %s\n", f.link)
	}
	var sites []string
	if o.Provider || o.Portal != "" && (len(o.Roles) == 0 || slices.Contains(o.Roles, "admin")) {
		sites = append(sites, cfg.Ops.URL)
	}
	if o.Centre != "" {
		sites = append(sites, cfg.IDP.DeskURL)
	}
	for _, p := range cfg.Portals {
		if p.Code == o.Portal {
			sites = append(sites, p.OfficeURL)
		}
	}
	fmt.Fprintf(out, "\nSites: %s\n", strings.Join(slices.DeleteFunc(sites, func(s string) bool { return s == "" }), " "))
}
