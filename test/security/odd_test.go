package security

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What people forget on servers is not here, and nothing lists a folder.
func TestNothingLiesAround(t *testing.T) {
	for site := range sites {
		for _, path := range []string{
			"/.git/config", "/.git/HEAD", "/.env", "/.htaccess", "/.DS_Store", "/backup.zip", "/backup.sql", "/dump.sql", "/okno.yaml", "/keys.json",
			"/go.mod", "/debug/pprof/", "/debug/vars", "/server-status", "/phpinfo.php", "/wp-login.php", "/admin.php", "/swagger.json", "/actuator/env",
			"/assets/", "/assets", "/assets/..%2f..%2fetc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/kit/", "/api/clock", "/api/messages", "/static/", "/files/",
		} {
			res := w.nobody.ask(t, http.MethodGet, w.p.URL(site, path), nil)
			if res.StatusCode == http.StatusOK || res.StatusCode >= 500 {
				t.Errorf("%s%s: %d", site, path, res.StatusCode)
			}
		}
		if res := w.nobody.ask(t, http.MethodGet, w.p.URL(site, "/metrics"), nil, "Authorization", "Bearer x"); res.StatusCode == http.StatusOK {
			t.Errorf("%s shows its metrics to everybody", site)
		}
	}
}

// Requests whose end two programs could see differently are refused, and the
// connection is closed (RFC 9112, 6.3; ASVS 5.0, 4.2.1).
func TestSmuggling(t *testing.T) {
	const tail = "0\r\n\r\nGET /lk/ HTTP/1.1\r\nHost: uslugi.localhost\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":             "Content-Length: 5\r\nContent-Length: 50\r\n",
		"list of lengths":         "Content-Length: 5, 50\r\n",
		"signed length":           "Content-Length: +5\r\n",
		"length in hexadecimal":   "Content-Length: 0x5\r\n",
		"unknown coding":          "Transfer-Encoding: xchunked\r\n",
		"two codings":             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"space before the colon":  "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
		"space within the name":   "Content Length: 5\r\n",
		"a header without a name": ": x\r\n",
		"two hosts":               "Host: esia.localhost\r\n",
	} {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+w.p.Port, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: uslugi.localhost\r\n"+head+"\r\n"+tail); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if res.StatusCode < 400 || !res.Close {
			t.Errorf("%s: %d, the connection stays open: %v", name, res.StatusCode, !res.Close)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		if rest, _ := io.ReadAll(in); strings.Contains(string(rest), "HTTP/1.1") {
			t.Errorf("%s: a second answer: %.80s", name, rest)
		}
		_ = conn.Close()
	}

	// Both ways at once: the chunks count, and nothing of the length is believed.
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+w.p.Port, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "POST /nowhere HTTP/1.1\r\nHost: uslugi.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode < 400 {
		t.Errorf("length and chunks: %v, %v", res, err)
	}
}
