package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
)

// Toxiproxy stands between okno and its neighbours and breaks what is told to.
type Toxiproxy struct {
	*Daemon
	api string
}

// Toxic is one kind of harm: what the line does to the bytes that go through.
type Toxic struct {
	Name       string // in words, for the test's messages
	Type       string // latency, bandwidth, reset_peer, timeout, slicer …
	Stream     string // downstream (answers, the default) or upstream
	Attributes map[string]int
}

// The harms that lines of data centres know.
var (
	// HalfOpen swallows everything and keeps the connection: a firewall that has
	// forgotten it.
	HalfOpen = Toxic{Name: "half-open", Type: "timeout", Attributes: map[string]int{"timeout": 0}}
	// Reset cuts every connection with RST.
	Reset = Toxic{Name: "reset", Type: "reset_peer", Attributes: map[string]int{"timeout": 0}}
	// Late lets every answer wait.
	Late = Toxic{Name: "late", Type: "latency", Attributes: map[string]int{"latency": 400, "jitter": 200}}
	// Slow lets 20 KB pass in a second.
	Slow = Toxic{Name: "slow", Type: "bandwidth", Attributes: map[string]int{"rate": 20}}
)

// StartToxiproxy starts the server of Shopify's toxiproxy.
func StartToxiproxy(ctx context.Context) (*Toxiproxy, error) {
	bin, err := Tool("server")
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, "tcp", "127.0.0.1:"+port, []string{"LOG_LEVEL=error"}, bin, "-host", "127.0.0.1", "-port", port)
	return &Toxiproxy{Daemon: d, api: "http://127.0.0.1:" + port}, err
}

// Proxy leads from an address of its own, which it returns, to a neighbour.
func (x *Toxiproxy) Proxy(ctx context.Context, name, upstream string) (listen string, err error) {
	port, err := FreePort()
	if err != nil {
		return "", err
	}
	listen = "127.0.0.1:" + port
	return listen, x.call(ctx, http.MethodPost, "/proxies", map[string]any{"name": name, "listen": listen, "upstream": upstream, "enabled": true})
}

// Break does harm to a proxy's connections until [Toxiproxy.Mend].
func (x *Toxiproxy) Break(ctx context.Context, proxy string, t Toxic) error {
	return x.call(ctx, http.MethodPost, "/proxies/"+proxy+"/toxics", map[string]any{
		"name": t.Type, "type": t.Type, "stream": "downstream", "toxicity": 1, "attributes": t.Attributes,
	})
}

// Mend ends the harm. Connections that it has broken stay broken.
func (x *Toxiproxy) Mend(ctx context.Context, proxy string, t Toxic) error {
	return x.call(ctx, http.MethodDelete, "/proxies/"+proxy+"/toxics/"+t.Type, nil)
}

func (x *Toxiproxy) call(ctx context.Context, method, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, x.api+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		raw, _ := io.ReadAll(res.Body)
		return fmt.Errorf("toxiproxy %s: %s: %.300s", path, res.Status, raw)
	}
	return nil
}

// Relay lets a unix socket, such as that of the private PostgreSQL, be reached by
// TCP, which is all that toxiproxy speaks. It returns its address.
func Relay(socketDir string) (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	socket := filepath.Join(socketDir, ".s.PGSQL.5432")
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := net.Dial("unix", socket)
				if err != nil {
					return
				}
				defer out.Close()
				var both sync.WaitGroup
				both.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
				both.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
				both.Wait()
			}()
		}
	}()
	return ln.Addr().String(), func() { _ = ln.Close() }, nil
}
