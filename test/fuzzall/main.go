// Fuzzall runs every fuzz target of the module for a while each:
//
//	go run ./test/fuzzall -time 60s [-run RegisterName] [-parallel 1] [-list]
//
// What it finds is written to testdata/fuzz of the package, as go test does:
// commit it beside the mend.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	each := flag.Duration("time", 30*time.Second, "time for each target")
	only := flag.String("run", "", "only targets that match this pattern")
	parallel := flag.Int("parallel", runtime.GOMAXPROCS(0), "workers of a target")
	list := flag.Bool("list", false, "name the targets and end")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall: -run:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, how{each: *each, parallel: *parallel, list: *list}, pattern); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall:", err)
		os.Exit(1)
	}
}

type target struct{ pkg, name string }

// how a run is made.
type how struct {
	each     time.Duration
	parallel int
	list     bool
}

func run(ctx context.Context, h how, only *regexp.Regexp) error {
	all, err := targets(ctx)
	if err != nil {
		return err
	}
	n, failed := 0, 0
	for _, t := range all {
		if !only.MatchString(t.name) || ctx.Err() != nil {
			continue
		}
		n++
		if h.list {
			fmt.Println(t.pkg, t.name)
			continue
		}
		began := time.Now()
		out, err := fuzz(ctx, t, h)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			fmt.Printf("FAIL  %s %s\n%s\n", t.pkg, t.name, out)
		default:
			fmt.Printf("ok    %s %s  %s  %s\n", t.pkg, t.name, time.Since(began).Round(time.Second), last(out))
		}
	}
	switch {
	case n == 0:
		return errors.New("there is no fuzz target")
	case failed > 0:
		return fmt.Errorf("%d of %d targets failed", failed, n)
	}
	if !h.list {
		fmt.Printf("%d targets, nothing found\n", n)
	}
	return nil
}

// targets asks every package with tests for its list: what the compiler sees,
// not what a search of words finds.
func targets(ctx context.Context) ([]target, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-list", "^Fuzz", "./...")
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	var out []target
	var names []string
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 1 && strings.HasPrefix(f[0], "Fuzz"):
			names = append(names, f[0])
		case len(f) >= 2 && f[0] == "ok":
			for _, n := range names {
				out = append(out, target{f[1], n})
			}
			names = nil
		}
	}
	return out, lines.Err()
}

func fuzz(ctx context.Context, t target, h how) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", h.each.String(),
		"-parallel", strconv.Itoa(h.parallel), t.pkg)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var executions = regexp.MustCompile(`execs: \d+`)

// last is the last count of executions that go test told.
func last(out string) string {
	all := executions.FindAllString(out, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}
