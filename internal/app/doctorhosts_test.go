package app

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/dbtest"
)

// The doctor looks at each machine of an address: one that leads, one that is away.
func TestDoctorLooksAtEachMachine(t *testing.T) {
	t.Parallel()
	c, err := pgx.ParseConfig(dbtest.New(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	away := host{"127.0.0.1", 1}
	address := func(options string, hosts ...host) string {
		var names, ports []string
		for _, h := range hosts {
			names, ports = append(names, h.Name), append(ports, strconv.Itoa(int(h.Port)))
		}
		return "user=" + c.User + " dbname=" + c.Database + " host=" + strings.Join(names, ",") + " port=" + strings.Join(ports, ",") + " sslmode=disable " + options
	}
	here := host{c.Host, c.Port}
	for name, tc := range map[string]struct {
		address string
		want    []string
		bad     int
	}{
		"one":        {address("", here), nil, 0},
		"one of two": {address("target_session_attrs=read-write", here, away), []string{"leads", "WARN", "127.0.0.1:1: no connection"}, 0},
		"any of two": {address("", away, here), []string{"FAIL", "add target_session_attrs=read-write", "leads"}, 1},
		"nobody":     {address("target_session_attrs=read-write", away, host{"127.0.0.1", 2}), []string{"no machine leads"}, 1},
	} {
		var out bytes.Buffer
		d := &doctor{out: &out}
		d.checkHosts(context.Background(), named{name: "okno_idp", url: tc.address})
		for _, want := range tc.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: the doctor does not say %q:\n%s", name, want, out.String())
			}
		}
		if d.bad != tc.bad || tc.want == nil && out.Len() > 0 {
			t.Errorf("%s: %d findings are bad:\n%s", name, d.bad, out.String())
		}
	}
}
