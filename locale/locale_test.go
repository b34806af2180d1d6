package locale_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/locale"
)

// Every catalogue loads, and translations agree with Russian about keys and placeholders.
func TestCatalogues(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range bundle.Check() {
		t.Error(problem)
	}
	for _, lang := range []string{"tt", "en"} {
		if len(bundle.Keys(lang)) == 0 {
			t.Errorf("no texts in %s", lang)
		}
	}
}

// Whoever reports an identifier's error by its key finds a text, and each text belongs to a known identifier.
func TestIdentifierErrorsHaveTexts(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, parse := range []func(string) error{
		errorOf(ruid.ParseSNILS), errorOf(ruid.ParseINN), errorOf(ruid.ParseOGRN), errorOf(ruid.ParseOGRNIP), errorOf(ruid.ParseKPP),
		errorOf(ruid.ParseBIK), errorOf(ruid.ParseKBK), errorOf(ruid.ParseOKTMO), errorOf(ruid.ParseUIN), errorOf(ruid.ParseENP),
		errorOf(ruid.ParsePassport), errorOf(ruid.ParseDepartmentCode), errorOf(ruid.ParseBirthCertificate), errorOf(ruid.ParsePlate),
		errorOf(ruid.ParseDriverLicence), errorOf(ruid.ParseVehicleCert), errorOf(ruid.ParsePhone), errorOf(ruid.ParseEmail),
		errorOf(ruid.ParseAppNumber), errorOf(func(s string) (ruid.Account, error) { return ruid.ParseAccount("044525225", s) }),
		func(string) error { _, err := ruid.ParseSNILS("112-233-445 96"); return err },
		func(string) error { _, err := ruid.ParseINN("7707083894"); return err },
		func(string) error { _, err := ruid.ParseAppNumber("72-2026-0000123-4"); return err },
	} {
		var mistake *ruid.Error
		if err := parse("?"); !errors.As(err, &mistake) {
			t.Errorf("err = %v, want a *ruid.Error", err)
		} else if !bundle.For("ru").Has(mistake.Key()) {
			t.Errorf("no text for %s", mistake.Key())
		}
	}
}

func errorOf[T any](parse func(string) (T, error)) func(string) error {
	return func(s string) error { _, err := parse(s); return err }
}

// keyInCode finds keys that code names in full: faults, their fields and texts of pages. Keys that are put together at
// run time end in a dot and are left to the tests of their pages.
var keyInCode = regexp.MustCompile(`fault\.(?:Invalid|NotFound|Conflict|Forbidden|Unauthenticated|Limited|Unavailable)\("([a-z0-9_.]+[a-z0-9])"` +
	`|fault\.F\((?:"[^"]*"|[\w.]+),\s*"([a-z0-9_.]+[a-z0-9])"|\.T\("([a-z0-9_.]+[a-z0-9])"|\bT\(ctx,\s*"([a-z0-9_.]+[a-z0-9])"`)

// Whatever key the code names has a Russian text: nobody is shown a bare key.
func TestKeysInCodeHaveTexts(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	ru := bundle.For("ru")
	err = filepath.WalkDir("../internal", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") ||
			filepath.Ext(path) != ".go" && filepath.Ext(path) != ".templ" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range keyInCode.FindAllStringSubmatch(withoutComments.ReplaceAllString(string(source), ""), -1) {
			if key := strings.Join(match[1:], ""); !ru.Has(key) {
				t.Errorf("%s: no text for %s", strings.TrimPrefix(path, "../"), key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var withoutComments = regexp.MustCompile(`(?m)(^|\s)//.*$`)
