package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// secureListener puts TLS on the common listener when a certificate is given.
func (a *App) secureListener() error {
	if a.cfg.TLS.Certificate == "" {
		return nil
	}
	c := &certificate{files: a.cfg.TLS, log: a.log}
	if err := c.load(); err != nil {
		return err
	}
	l := a.listeners[0]
	l.ln = tls.NewListener(l.ln, serverTLS(c.get))
	return nil
}

// serverTLS is TLS 1.3, and 1.2 with forward secrecy and authenticated
// encryption alone (RFC 9325, 4.2; ASVS 5.0, 12.1).
func serverTLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		GetCertificate: get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are not for choosing
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// certificateLook is how often a renewed certificate is looked for.
const certificateLook = time.Minute

// certificate is a pair of PEM files that is read again when it was renewed,
// so that a renewal needs no restart.
type certificate struct {
	files TLSConfig
	log   *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	changed time.Time
	looked  time.Time
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	info, err := os.Stat(c.files.Certificate)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	c.pair, c.changed, c.looked = &pair, info.ModTime(), time.Now()
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateLook {
		return c.pair, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.files.Certificate)
	if err != nil || info.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	// A half-written pair does not fit together: the old one goes on serving.
	if err := c.load(); err != nil {
		c.log.Warn("the renewed certificate cannot be used", "error", err)
	}
	return c.pair, nil
}
