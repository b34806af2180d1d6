package directory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
)

const regions = "../../../services/region"

func readRegion(t *testing.T, region string) *directory.File {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(regions, region, "directory.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := directory.ParseFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// AGY-01, AGY-04, CAT-10, MAP-06: the delivered directories say of each agency who heads it, where it
// is and how to reach it.
func TestDeliveredDirectories(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(regions + "/*/directory.yaml")
	if err != nil || len(folders) < 1 {
		t.Fatalf("%d directories: %v", len(folders), err)
	}
	for _, path := range folders {
		region := filepath.Base(filepath.Dir(path))
		f := readRegion(t, region)
		branches, levels := 0, map[string]bool{}
		for _, a := range f.Agencies {
			levels[a.Level] = true
			if a.Branch != "" {
				branches++
			}
			if len(a.Phones) == 0 || a.Offices[0].Address == "" || len(a.Offices[0].Hours) == 0 || a.Offices[0].Point == (directory.Point{}) {
				t.Errorf("%s %s: no phone, address, hours or point", region, a.Code)
			}
		}
		if branches == 0 || len(levels) < 2 {
			t.Errorf("%s: %d branch sites, levels %v", region, branches, levels)
		}
		city := map[string]int{}
		for _, c := range f.Centres {
			city[c.City]++
		}
		if most := max(city["Тюмень"], city["Севастополь"]); most < 3 {
			t.Errorf("%s: only %d centres in the city", region, most)
		}
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	base := dbtest.New(t, directory.Migrations())
	c := clock.At(time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC))
	d := &directory.Directory{DB: base, Clock: c}
	other := &directory.Directory{DB: base, Clock: c} // another process
	ctx := t.Context()
	f := readRegion(t, "72")
	if n, err := d.Import(ctx, f, "test"); err != nil || n != len(f.Agencies)+len(f.Centres) {
		t.Fatalf("first import %d %v", n, err)
	}
	if n, err := d.Import(ctx, f, "test"); err != nil || n != 0 {
		t.Errorf("the same file again changed %d: %v", n, err)
	}
	a, err := other.Agency(ctx, "mvd")
	if err != nil || a.Head.Name == "" {
		t.Fatalf("%+v %v", a, err)
	}
	f.Agencies[0].Head.Name = "Новая Мария Ивановна"
	if n, err := d.Import(ctx, f, "test"); err != nil || n != 1 {
		t.Errorf("one change: %d %v", n, err)
	}
	if a, err := d.Agency(ctx, "mvd"); err != nil || a.Head.Name != "Новая Мария Ивановна" {
		t.Errorf("own process shows %+v %v", a, err)
	}
	fresh := &directory.Directory{DB: base, Clock: c}
	if a, err := fresh.Agency(ctx, "mvd"); err != nil || a.Head.Name != "Новая Мария Ивановна" {
		t.Errorf("a new process shows %+v %v", a, err)
	}
	if _, err := d.Agency(ctx, "nobody"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("missing agency: %v", err)
	}
	if _, err := d.Centre(ctx, "nobody"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("missing centre: %v", err)
	}
}

// MAP-02, MAP-03: centres by function, the nearest first.
func TestCentres(t *testing.T) {
	t.Parallel()
	d := &directory.Directory{DB: dbtest.New(t, directory.Migrations()), Clock: clock.New()}
	ctx := t.Context()
	if _, err := d.Import(ctx, readRegion(t, "72"), "test"); err != nil {
		t.Fatal(err)
	}
	all, err := d.Centres(ctx, "", nil)
	if err != nil || all[0].Metres >= 0 {
		t.Fatalf("without a place there is no distance: %+v %v", all[0], err)
	}
	receive, err := d.Centres(ctx, directory.FunctionReceive, nil)
	if err != nil || len(receive) == 0 || len(receive) >= len(all) {
		t.Errorf("%d of %d centres receive papers: %v", len(receive), len(all), err)
	}
	ishim := directory.Point{Lat: 56.11, Lon: 69.48}
	near, err := d.Centres(ctx, directory.FunctionConfirm, &ishim)
	if err != nil || near[0].Code != "mfc-ishim" || near[0].Metres > 1000 {
		t.Errorf("nearest to Ishim: %+v %v", near[0], err)
	}
	for i := 1; i < len(near); i++ {
		if near[i].Metres < near[i-1].Metres {
			t.Error("not in order of distance")
		}
	}
	// Tyumen to Tobolsk is some 200 km as the crow flies.
	tyumen, tobolsk := directory.Point{Lat: 57.153, Lon: 65.534}, directory.Point{Lat: 58.201, Lon: 68.254}
	if m := tyumen.Metres(tobolsk); m < 190e3 || m > 210e3 {
		t.Errorf("%.0f m", m)
	}
}

func TestOpenAt(t *testing.T) {
	t.Parallel()
	hours := []directory.Hours{
		{From: 1, To: 5, Open: "09:00", Close: "18:00", Break: "13:00-14:00"},
		{From: 6, To: 6, Open: "09:00", Close: "13:00"},
	}
	for at, want := range map[string]bool{
		"2026-11-24 08:59": false, "2026-11-24 09:00": true, "2026-11-24 13:00": false, "2026-11-24 14:00": true,
		"2026-11-24 18:00": false, "2026-11-28 12:59": true, "2026-11-28 13:00": false, "2026-11-29 10:00": false,
	} {
		m, err := time.Parse("2006-01-02 15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		if directory.OpenAt(hours, m) != want {
			t.Errorf("%s: want open %v", at, want)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	_, err := directory.ParseFile([]byte(`
agencies:
  - {code: A, name: N, short: S, level: world, head: {name: H, post: P}, appeals: {mode: external}, phones: [{number: "12"}], email: x, site: ftp://x}
centres:
  - {code: c1, name: N, operator: O, city: C, address: A, functions: [fly], hours: [{from: 5, to: 1, open: "9", close: "8"}], point: {lat: 65, lon: 15}}
  - {code: c1, name: N, operator: O, city: C, address: A, functions: [help], hours: [{from: 1, to: 5, open: "09:00", close: "08:00"}], point: {lat: 57, lon: 65}}
`))
	for _, want := range []string{"code", "level", "office", "appeals", "phone", "email", "address", "function", "weekdays", "not in Russia", "stands twice", "hours"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("lint does not speak of %s: %v", want, err)
		}
	}
	if _, err := directory.ParseFile([]byte("agencies: []\ncolour: red\n")); err == nil {
		t.Error("an unknown key was taken")
	}
}
