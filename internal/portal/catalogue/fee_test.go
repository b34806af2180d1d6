package catalogue_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/okno-gov/okno/internal/portal/catalogue"
)

// dutyLaw is where state duties come from: chapter 25.3 of the Tax Code.
var dutyLaw = regexp.MustCompile(`333\.\d+`)

// The portal is free of charge: whatever costs something is a state duty, and its
// article is named.
//
// PRT-17
func TestNothingCostsButStateDuties(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"72", "92"} {
		b, err := catalogue.LoadBundle(os.DirFS(definitions), region)
		if err != nil {
			t.Fatal(err)
		}
		paid := 0
		for _, sv := range b.Services {
			if sv.Fee.Free() {
				continue
			}
			paid++
			if !dutyLaw.MatchString(sv.Fee.Note.RU) {
				t.Errorf("region %s: %s costs something that is no state duty: %q", region, sv.Code, sv.Fee.Note.RU)
			}
		}
		if paid == 0 {
			t.Errorf("region %s: no service has a duty, so nothing was checked", region)
		}
	}
}
