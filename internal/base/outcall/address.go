package outcall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// ErrForbidden says that a destination lies in a network that outside calls may not reach.
var ErrForbidden = errors.New("outcall: destination is not allowed")

// rule allows a network or a host name, with a port or without.
type rule struct {
	prefix netip.Prefix // zero for a host rule
	host   string       // lower case; ".example.org" stands for all names below
	port   string       // empty: all
}

// parseRule reads "10.0.0.0/8", "127.0.0.1", "127.0.0.1:8081", "register.local", "*.localhost" or "register.local:8443".
func parseRule(s string) (rule, error) {
	var r rule
	host := strings.ToLower(strings.TrimSpace(s))
	if h, p, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return rule{}, fmt.Errorf("outcall: %q has no usable port", s)
		}
		host, r.port = h, p
	}
	if prefix, err := netip.ParsePrefix(host); err == nil {
		r.prefix = prefix.Masked()
		return r, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		r.prefix = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		return r, nil
	}
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		host = "." + rest
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.Trim(host, ".") == "" {
		return rule{}, fmt.Errorf("outcall: %q is neither a network nor a host name", s)
	}
	r.host = host
	return r, nil
}

func (r rule) allowsHost(host, port string) bool {
	if r.host == "" || (r.port != "" && r.port != port) {
		return false
	}
	if strings.HasPrefix(r.host, ".") {
		return strings.HasSuffix(host, r.host)
	}
	return host == r.host
}

func (r rule) allowsAddr(a netip.Addr, port string) bool {
	return r.prefix.IsValid() && (r.port == "" || r.port == port) && r.prefix.Contains(a)
}

// inside are special-purpose networks beyond those that netip knows (IANA registries, RFC 6890 and its updates).
// Translation prefixes are there because they may lead to any of the others.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared address space of providers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// public tells whether an address belongs to the open Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// dialer connects to permitted destinations only.
type dialer struct {
	rules []rule
	net   net.Dialer
}

// DialContext resolves names itself, maps *.localhost to the loopback (RFC 6761, 6.3; Go's resolver does not) and
// checks each address at the moment of connecting, so that no second answer of the name service can differ.
func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("outcall: %w", err)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	nd := d.net
	if !d.allowsHost(host, port) {
		nd.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return d.check(address) }
	}
	return nd.DialContext(ctx, network, addr)
}

func (d *dialer) allowsHost(host, port string) bool {
	for _, r := range d.rules {
		if r.allowsHost(host, port) {
			return true
		}
	}
	return false
}

func (d *dialer) check(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrForbidden
	}
	if public(ap.Addr()) {
		return nil
	}
	_, port, _ := net.SplitHostPort(address)
	for _, r := range d.rules {
		if r.allowsAddr(ap.Addr().Unmap().WithZone(""), port) {
			return nil
		}
	}
	return ErrForbidden
}
