package app

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// Old protocols and suites without forward secrecy or authenticated encryption
// are refused; what browsers of today speak works.
func TestOnlyStrongTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.StartTLS() // for its certificate
	pair := s.TLS.Certificates[0]
	s.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", serverTLS(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { _ = c.(*tls.Conn).Handshake(); _ = c.Close() }()
		}
	}()
	dial := func(c *tls.Config) error {
		c.InsecureSkipVerify = true // the handshake is judged, not the certificate
		conn, err := tls.Dial("tcp", ln.Addr().String(), c)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if err := dial(&tls.Config{MinVersion: v, MaxVersion: v}); err != nil {
			t.Errorf("%s: %v", tls.VersionName(v), err)
		}
	}
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if dial(&tls.Config{MinVersion: v, MaxVersion: v}) == nil {
			t.Errorf("%s is accepted", tls.VersionName(v))
		}
	}
	ours := serverTLS(nil).CipherSuites
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if slices.Contains(ours, suite.ID) || !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		if dial(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}}) == nil {
			t.Errorf("%s is accepted", suite.Name)
		}
	}
}
