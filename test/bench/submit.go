package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

const submitters = 32

// oneRow makes the floor of what must be durable: one-row inserts of pgbench on
// the side's own PostgreSQL.
func (b *bench) oneRow(s *side) (func(clients, seconds int) (tps, pg float64, err error), error) {
	_, err := s.tool(b.ctx, "psql", "-qc", "CREATE TABLE IF NOT EXISTS bench (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text NOT NULL)", "postgres")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, "insert.sql")
	if err := os.WriteFile(file, []byte("INSERT INTO bench (v) VALUES ('one row');\n"), 0o600); err != nil {
		return nil, err
	}
	done := regexp.MustCompile(`actually processed: (\d+)`)
	rate := regexp.MustCompile(`tps = ([\d.]+)`)
	return func(clients, seconds int) (tps, pg float64, err error) {
		_, pg, err = s.measure(func() (int, error) {
			out, err := s.tool(b.ctx, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(seconds), "-f", file, "postgres")
			if err != nil {
				return 0, err
			}
			n, r := done.FindStringSubmatch(out), rate.FindStringSubmatch(out)
			if n == nil || r == nil {
				return 0, fmt.Errorf("pgbench: %s", out)
			}
			tps, _ = strconv.ParseFloat(r[1], 64)
			return strconv.Atoi(n[1])
		})
		return tps, pg, err
	}, nil
}

var (
	nsPerOp = regexp.MustCompile(`([\d.]+) ns/op`)
	ownCPU  = regexp.MustCompile(`([\d.]+) okno-µs/op`)
	pgCPU   = regexp.MustCompile(`([\d.]+) pg-µs/op`)
)

// submissions is P8, at the use case and at HTTP.
func (b *bench) submissions() error {
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	insert, err := b.oneRow(s)
	if err != nil {
		return err
	}
	if err := b.useCase(s, insert); err != nil {
		return err
	}
	return b.overHTTP(s, insert)
}

// useCase runs the benchmark of the use case, which has a database of its own on
// the side's durable server.
func (b *bench) useCase(s *side, insert func(int, int) (float64, float64, error)) error {
	_, socket, err := s.postgres()
	if err != nil {
		return err
	}
	test := filepath.Join(b.dir, "application.test")
	build := exec.CommandContext(b.ctx, "go", "test", "-c", "-o", test, "./internal/portal/application")
	build.Dir = drive.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the benchmark: %w: %s", err, out)
	}
	var own, pg, floorPG float64
	ours := func() (float64, error) {
		cmd := exec.CommandContext(b.ctx, test, "-test.run", "^$", "-test.bench", "^BenchmarkSubmit$", "-test.benchtime", "2000x",
			"-test.cpuprofile", filepath.Join(b.dir, "P8-use-case.pprof"))
		cmd.Dir = filepath.Join(drive.Root(), "internal", "portal", "application")
		cmd.Env = append(os.Environ(), "OKNO_TEST_PG=postgres:///postgres?host="+socket+"&user=postgres")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("benchmark: %w: %s", err, out)
		}
		ns := number(nsPerOp, out)
		own, pg = number(ownCPU, out), number(pgCPU, out)
		return 1e9 / ns, nil
	}
	o, f, r, err := b.alternate(ours, func() (float64, error) {
		tps, p, err := insert(submitters, 2)
		floorPG = p
		return tps, err
	})
	if err != nil {
		return err
	}
	b.add(row{
		goal: "P8", what: "submission, use case", unit: "per second", ours: o, floor: f, ratio: r, want: "≥ 0.50", ok: r >= 0.5,
		note: fmt.Sprintf("CPU okno %.0f µs + PostgreSQL %.0f µs; an insert %.0f µs", own, pg, floorPG),
	})
	return nil
}

// number is what the pattern finds last: with -test.benchtime Nx the first line
// is that of a single run.
func number(re *regexp.Regexp, out []byte) float64 {
	all := re.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		return 0
	}
	v, _ := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
	return v
}

// overHTTP sends what is filled in and checked: the last form of an application,
// by several people at a time.
func (b *bench) overHTTP(s *side, insert func(int, int) (float64, float64, error)) error {
	const drafts = 64 // of one person, per round; one person may have a hundred
	people := []string{"Соколова", "Орлов"}
	var signed []*drive.Person
	for _, name := range people {
		p, err := b.citizen(s, name)
		if err != nil {
			return err
		}
		signed = append(signed, p)
	}
	var own, pg float64
	ours := func() (float64, error) {
		forms := make([]*drive.Form, drafts*len(signed))
		err := each(len(forms), 4, func(i int) (err error) {
			forms[i], err = drive.Ready(b.ctx, signed[i%len(signed)], s.url("uslugi", ""))
			return err
		})
		if err != nil {
			return 0, err
		}
		start := time.Now()
		own, pg, err = s.measure(func() (int, error) {
			return len(forms), each(len(forms), submitters, func(i int) error {
				_, err := drive.Send(b.ctx, forms[i])
				return err
			})
		})
		took := time.Since(start)
		return float64(len(forms)) / took.Seconds(), err
	}
	var o, f, r float64
	err := b.profiled(s, "P8-http", func() (err error) {
		o, f, r, err = b.alternate(ours, func() (float64, error) { tps, _, err := insert(submitters, 2); return tps, err })
		return err
	})
	if err != nil {
		return err
	}
	b.add(row{
		goal: "P8", what: "submission, HTTP", unit: "per second", ours: o, floor: f, ratio: r, want: "≥ 0.50", ok: r >= 0.5,
		note: fmt.Sprintf("with the page of thanks, routing and the notice; CPU okno %.0f µs + PostgreSQL %.0f µs", own, pg),
	})
	return nil
}
