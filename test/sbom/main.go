// Sbom writes the components of a built okno as CycloneDX 1.5:
//
//	go run ./test/sbom [-o okno.cdx.json] BINARY
//
// What is in the binary is told by the binary itself (the linker records its
// modules with their checksums); licences are read from the module cache and must
// be on the list here; what the embedded assets were made of is in the lock file
// of npm.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/okno-gov/okno/test/drive"
)

func main() {
	out := flag.String("o", "", "file; default standard output")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sbom [-o FILE] BINARY")
		os.Exit(2)
	}
	bom, err := ofBinary(flag.Arg(0), drive.Root())
	if err == nil {
		err = write(bom, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func write(b *bom, name string) error {
	raw, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	raw = append(raw, '\n')
	if name == "" {
		_, err = os.Stdout.Write(raw)
		return err
	}
	return os.WriteFile(name, raw, 0o644)
}

type bom struct {
	Format       string      `json:"bomFormat"`
	SpecVersion  string      `json:"specVersion"`
	SerialNumber string      `json:"serialNumber"`
	Version      int         `json:"version"`
	Metadata     metadata    `json:"metadata"`
	Components   []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Licenses   []licence  `json:"licenses,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type licence struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// allowed are the licences that Okno (Apache-2.0) may be given on with.
var allowed = []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "MPL-2.0", "OFL-1.1"}

// embedded are the npm packages whose parts are in the binary.
var embedded = []string{"govuk-frontend", "htmx.org", "@fontsource/golos-text"}

func ofBinary(name, root string) (*bom, error) {
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	b := &bom{
		Format: "CycloneDX", SpecVersion: "1.5", Version: 1,
		SerialNumber: "urn:uuid:" + uuid.NewHash(sha256.New(), uuid.NameSpaceURL, sum[:], 8).String(),
		Metadata: metadata{component{
			Type: "application", Ref: "okno", Name: info.Main.Path, Version: info.Main.Version, PURL: purl("golang", info.Main.Path, info.Main.Version),
			Licenses: licences("Apache-2.0"), Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
		}},
	}
	b.Components = append(b.Components, component{
		Type: "platform", Ref: "go", Name: "go", Version: strings.TrimPrefix(info.GoVersion, "go"), PURL: purl("generic", "go", strings.TrimPrefix(info.GoVersion, "go")), Licenses: licences("BSD-3-Clause"),
	})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		id, err := licenceOf(root, m.Path, m.Version)
		if err != nil {
			return nil, err
		}
		b.Components = append(b.Components, component{
			Type: "library", Ref: m.Path + "@" + m.Version, Name: m.Path, Version: m.Version, PURL: purl("golang", m.Path, m.Version),
			Licenses: licences(id), Properties: []property{{"go:sum", m.Sum}},
		})
	}
	npm, err := ofAssets(filepath.Join(root, "test", "assets", "package-lock.json"))
	b.Components = append(b.Components, npm...)
	return b, err
}

func ofAssets(lock string) (out []component, err error) {
	raw, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var l struct {
		Packages map[string]struct {
			Version, License, Integrity string
		} `json:"packages"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", lock, err)
	}
	for _, name := range embedded {
		p, ok := l.Packages["node_modules/"+name]
		if !ok {
			return nil, fmt.Errorf("%s has no %s", lock, name)
		}
		if !slices.Contains(allowed, p.License) {
			return nil, fmt.Errorf("%s has the licence %q, which is not on the list", name, p.License)
		}
		out = append(out, component{
			Type: "library", Ref: "npm:" + name, Name: name, Version: p.Version, PURL: purl("npm", strings.ReplaceAll(name, "@", "%40"), p.Version),
			Licenses: licences(p.License), Properties: []property{{"npm:integrity", p.Integrity}},
		})
	}
	return out, nil
}

func purl(kind, name, version string) string { return "pkg:" + kind + "/" + name + "@" + version }

func licences(id string) []licence {
	var l licence
	l.License.ID = id
	return []licence{l}
}

// licenceOf reads the licence of a module in the module cache.
func licenceOf(root, module, version string) (string, error) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Dir = root
	raw, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("licence of %s: %w", module, err)
	}
	dir := strings.TrimSpace(string(raw))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		base := strings.ToUpper(filepath.Base(f))
		if !strings.HasPrefix(base, "LICEN") && !strings.HasPrefix(base, "COPYING") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a folder of that name
		}
		if id := identify(string(text)); slices.Contains(allowed, id) {
			return id, nil
		}
	}
	return "", fmt.Errorf("%s@%s in %q has no licence that is on the list", module, version, dir)
}

// identify knows the licences on the list by words that no other one has.
func identify(text string) string {
	t := strings.Join(strings.Fields(text), " ")
	has := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(t, w) })
	}
	switch {
	case has("Apache License", "Version 2.0, January 2004"):
		return "Apache-2.0"
	case has("Mozilla Public License Version 2.0") || has("Mozilla Public License, version 2.0"):
		return "MPL-2.0"
	case has("Permission is hereby granted, free of charge, to any person obtaining a copy"):
		return "MIT"
	case has("Redistribution and use in source and binary forms", "Neither the name") || has("Redistribution and use in source and binary forms", "names of its contributors may be used"):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice") ||
		has("Permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, provided that"):
		return "ISC"
	}
	return ""
}
