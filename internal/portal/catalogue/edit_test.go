package catalogue_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// CAT-13, G-34: what one portal exports another one imports, and then they are
// the same; before it the editor sees what would change.
func TestArchive(t *testing.T) {
	t.Parallel()
	from, _ := tyumen(t)
	ctx := t.Context()
	raw := must(from.Archive(ctx, "72"))(t)
	b := must(catalogue.LoadBundle(must(catalogue.OpenArchive(raw))(t), "72"))(t)

	to := newServices(t, dbtest.New(t, setting.Migrations(), directory.Migrations(), catalogue.Migrations()))
	if _, err := to.Directory.Import(ctx, &directory.File{Agencies: must(from.Directory.Agencies(ctx))(t)}, "test"); err != nil {
		t.Fatal(err)
	}
	kinds := func() map[string]int {
		t.Helper()
		out := map[string]int{}
		for _, s := range must(to.Compare(ctx, b))(t) {
			out[s.Kind]++
		}
		return out
	}
	if got := kinds(); got["new"] != len(b.Services) {
		t.Errorf("before: %v", got)
	}
	if n, err := to.Import(ctx, b, "officer-1"); err != nil || n != len(b.Services) {
		t.Fatalf("imported %d: %v", n, err)
	}
	if got := kinds(); got["same"] != len(b.Services) {
		t.Errorf("after: %v", got)
	}
	if err := to.Withdraw(ctx, "criminal-record", "officer-1", "больше не оказывается"); err != nil {
		t.Fatal(err)
	}
	if err := to.SetWeight(ctx, "kindergarten-enrolment", 900, "officer-1", "сезон"); err != nil {
		t.Fatal(err)
	}
	if got := kinds(); got["again"] != 1 || got["changed"] != 1 {
		t.Errorf("then: %v", got)
	}
	if p := must(to.Popular(ctx, 1))(t); p[0].Code != "kindergarten-enrolment" {
		t.Errorf("most popular is %s", p[0].Code)
	}
	if err := to.SetWeight(ctx, "kindergarten-enrolment", -1, "officer-1", ""); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a weight below nothing: %v", err)
	}
	for _, l := range must(to.Listing(ctx))(t) {
		if l.Published == (l.Code == "criminal-record") {
			t.Errorf("%s is published: %v", l.Code, l.Published)
		}
	}
}

// What is no archive of a catalogue is refused, one that unpacks to a bomb too.
func TestOpenArchiveRefuses(t *testing.T) {
	t.Parallel()
	pack := func(name string, size int) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(make([]byte, size))
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "no zip": []byte("PK but not quite"), "another zip": pack("readme.txt", 3), "too deep": pack("a/b/catalogue.yaml", 3),
		"a bomb": pack("catalogue.yaml", 65<<20),
	} {
		if _, err := catalogue.OpenArchive(raw); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := catalogue.OpenArchive(pack("services/catalogue.yaml", 3)); err != nil {
		t.Errorf("in a folder: %v", err)
	}
}
