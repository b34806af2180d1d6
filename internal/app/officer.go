package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// seedOfficer gives staff of the demo their work at their region's portal.
func (a *App) seedOfficer(ctx context.Context, oid person.OID, p demo.Person) error {
	at := a.portalOf(cmp.Or(p.Account.Portal, "72"))
	if at == nil {
		return nil
	}
	o := officer.Officer{
		Subject: person.FormatOID(oid), Agency: p.Account.Agency, Name: p.Surname + " " + p.Name + " " + p.Patronymic,
		Post: "Инспектор", Roles: []officer.Role{officer.RoleClerk}, Active: true,
	}
	if p.Account.Role == demo.PortalAdmin {
		o.Agency, o.Post = "", "Администратор портала"
		o.Roles = []officer.Role{officer.RoleAdmin, officer.RoleEditor, officer.RoleSupport}
	}
	known, err := at.officers.List(ctx, o.Agency)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(k officer.Officer) bool { return k.Subject == o.Subject }) {
		return nil
	}
	_, err = at.officers.Add(ctx, o)
	return err
}

// portalOf is the portal of a region in this process, nil without one.
func (a *App) portalOf(code string) *portal {
	for _, p := range a.portals {
		if p.cfg.Code == code {
			return p
		}
	}
	return nil
}
