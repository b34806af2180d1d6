package exchange_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/exchange"
)

// daemon is a peer that speaks INSTREAM as clamd does: judge gets the whole
// stream and gives the answer.
func daemon(t *testing.T, judge func(conn net.Conn, stream []byte) string) *exchange.Clamd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				stream, err := instream(conn)
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, judge(conn, stream))
			}()
		}
	}()
	return &exchange.Clamd{Network: "tcp", Addr: l.Addr().String(), Timeout: 5 * time.Second}
}

func instream(conn net.Conn) ([]byte, error) {
	command := make([]byte, 10)
	if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
		return nil, errors.New("no INSTREAM")
	}
	var out bytes.Buffer
	for {
		var size uint32
		if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
			return nil, err
		}
		if size == 0 {
			return out.Bytes(), nil
		}
		if _, err := io.CopyN(&out, conn, int64(size)); err != nil {
			return nil, err
		}
	}
}

func TestClamdGetsEveryByteAndItsWordCounts(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		content := bytes.Repeat([]byte("okno"), size/4+1)[:size]
		c := daemon(t, func(_ net.Conn, stream []byte) string {
			if !bytes.Equal(stream, content) {
				return "stream: Damaged FOUND\x00"
			}
			return "stream: OK\x00"
		})
		if v, err := c.Scan(t.Context(), bytes.NewReader(content)); err != nil || v.State != document.ScanClean {
			t.Errorf("%d bytes: %+v, %v", size, v, err)
		}
	}
}

// Only a clear word of the whole file is a verdict; all else waits.
func TestClamdDoubtIsNoVerdict(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]document.ScanState{
		"stream: Eicar-Test-Signature FOUND\x00": document.ScanInfected,
		"stream: OK\x00":                         document.ScanClean,
		"stream: OK":                             document.ScanClean,
		"":                                       "",
		"stream: FOUND\x00":                      "",
		" FOUND\x00":                             "",
		"INSTREAM size limit exceeded. ERROR\x00":         "",
		"stream: Can't allocate memory ERROR\x00":         "",
		"UNKNOWN COMMAND\x00":                             "",
		"stream: OK\nstream: Other FOUND":                 "",
		strings.Repeat("stream: OK ", 1000) + "FOUND\x00": "",
	} {
		c := daemon(t, func(net.Conn, []byte) string { return answer })
		v, err := c.Scan(t.Context(), strings.NewReader("content"))
		if v.State != want || (err == nil) != (want != "") {
			t.Errorf("answer %q: %+v, %v", answer, v, err)
		}
	}
}

func TestClamdAwayOrSilentIsAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	silent := &exchange.Clamd{Network: "tcp", Addr: addr, Timeout: 100 * time.Millisecond}
	if v, err := silent.Scan(t.Context(), strings.NewReader("x")); err == nil {
		t.Errorf("a silent daemon said %+v", v)
	}
	l.Close()
	if v, err := silent.Scan(t.Context(), strings.NewReader("x")); err == nil {
		t.Errorf("a dead daemon said %+v", v)
	}
	clean := daemon(t, func(net.Conn, []byte) string { return "stream: OK\x00" })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := clean.Scan(ctx, strings.NewReader("x")); err == nil {
		t.Errorf("a cancelled scan said %+v", v)
	}
	for _, err := range []error{errors.New("disk is gone"), io.ErrUnexpectedEOF} {
		half := io.MultiReader(strings.NewReader("half"), broken{err})
		if v, got := clean.Scan(t.Context(), half); !errors.Is(got, err) {
			t.Errorf("half a file is %+v, %v", v, got)
		}
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// The real daemon: $OKNO_TEST_CLAMD is its host:port, or unix: and the path of
// its socket.
func TestRealClamd(t *testing.T) {
	t.Parallel()
	addr := os.Getenv("OKNO_TEST_CLAMD")
	if addr == "" {
		t.Skip("OKNO_TEST_CLAMD names no daemon; «go run ./test/services go test ./internal/portal/exchange» starts one")
	}
	c := &exchange.Clamd{Network: "tcp", Addr: addr}
	if path, unix := strings.CutPrefix(addr, "unix:"); unix {
		c.Network, c.Addr = "unix", path
	}
	if v, err := c.Scan(t.Context(), strings.NewReader("harmless")); err != nil || v.State != document.ScanClean {
		t.Errorf("harmless text: %+v, %v", v, err)
	}
	eicar := `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	if v, err := c.Scan(t.Context(), strings.NewReader(eicar)); err != nil || v.State != document.ScanInfected || v.Signature == "" {
		t.Errorf("EICAR: %+v, %v", v, err)
	}
	// At the end of the largest file that the portal takes, over many chunks.
	large := io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("okno "), 3<<20)), strings.NewReader(eicar))
	if v, err := c.Scan(t.Context(), large); err != nil || v.State != document.ScanInfected {
		t.Errorf("EICAR after 15 MB: %+v, %v", v, err)
	}
	if v, err := c.Scan(t.Context(), io.MultiReader(strings.NewReader("half"), broken{io.ErrUnexpectedEOF})); err == nil {
		t.Errorf("half a file is %+v", v)
	}
}
