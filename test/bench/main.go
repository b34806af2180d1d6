// Command bench measures the performance goals P1 to P11 as ratios and prints
// one table: goal, ours, floor, ratio, verdict.
//
//	go run ./test/bench                 # all rows, five rounds each
//	go run ./test/bench -only P6,P8     # some of them
//	go run ./test/bench -accounts 10000000 -only P10
//
// Both sides of a ratio alternate within seconds, and the median of the rounds
// counts: absolute times mean little on a machine that does other things. Where
// it can be, the unit is CPU time per operation, of the process okno and of its
// PostgreSQL apart. A CPU profile of ours lies beside each row in .cache/bench.
//
// Okno runs in a process of its own (this program, started again), with the
// private durable PostgreSQL; nothing leaves the loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// bench is one run.
type bench struct {
	ctx      context.Context
	rounds   int
	accounts int
	dir      string // of profiles
	rows     []row
	closers  []func()
}

// row is a line of the table.
type row struct {
	goal, what, unit string
	ours, floor      float64
	ratio            float64
	want             string
	ok               bool
	note             string
}

var parts = []struct {
	name string
	run  func(*bench) error
}{
	{"P11", (*bench).start},
	{"P6", (*bench).reads},
	{"P1", (*bench).logins},
	{"P4", (*bench).refresh},
	{"P5", (*bench).tokens},
	{"P8", (*bench).submissions},
	{"P9", (*bench).rush},
	{"P10", (*bench).growth},
	{"P2", (*bench).storm}, // the last: it lowers our own priority
}

func main() {
	if role := os.Getenv(childEnv); role != "" {
		os.Exit(child(role))
	}
	only := flag.String("only", "", "rows to measure, such as P1,P8")
	rounds := flag.Int("rounds", 5, "rounds of each ratio")
	accounts := flag.Int("accounts", 1_000_000, "accounts of the large side of P10")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	b := &bench{ctx: ctx, rounds: *rounds, accounts: *accounts, dir: filepath.Join(drive.Root(), ".cache", "bench")}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	err := b.run(strings.FieldsFunc(*only, func(c rune) bool { return c == ',' }))
	b.print()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (b *bench) run(only []string) error {
	defer func() {
		for _, f := range slices.Backward(b.closers) {
			f()
		}
	}()
	for _, p := range parts {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s …\n", p.name)
		if err := p.run(b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (b *bench) add(r row) {
	b.rows = append(b.rows, r)
	fmt.Fprintf(os.Stderr, "  %s: %.4g / %.4g %s = %.2f (%s)\n", r.what, r.ours, r.floor, r.unit, r.ratio, r.want)
}

func (b *bench) print() {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("\n%s, %d cores, %s, load %s, %d rounds\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), cpuName(),
		strings.Join(strings.Fields(string(load))[:1], ""), b.rounds)
	t := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "goal\twhat\tours\tfloor\tunit\tratio\twanted\tverdict\tnote")
	for _, r := range b.rows {
		verdict := "short"
		if r.ok {
			verdict = "ok"
		}
		fmt.Fprintf(t, "%s\t%s\t%.4g\t%.4g\t%s\t%.2f\t%s\t%s\t%s\n", r.goal, r.what, r.ours, r.floor, r.unit, r.ratio, r.want, verdict, r.note)
	}
	_ = t.Flush()
}

func cpuName() string {
	raw, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(raw)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// median of at least one value.
func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// alternate measures both sides in turn and returns their medians and the median
// of the rounds' quotients of the first by the second.
func (b *bench) alternate(ours, floor func() (float64, error)) (o, f, ratio float64, err error) {
	var os, fs, rs []float64
	for range b.rounds {
		x, err := ours()
		if err != nil {
			return 0, 0, 0, err
		}
		y, err := floor()
		if err != nil {
			return 0, 0, 0, err
		}
		os, fs, rs = append(os, x), append(fs, y), append(rs, x/max(y, 1e-9))
	}
	return median(os), median(fs), median(rs), nil
}
