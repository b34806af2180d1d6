package app

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/locale"
)

// The page is what the declarations say now.
func TestRetentionPageIsFresh(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../docs/security/retention.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WriteRetentionPage(&want); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("docs/security/retention.md is not what the declarations say: okno retention --markdown > docs/security/retention.md")
	}
	if strings.Count(want.String(), "\n| ") < 60 {
		t.Error("the page has hardly any tables")
	}
}

// An act of erasure is in Russian, whatever table and kind of data it names.
func TestActsHaveTheirWords(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	l, keys := bundle.For("ru"), []string{"erasure.reason." + erasedAccount, "erasure.reason." + erasedTerm, "erasure.reason." + erasedLink}
	for _, s := range Schemas() {
		for _, one := range db.Tables(s.Sources...) {
			if one.Stays != "" || one.Name == "application.event" {
				keys = append(keys, "erasure.stays."+one.Name)
			}
			for _, h := range one.Holds {
				keys = append(keys, "erasure.data."+string(h))
			}
		}
	}
	for _, k := range keys {
		if text := l.T(k); text == "" || strings.Contains(text, k) {
			t.Errorf("the act has no words for %s", k)
		}
	}
}

// What the declarations name as erasers is what a process with the role worker
// alone runs: data must end too where sites and work are separate processes.
func TestWorkerRunsEveryDeclaredEraser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := Config{
		Listen: "127.0.0.1:0", State: dir, Keys: dir + "/keys.json", Roles: []string{"worker"}, Ops: OpsConfig{URL: "http://ops.localhost"},
		IDP: &IDPConfig{URL: "http://esia.localhost", DeskURL: "http://desk.localhost", Database: Secret(dbtest.Empty(t))},
		Portals: []PortalConfig{{
			Code: "72", URL: "http://uslugi.localhost", OfficeURL: "http://office.localhost", Database: Secret(dbtest.Empty(t)),
			Client: ClientConfig{ID: "okno-portal-72"}, OfficeClient: ClientConfig{ID: "okno-office-72"},
		}},
	}
	if err := CreateKeys(cfg); err != nil {
		t.Fatal(err)
	}
	a, err := New(context.Background(), cfg, Options{Cost: crypt.Cheap})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, p := range []struct {
		name    string
		sources []db.Source
		sweeps  []string
		parties []string
	}{
		{"identity provider", idpMigrations(), a.idp.queue.SweepNames(), []string{"rp.session:okno-desk", "rp.session:okno-ops"}},
		{"portal", portalMigrations(), a.portals[0].queue.SweepNames(), []string{"rp.session:okno-portal-72", "rp.session:okno-office-72"}},
	} {
		for _, want := range p.parties {
			if !slices.Contains(p.sweeps, want) {
				t.Errorf("%s: no sweep %s runs", p.name, want)
			}
		}
		for _, one := range db.Tables(p.sources...) {
			for _, want := range one.Sweeps {
				if !slices.ContainsFunc(p.sweeps, func(s string) bool { return s == want || strings.HasPrefix(s, want+":") }) {
					t.Errorf("%s: %s is erased by the sweep %s, which does not run", p.name, one.Name, want)
				}
			}
		}
	}
}
