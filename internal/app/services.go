package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/services"
)

// byDelivery is who publishes what comes with a release.
const byDelivery = "delivery"

// LintServices reads the definitions below dir: one service's folder, a folder of
// such folders, or a tree like services/ with federal/ and region/NN/. The error
// names every mistake, warnings the texts that have no translation.
func LintServices(dir, region string) (codes, warnings []string, err error) {
	b, err := readServices(dir, region)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range b.Services {
		codes = append(codes, s.Code)
		for _, at := range s.Untranslated() {
			warnings = append(warnings, s.Code+": no translation of "+at)
		}
	}
	return codes, warnings, nil
}

// ImportServices publishes the definitions below dir at one portal, all or none,
// and tells how many changed. Categories and life situations of the portal stay;
// those of the release that the definitions stand on are added.
func ImportServices(ctx context.Context, cfg Config, dir, portal, by string) (int, error) {
	i := slices.IndexFunc(cfg.Portals, func(p PortalConfig) bool { return p.Code == portal })
	if i < 0 {
		return 0, fmt.Errorf("import: the configuration has no portal %q", portal)
	}
	p := cfg.Portals[i]
	b, err := readServices(dir, portal)
	if err != nil {
		return 0, err
	}
	urls, stop, err := databaseURLs(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer stop()
	at := slices.IndexFunc(urls, func(n named) bool { return n.name == p.databaseName() })
	d, err := db.Open(ctx, db.Config{URL: urls[at].url, MaxConns: 4})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.databaseName(), explainDatabase(err))
	}
	defer d.Close()
	c := clock.New()
	to := &catalogue.Services{DB: d, Clock: c, Directory: &directory.Directory{DB: d, Clock: c}, Zone: zone(p.Zone, "Europe/Moscow")}
	return to.Add(ctx, b, by)
}

// readServices loads definitions as a release would, with the release's shelves.
func readServices(dir, region string) (*catalogue.Bundle, error) {
	tree, err := os.MkdirTemp("", "okno-services-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tree)
	if err := gatherServices(tree, dir, region); err != nil {
		return nil, err
	}
	b, err := catalogue.LoadBundle(os.DirFS(tree), region)
	if err != nil {
		return nil, err
	}
	if len(b.Services) == 0 {
		return nil, fmt.Errorf("%s holds no service: no folder with service.yaml in it", dir)
	}
	return b, nil
}

func gatherServices(tree, dir, region string) error {
	shelves, err := services.FS.ReadFile("catalogue.yaml")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "catalogue.yaml"), shelves, 0o600); err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	take := func(from, as string) error { return os.CopyFS(filepath.Join(tree, as), os.DirFS(from)) }
	if isService(dir) {
		return take(dir, filepath.Join("federal", filepath.Base(dir)))
	}
	for _, part := range []string{"federal", filepath.Join("region", region)} {
		if from := filepath.Join(dir, part); isDir(from) {
			if err := take(from, part); err != nil {
				return err
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if from := filepath.Join(dir, e.Name()); isService(from) {
			err = errors.Join(err, take(from, filepath.Join("federal", e.Name())))
		}
	}
	return err
}

func isService(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "service.yaml"))
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
