package app

import (
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/outbound"
)

// The two regions of the demo differ in configuration alone, and both are valid.
//
// RPG-01, HLP-04
func TestBrandsOfTheDemo(t *testing.T) {
	t.Parallel()
	d := &Demo{urls: map[string]string{}}
	if err := d.address("127.0.0.1:8080", nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, p := range d.portals() {
		b := p.Brand.brand()
		if err := p.Brand.check(); err != nil {
			t.Fatalf("region %s: %v", p.Code, err)
		}
		// What the file of the demo says could be published by its page as well.
		if err := b.Check(); err != nil || b.Phone == "" || p.Zone == "" {
			t.Errorf("region %s: %+v, %v", p.Code, b, err)
		}
		for _, value := range []string{p.URL, p.OfficeURL, p.databaseName(), p.Client.ID, p.OfficeClient.ID, b.Sub.RU} {
			if other, taken := seen[value]; taken {
				t.Errorf("regions %s and %s share %q", other, p.Code, value)
			}
			seen[value] = p.Code
		}
	}
	own := BrandConfig{Name: "Окно", Phone: "8 (843) 5-114-115"}
	if b := own.brand(); own.check() != nil || b.Phone != "8 (843) 5-114-115" || b.Colours != nil {
		t.Errorf("a region's own phone: %+v", b)
	}
}

// Letters come from the region's name, and what keeps a connection is closed with
// the program.
func TestGateways(t *testing.T) {
	t.Parallel()
	a := &App{cfg: Config{Mail: MailConfig{Address: "mail.example.org:587"}, SMS: SMSConfig{SMPP: "smsc.example.org:2775", From: "OKNO"}}}
	m, ok := a.mailer(always("Услуги Тюменской области")).(*outbound.Mail)
	if !ok || m.Name(t.Context()) != "Услуги Тюменской области" || m.From.Address != "okno@mail.example.org" || m.Security != outbound.StartTLS {
		t.Errorf("mail %+v", m)
	}
	s, ok := a.smsSender().(*outbound.SMPP)
	if !ok || s.Source != "OKNO" || len(a.gateways) != 1 || a.gateways[0] != s {
		t.Errorf("sms %+v, to be closed %v", s, a.gateways)
	}
}

// Colours on which text cannot be read stop the start, with words.
func TestUnreadableColoursAreRefused(t *testing.T) {
	t.Parallel()
	c := Config{Listen: ":8080", Keys: "keys", PrivatePostgres: true, IDP: &IDPConfig{URL: "https://esia.example.org"}, Portals: []PortalConfig{{
		Code: "72", URL: "https://uslugi.example.org", Brand: BrandConfig{Colours: map[string]string{"blue-700": "#9dbfe8"}},
	}}}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "portals.72.brand") || !strings.Contains(err.Error(), "contrast") {
		t.Errorf("err = %v", err)
	}
	c.Portals[0].Brand.Colours = seaColours
	if err := c.Check(); err != nil {
		t.Errorf("readable colours are refused: %v", err)
	}
}
