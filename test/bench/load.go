package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// request is what raw connections send; its answer is read and thrown away, so
// that the measuring side costs little.
type request struct {
	port, host, path, cookie string
	want                     int // status; 0: any
}

func (q request) bytes() []byte {
	head := "GET " + q.path + " HTTP/1.1\r\nHost: " + q.host + ":" + q.port + "\r\nAccept-Encoding: gzip\r\nAccept: text/html\r\n"
	if q.cookie != "" {
		head += "Cookie: " + q.cookie + "\r\n"
	}
	return []byte(head + "\r\n")
}

// loop sends a request again and again over so many connections and returns how
// many were answered.
func loop(ctx context.Context, q request, conns int, d time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var n atomic.Int64
	var wait sync.WaitGroup
	failed := make(chan error, conns)
	for range conns {
		wait.Go(func() {
			if err := q.repeat(ctx, &n); err != nil {
				failed <- err
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return int(n.Load()), nil
	}
}

func (q request) repeat(ctx context.Context, n *atomic.Int64) error {
	c, err := (&net.Dialer{}).DialContext(context.WithoutCancel(ctx), "tcp", "127.0.0.1:"+q.port)
	if err != nil {
		return err
	}
	defer c.Close()
	in, raw := bufio.NewReaderSize(c, 64<<10), q.bytes()
	for ctx.Err() == nil {
		status, _, err := exchange(c, in, raw)
		if err != nil {
			return err
		}
		if q.want != 0 && status != q.want {
			return fmt.Errorf("%s%s: status %d, want %d", q.host, q.path, status, q.want)
		}
		n.Add(1)
	}
	return nil
}

func exchange(c net.Conn, in *bufio.Reader, raw []byte) (int, http.Header, error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, nil, err
	}
	if _, err := c.Write(raw); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, nil, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, res.Header, err
}

// each runs f for 0 ≤ i < n with so many at a time.
func each(n, at int, f func(i int) error) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	var once sync.Once
	var first error
	for range at {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
				}
			}
		})
	}
	wait.Wait()
	return first
}

// once sends a request over a connection of its own and tells how long it took,
// in milliseconds.
func once(q request) (float64, error) {
	start := time.Now()
	c, err := dial(q.port)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	status, _, err := exchange(c, bufio.NewReader(c), q.bytes())
	if err == nil && q.want != 0 && status != q.want {
		err = fmt.Errorf("%s%s: status %d, want %d", q.host, q.path, status, q.want)
	}
	return float64(time.Since(start).Microseconds()) / 1000, err
}

// dial opens a connection that leaves nothing behind when it is closed: a crowd
// would run out of ports, which wait for a minute otherwise.
func dial(port string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 10*time.Second)
	if err != nil {
		return nil, err
	}
	if t, ok := c.(*net.TCPConn); ok {
		err = t.SetLinger(0)
	}
	return c, err
}
