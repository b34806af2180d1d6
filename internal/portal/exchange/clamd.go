package exchange

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/portal/document"
)

// Clamd asks ClamAV's daemon over its INSTREAM command (clamd(8)). It fills
// document.Scanner: an error means that the file waits and is asked for again.
type Clamd struct {
	Network string // "tcp" or "unix"
	Addr    string // host:port or the path of the socket
	// Timeout bounds one scan; zero: a minute and a half.
	Timeout time.Duration
}

const (
	clamdChunk  = 64 << 10
	clamdAnswer = 4 << 10
)

// Scan implements document.Scanner.
func (c *Clamd) Scan(ctx context.Context, r io.Reader) (document.Verdict, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 90 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, c.Network, c.Addr)
	if err != nil {
		return document.Verdict{}, fmt.Errorf("clamd: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return document.Verdict{}, fmt.Errorf("clamd: %w", err)
	}
	sendErr := send(conn, r)
	var source *sourceError
	if errors.As(sendErr, &source) {
		return document.Verdict{}, source.err // half a file must not be called clean
	}
	// A daemon that has its verdict, or refuses the size, may close before the
	// last byte: its answer counts more than the broken pipe.
	answer, err := bufio.NewReader(io.LimitReader(conn, clamdAnswer)).ReadString(0)
	if err != nil && answer == "" {
		return document.Verdict{}, fmt.Errorf("clamd: no answer: %w", errors.Join(sendErr, err))
	}
	return verdict(strings.TrimRight(answer, "\x00\n"), sendErr)
}

// verdict reads «stream: OK» and «stream: Name FOUND».
func verdict(answer string, sendErr error) (document.Verdict, error) {
	rest, ok := strings.CutPrefix(answer, "stream: ")
	name, found := strings.CutSuffix(rest, " FOUND")
	switch {
	case ok && found && name != "" && !strings.ContainsAny(name, " \n"):
		return document.Verdict{State: document.ScanInfected, Signature: name}, nil
	case ok && rest == "OK" && sendErr == nil:
		return document.Verdict{State: document.ScanClean}, nil
	}
	return document.Verdict{}, fmt.Errorf("clamd: %q: %w", answer, errors.Join(errNoVerdict, sendErr))
}

var errNoVerdict = errors.New("no verdict")

// sourceError is a failure of the file's own reader.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }

func send(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	buf := make([]byte, 4+clamdChunk)
	for {
		n, err := r.Read(buf[4:])
		end := err == io.EOF //nolint:errorlint // a wrapped one is no end but a failure, see io.Reader
		if err != nil && !end {
			return &sourceError{err}
		}
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		if end {
			_, err := w.Write([]byte{0, 0, 0, 0})
			return err
		}
	}
}
