package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/okno-gov/okno/test/drive"
)

// Every module of the binary has a licence on the list, and is named with its
// checksum.
func TestEveryModuleHasAKnownLicence(t *testing.T) {
	t.Parallel()
	bin, err := drive.Binary()
	if err != nil {
		t.Fatal(err)
	}
	b, err := ofBinary(bin, drive.Root())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range b.Components {
		names = append(names, c.Name)
		if c.Version == "" || !strings.HasPrefix(c.PURL, "pkg:") || len(c.Licenses) != 1 {
			t.Errorf("%+v", c)
		}
		if strings.HasPrefix(c.PURL, "pkg:golang/") && (len(c.Properties) != 1 || !strings.HasPrefix(c.Properties[0].Value, "h1:")) {
			t.Errorf("%s has no checksum", c.Name)
		}
	}
	for _, want := range []string{"go", "github.com/jackc/pgx/v5", "github.com/riverqueue/river", "golang.org/x/crypto", "govuk-frontend"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not named", want)
		}
	}
	if raw, err := json.Marshal(b); err != nil || !strings.Contains(string(raw), `"bomFormat":"CycloneDX","specVersion":"1.5","serialNumber":"urn:uuid:`) {
		t.Errorf("%v: %.200s", err, raw)
	}
	if names[len(names)-1] != embedded[len(embedded)-1] {
		t.Errorf("the assets are missing: %v", names)
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"GNU GENERAL PUBLIC LICENSE Version 3": "", "Apache License\n Version 2.0, January 2004": "Apache-2.0",
		"Permission is hereby granted,\nfree of charge, to any person obtaining a copy": "MIT",
	} {
		if got := identify(text); got != want {
			t.Errorf("%.20q: %q", text, got)
		}
	}
}
