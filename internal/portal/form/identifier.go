package form

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/okno-gov/okno/internal/base/ruid"
)

// identifiers are the named checks: of kinds (snils, inn, phone, email), of parts and of Field.Format.
// Each answers the canonical value, its printed form and the rule that failed ("format" or
// "checksum", empty if none). How to mend it is the message "form.<rule>.<name>".
var identifiers = map[string]func(string) (canon, text, rule string){
	"snils":                  identifier(ruid.ParseSNILS),
	"inn":                    identifier(ruid.ParseINN),
	"ogrn":                   identifier(ruid.ParseOGRN),
	"phone":                  identifier(ruid.ParsePhone),
	"email":                  identifier(ruid.ParseEmail),
	"passport":               identifier(ruid.ParsePassport),
	"issue_code":             identifier(ruid.ParseDepartmentCode),
	"birth_certificate":      identifier(ruid.ParseBirthCertificate),
	"driver_licence":         identifier(ruid.ParseDriverLicence),
	"vehicle_certificate":    identifier(ruid.ParseVehicleCert),
	"plate":                  identifier(ruid.ParsePlate),
	"oms_policy":             identifier(ruid.ParseENP),
	"postcode":               matching(regexp.MustCompile(`^[1-9]\d{5}$`)),
	"international_passport": matching(regexp.MustCompile(`^\d{2} ?\d{7}$`)),
	"vin":                    matching(regexp.MustCompile(`^[A-HJ-NPR-Z0-9]{17}$`)),
	"name":                   readName,
	"any":                    readAny,
}

// Formats are the checks that a text field may name in Field.Format.
func Formats() []string {
	var out []string
	for name := range identifiers {
		if !slices.Contains([]string{"snils", "inn", "phone", "email", "any"}, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func identifier[T interface {
	~string
	fmt.Stringer
}](parse func(string) (T, error)) func(string) (string, string, string) {
	return func(s string) (string, string, string) {
		v, err := parse(s)
		switch {
		case errors.Is(err, ruid.ErrChecksum):
			return "", "", "checksum"
		case err != nil:
			return "", "", "format"
		}
		return string(v), v.String(), ""
	}
}

func matching(re *regexp.Regexp) func(string) (string, string, string) {
	return func(s string) (string, string, string) {
		s = strings.ToUpper(strings.TrimSpace(s))
		if !re.MatchString(s) {
			return "", "", "format"
		}
		return s, s, ""
	}
}

// readName takes the letters of any script with hyphens, apostrophes, points and spaces: names may
// be single, double or Latin.
func readName(s string) (canon, text, rule string) {
	s = strings.Join(strings.Fields(s), " ")
	letters := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r):
			letters = true
		case !strings.ContainsRune("-‐‑' ’ʼ.()", r):
			return "", "", "format"
		}
	}
	if !letters {
		return "", "", "format"
	}
	return s, s, ""
}

func readAny(s string) (canon, text, rule string) {
	s = strings.Join(strings.Fields(s), " ")
	return s, s, ""
}
