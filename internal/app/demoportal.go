package app

// portals are the two regions of the demo. They differ in configuration alone:
// host, database, brand, zone, registrations at the identity provider (RPG-01).
func (d *Demo) portals() []PortalConfig {
	return []PortalConfig{
		{
			Code: "72", URL: d.urls["uslugi"], OfficeURL: d.urls["office"], Zone: "Asia/Yekaterinburg",
			Client: ClientConfig{ID: "okno-portal-72"}, OfficeClient: ClientConfig{ID: "okno-office-72"},
			Brand: BrandConfig{
				Name: "Окно", Sub: "Услуги Тюменской области", Region: "Тюменская область", Place: "Тюмень",
				Phone: "8 800 100-70-10", PhoneShort: "115", AppealURL: "https://admtyumen.ru", Exchange: "СМЭВ Тюменской области",
			},
		},
		{
			Code: "92", URL: d.urls["sevastopol"], OfficeURL: d.urls["office-sevastopol"], Zone: "Europe/Moscow",
			Client: ClientConfig{ID: "okno-portal-92"}, OfficeClient: ClientConfig{ID: "okno-office-92"},
			Brand: BrandConfig{
				Name: "Окно", Sub: "Услуги Севастополя", Region: "Севастополь", Place: "Севастополь",
				Phone: "8 800 100-70-10", PhoneShort: "115", AppealURL: "https://sevastopol.gov.ru", Exchange: "Портал услуг Севастополя",
				Colours: seaColours,
			},
		},
	}
}

// seaColours turn the blue of the product into the green of the sea.
var seaColours = map[string]string{
	"blue-950": "#03262b", "blue-900": "#06343b", "blue-800": "#084550", "blue-700": "#0b5c68", "blue-500": "#2a8793",
	"blue-300": "#8cc7cd", "blue-200": "#bde0e4", "blue-100": "#dcf0f2", "blue-50": "#f0f8f9",
	"deep": "#06343b", "deep-hover": "#084550", "deep-soft": "#bde0e4",
}
