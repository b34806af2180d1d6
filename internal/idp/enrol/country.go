package enrol

import (
	"slices"
	"strings"
)

// Countries are the citizenships to choose from, by ISO 3166-1 alpha-3; RUS leads
// and XXX (stateless) ends the list. Names are the messages country.<code>.
func Countries() []string { return slices.Clone(countries) }

var countries = strings.Fields(`RUS ABH ARM AUT AZE BEL BGR BLR CAN CHE CHN CUB CZE DEU DNK EGY ESP EST FIN FRA GBR GEO GRC
	HUN IDN IND IRN IRL IRQ ISL ISR ITA JPN KAZ KGZ KOR LTU LUX LVA MDA MNE MNG NLD NOR OST POL PRK PRT ROU SRB SVK SVN SWE SYR
	THA TJK TKM TUR UKR USA UZB VNM XXX`)

func knownCountry(code string) bool { return slices.Contains(countries, code) }
