package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/directory"
)

// seedCentres lets the identity provider know the service centres of the
// portals' directories: the same places, with the acts that each may do.
func (a *App) seedCentres(ctx context.Context) error {
	for _, p := range a.cfg.Portals {
		dir, err := deliveredDirectory(p.Code)
		if err != nil {
			return err
		}
		for _, c := range dir.Centres {
			if err := a.idp.operator.PutCentre(ctx, operatorCentre(c)); err != nil {
				return fmt.Errorf("centre %s: %w", c.Code, err)
			}
		}
	}
	return nil
}

func operatorCentre(c directory.Centre) operator.Centre {
	out := operator.Centre{
		ID: c.Code, Kind: operator.MFC, Name: c.Name, Address: c.City + ", " + c.Address, Hours: hoursText(c.Hours),
		Latitude: &c.Point.Lat, Longitude: &c.Point.Lon, Active: true,
	}
	switch c.Operator {
	case "Ростелеком":
		out.Kind = operator.Rostelecom
	case "РНКБ":
		out.Kind = operator.Bank
	}
	if len(c.Phones) > 0 {
		out.Phone = c.Phones[0].Number
	}
	for f, rights := range map[directory.Function][]operator.Right{
		directory.FunctionRegister: {operator.MayRegister}, directory.FunctionConfirm: {operator.MayConfirm},
		directory.FunctionRecover: {operator.MayRecover, operator.MayCorrect},
	} {
		if c.Does(f) {
			out.Acts = append(out.Acts, rights...)
		}
	}
	slices.Sort(out.Acts)
	return out
}

var weekday = [...]string{"", "пн", "вт", "ср", "чт", "пт", "сб", "вс"}

// hoursText is a timetable in one line: «пн–пт 08:00–20:00, сб 08:00–17:00».
func hoursText(hours []directory.Hours) string {
	var out []string
	for _, h := range hours {
		if h.From < 1 || h.To > 7 {
			continue
		}
		days := weekday[h.From]
		if h.To != h.From {
			days += "–" + weekday[h.To]
		}
		out = append(out, days+" "+h.Open+"–"+h.Close)
	}
	return strings.Join(out, ", ")
}

// seedRole gives staff of the demo their rights in the product where they work.
func (a *App) seedRole(ctx context.Context, oid person.OID, p demo.Person) error {
	switch p.Account.Role {
	case demo.Operator:
		return a.idp.operator.Grant(ctx, oid, p.Account.Centre, []operator.Right{operator.MayConfirm, operator.MayRegister, operator.MayRecover, operator.MayCorrect}, "setup")
	case demo.IDPAdmin:
		return a.idp.operator.Grant(ctx, oid, "", []operator.Right{operator.Admin}, "setup")
	case demo.Clerk, demo.PortalAdmin:
		return a.seedOfficer(ctx, oid, p)
	}
	return nil
}
