package app

import (
	"cmp"
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/person"
)

// joinProducts keeps this deployment's own sites registered at the identity
// provider of the same process. The call is the same at each start.
func (a *App) joinProducts(ctx context.Context) error {
	if a.idp == nil {
		return nil
	}
	if url := a.idp.cfg.DeskURL; url != "" {
		c := staffClient("okno-desk", "Рабочее место центра обслуживания", url)
		if err := a.putOwn(ctx, c, ClientConfig{ID: c.ID}); err != nil {
			return err
		}
	}
	for _, p := range a.cfg.Portals {
		if p.Issuer != "" && p.Issuer != a.idp.cfg.URL {
			continue
		}
		c := client.Client{
			ID: p.Client.ID, Name: cmp.Or(p.Brand.Exchange, p.Brand.Region, hostOf(p.URL)), Kind: client.State, HomeURL: p.URL, Scopes: portalScopes, MinLevel: person.Simplified,
			RedirectURIs: []string{p.URL + "/auth/callback"}, PostLogoutURIs: []string{p.URL + "/"},
			BackchannelURI: p.URL + "/auth/backchannel", EventURI: p.URL + "/auth/events",
			Purpose: "Заполнять заявления вашими данными и сообщать о ходе рассмотрения",
		}
		if err := a.putOwn(ctx, c, p.Client); err != nil {
			return err
		}
		if p.OfficeURL == "" {
			continue
		}
		if err := a.putOwn(ctx, staffClient(p.OfficeClient.ID, "Рабочее место ведомства", p.OfficeURL), p.OfficeClient); err != nil {
			return err
		}
	}
	return nil
}

// staffClient is a site for this deployment's staff: no consent page, but a
// second factor at each sign-in.
func staffClient(id, name, url string) client.Client {
	return client.Client{
		ID: id, Name: name, Kind: client.State, HomeURL: url, Scopes: []string{"openid", "fullname"}, MinLevel: person.Simplified,
		RedirectURIs: []string{url + "/auth/callback"}, PostLogoutURIs: []string{url + "/"}, BackchannelURI: url + "/auth/backchannel",
		FirstParty: true, SecondFactor: true,
	}
}

func (a *App) putOwn(ctx context.Context, c client.Client, cfg ClientConfig) error {
	if err := a.idp.clients.Put(ctx, c); err != nil {
		return err
	}
	if err := a.idp.clients.SetSecret(ctx, c.ID, a.clientSecret(cfg)); err != nil {
		return fmt.Errorf("secret of %s: %w", c.ID, err)
	}
	return nil
}

// putDemoClient registers a relying party from the demo desk.
func (a *App) putDemoClient(ctx context.Context, c demo.Client) (string, error) {
	if c.Certificate != "" {
		return "", fault.Invalid("demo.clients.no_certificates")
	}
	err := a.idp.clients.Put(ctx, client.Client{
		ID: c.ID, Name: c.Name, Kind: client.State, Scopes: c.Scopes, MinLevel: person.Level(c.MinLevel), RedirectURIs: c.RedirectURIs,
	})
	if err != nil {
		return "", err
	}
	if c.Secret != "" {
		return c.Secret, a.idp.clients.SetSecret(ctx, c.ID, c.Secret)
	}
	return a.idp.clients.NewSecret(ctx, c.ID)
}
