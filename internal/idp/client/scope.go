package client

import "slices"

// Control scopes, which carry no data of a person by themselves.
const (
	ScopeOpenID  = "openid"
	ScopeOffline = "offline_access" // a refresh token that outlives the session
)

// catalogue is every scope that can be asked for, by ESIA's names
// (esia-protocol.md, section 7), in the order in which people read them.
var catalogue = []string{
	ScopeOpenID, "fullname", "birthdate", "gender", "birthplace", "snils", "inn", "id_doc",
	"medical_doc", "military_doc", "foreign_passport_doc", "drivers_licence_doc", "birth_cert_doc", "residence_doc",
	"temporary_residence_doc", "change_fullname_cert_doc", "marriage_cert_doc", "divorce_cert_doc", "death_cert_doc",
	"paternity_cert_doc", "vehicles", "vehicle_reg_cert_doc", "number_plate_doc", "mobile", "email", "contacts", "addresses",
	"usr_org", "usr_avt", "self_employed",
	"kid_fullname", "kid_birthdate", "kid_gender", "kid_snils", "kid_inn", "kid_birth_cert_doc", "kid_medical_doc",
	"kid_mobile", "kid_email", ScopeOffline,
}

// standard maps OIDC's scopes onto ESIA's (OpenID Connect Core, 5.4).
var standard = map[string][]string{
	"profile": {"fullname", "birthdate", "gender"},
	"phone":   {"mobile"},
	"address": {"addresses"},
}

// Known tells whether a scope can be registered for a client.
func Known(scope string) bool { return slices.Contains(catalogue, scope) }

// Expand replaces OIDC's own scope names by ESIA's and drops repetitions.
// Names that nobody knows stay, so that [Client.Permitted] drops them.
func Expand(scopes []string) []string {
	var out []string
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range scopes {
		if m, ok := standard[s]; ok {
			for _, e := range m {
				add(e)
			}
			continue
		}
		add(s)
	}
	return out
}

// Sorted puts scopes into the order of the catalogue: the order of the consent
// page and of the stored record.
func Sorted(scopes []string) []string {
	out := slices.Clone(scopes)
	slices.SortStableFunc(out, func(a, b string) int { return slices.Index(catalogue, a) - slices.Index(catalogue, b) })
	return slices.Compact(out)
}

// Scopes lists the catalogue: for the discovery document and the console.
func Scopes() []string { return slices.Clone(catalogue) }
