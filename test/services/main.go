// Services runs a command beside the servers that tests of packages need: a
// PostgreSQL whose durability is off (OKNO_TEST_PG), versitygw (OKNO_TEST_S3) and
// clamd (OKNO_TEST_CLAMD). They end with it.
//
//	go run ./test/services go test ./internal/base/blob
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	if len(args) == 0 {
		return 2, errors.New("usage: services COMMAND [ARGUMENT…]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := drive.StateDir()
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	env, end, err := start(ctx, dir)
	defer end()
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// start starts the servers and returns what tests learn of them. end is never nil.
func start(ctx context.Context, dir string) (env []string, end func(), err error) {
	var started []func()
	end = func() {
		for _, f := range started {
			f()
		}
	}
	pg, stop, err := dbtest.StartServer(ctx, dir)
	if err != nil {
		return nil, end, err
	}
	started = append(started, stop)
	s3, address, err := drive.StartS3(ctx, dir)
	if err != nil {
		return nil, end, err
	}
	started = append(started, s3.Kill)
	clamd, scanner, err := drive.StartClamd(ctx, dir)
	if err != nil {
		return nil, end, err
	}
	started = append(started, clamd.Kill)
	return []string{"OKNO_TEST_PG=" + pg, "OKNO_TEST_S3=" + address, "OKNO_TEST_CLAMD=" + scanner}, end, nil
}
