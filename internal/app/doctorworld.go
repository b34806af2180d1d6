package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/outbound"
)

func (d *doctor) checkStore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	if d.cfg.State == "" && d.cfg.Blobs.Endpoint == "" {
		return
	}
	d.verdict(tryStore(ctx, d.cfg), "files", "can be written, read and deleted")
}

func tryStore(ctx context.Context, cfg Config) error {
	s, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	key := blob.NewKey("doctor")
	if err := s.Put(ctx, key, strings.NewReader("probe")); err != nil {
		return err
	}
	r, err := s.Open(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	if raw, err := io.ReadAll(r); err != nil || string(raw) != "probe" {
		return errors.New("what was written is not what is read")
	}
	return s.Delete(ctx, key)
}

func (d *doctor) checkMail(ctx context.Context) {
	a := &App{cfg: d.cfg}
	m, ok := a.mailer(nil).(*outbound.Mail)
	if !ok {
		d.say(warn, "mail", "no server is configured: e-mails wait")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	d.verdict(m.Check(ctx), "mail", "%s takes our sign-in; no letter was sent", d.cfg.Mail.Address)
}

func (d *doctor) checkSMS(ctx context.Context) {
	c := d.cfg.SMS
	switch {
	case c.SMPP != "":
		d.verdict(reach(ctx, c.SMPP), "sms", "%s can be reached; no message was sent", c.SMPP)
	case c.URL != "":
		d.verdict(reachURL(ctx, c.URL), "sms", "the gateway can be reached; no message was sent")
	default:
		d.say(warn, "sms", "no gateway is configured: SMS wait")
	}
}

func (d *doctor) checkScanner(ctx context.Context) {
	switch c := d.cfg.Scanner; {
	case len(d.cfg.Portals) == 0:
	case c.Off:
		d.say(warn, "virus scanner", "switched off: files pass unchecked, and everybody sees that")
	case c.Address == "":
		d.say(warn, "virus scanner", "none is configured: uploads wait")
	default:
		d.verdict(pingScanner(ctx, c.Address), "virus scanner", "clamd answers")
	}
}

// pingScanner speaks clamd's PING.
func pingScanner(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	network, addr := "tcp", address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, addr = "unix", path
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return errors.New("no connection to clamd")
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(doctorTimeout))
	if _, err := io.WriteString(conn, "zPING\x00"); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 64))
	if err != nil || strings.TrimRight(string(answer), "\x00\n") != "PONG" {
		return errors.New("clamd does not answer PONG")
	}
	return nil
}

func (d *doctor) checkRegisters(ctx context.Context) {
	if d.cfg.IDP == nil {
		return
	}
	for _, r := range []struct {
		name string
		RegisterConfig
	}{{"register МВД", d.cfg.IDP.MVD}, {"register СФР", d.cfg.IDP.SFR}, {"register ФНС", d.cfg.IDP.FNS}} {
		if r.URL == "" {
			d.say(skip, r.name, "not configured: checks of personal data wait")
			continue
		}
		d.verdict(reachURL(ctx, r.URL), r.name, "can be reached; nothing was asked")
	}
}

// reachURL connects, and for https proves the certificate.
func reachURL(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is no address", address)
	}
	if u.Scheme != "https" {
		return reach(ctx, hostPort(u))
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{}).DialContext(ctx, "tcp", hostPort(u))
	if err != nil {
		return fmt.Errorf("%s: %w", u.Host, err)
	}
	return conn.Close()
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

func reach(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("%s cannot be reached", addr)
	}
	return conn.Close()
}

// checkSites looks at the public addresses: names, certificate, issuer.
func (d *doctor) checkSites(ctx context.Context) {
	leaf := d.checkCertificate()
	for _, base := range d.cfg.siteURLs() {
		host := hostOf(base)
		ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
		_, err := net.DefaultResolver.LookupHost(ctx, host)
		cancel()
		switch {
		case err != nil && !strings.HasSuffix(host, ".localhost"):
			d.say(bad, host, "the name is not known to DNS")
		case !secure(base):
			d.say(warn, host, "is served without https: only for tests")
		case leaf != nil && leaf.VerifyHostname(host) != nil:
			d.say(bad, host, "the certificate is not made out for this name")
		default:
			d.say(fine, host, "the name is known")
		}
	}
	for _, issuer := range d.cfg.foreignIssuers() {
		d.verdict(checkIssuer(ctx, issuer), "identity provider", "%s describes itself", issuer)
	}
}

// certificateTerm is when a renewal should have happened.
const certificateTerm = 14 * 24 * time.Hour

func (d *doctor) checkCertificate() *x509.Certificate {
	if d.cfg.TLS.Certificate == "" {
		d.say(skip, "certificate", "none: a proxy in front ends TLS")
		if len(d.cfg.TrustedProxies) == 0 {
			d.say(warn, "proxy", "trusted_proxies is empty: behind a proxy all visitors seem to come from it")
		}
		return nil
	}
	if _, err := tls.LoadX509KeyPair(d.cfg.TLS.Certificate, d.cfg.TLS.Key); err != nil {
		d.say(bad, "certificate", "%v", err)
		return nil
	}
	leaf, err := readLeaf(d.cfg.TLS.Certificate)
	if err != nil {
		d.say(bad, "certificate", "%v", err)
		return nil
	}
	switch left := time.Until(leaf.NotAfter); {
	case left <= 0:
		d.say(bad, "certificate", "it expired on %s", leaf.NotAfter.Format(time.DateOnly))
	case left < certificateTerm:
		d.say(warn, "certificate", "it expires on %s", leaf.NotAfter.Format(time.DateOnly))
	default:
		d.say(fine, "certificate", "it is good until %s", leaf.NotAfter.Format(time.DateOnly))
	}
	return leaf
}

func readLeaf(path string) (*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return x509.ParseCertificate(block.Bytes)
}

func (c *Config) siteURLs() []string {
	var out []string
	add := func(role, base string) {
		if base != "" && c.has(role) {
			out = append(out, base)
		}
	}
	if c.IDP != nil {
		add("idp", c.IDP.URL)
		add("desk", c.IDP.DeskURL)
	}
	for _, p := range c.Portals {
		add("portal", p.URL)
		add("office", p.OfficeURL)
	}
	add("ops", c.Ops.URL)
	return out
}

// foreignIssuers are the identity providers that other processes run.
func (c *Config) foreignIssuers() []string {
	var out []string
	for _, p := range c.Portals {
		if p.Issuer != "" && (c.IDP == nil || p.Issuer != c.IDP.URL) {
			out = append(out, p.Issuer)
		}
	}
	return out
}

func checkIssuer(ctx context.Context, issuer string) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s does not answer", issuer)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s to the question for its description", issuer, res.Status)
	}
	return nil
}
