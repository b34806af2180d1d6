package app

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Config is the infrastructure of one process: where things are, never what
// the law or an administrator decides (that is idp/setting and portal/setting).
type Config struct {
	// Listen is the address of all sites, told apart by host, such as :8443.
	Listen string `yaml:"listen"`
	// Roles that this process has: idp portal office desk ops worker.
	Roles []string `yaml:"roles"`
	// TLS of the listener; empty behind a proxy.
	TLS TLSConfig `yaml:"tls"`
	// TrustedProxies are the networks whose X-Forwarded-For counts.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// State is a folder of this machine: the private PostgreSQL, the blobs.
	State string `yaml:"state"`
	// Keys is the file of key-encryption keys (okno keys create).
	Keys string `yaml:"keys"`
	// PKCS11 is the device that holds the keys; empty: the file holds them.
	PKCS11 PKCS11Config `yaml:"pkcs11"`
	// PrivatePostgres runs one as a child; databases without URL live in it.
	PrivatePostgres bool `yaml:"private_postgres"`
	// Pgbouncer says that database URLs lead to a transaction pooler.
	Pgbouncer bool `yaml:"pgbouncer"`
	// Drain is how long a stopping process still answers after /healthz has
	// begun to say no, such as 5s: a balancer must have noticed by then.
	Drain time.Duration `yaml:"drain"`
	// Admission bounds what the sites for citizens do at a time.
	Admission AdmissionConfig `yaml:"admission"`

	IDP     *IDPConfig     `yaml:"idp"`
	Portals []PortalConfig `yaml:"portals"`
	// Neighbours are portals of other regions that run elsewhere: code → address.
	Neighbours map[string]string `yaml:"neighbours"`
	Mail       MailConfig        `yaml:"mail"`
	SMS        SMSConfig         `yaml:"sms"`
	Blobs      BlobConfig        `yaml:"blobs"`
	Scanner    ScannerConfig     `yaml:"scanner"`
	Ops        OpsConfig         `yaml:"ops"`
	Log        LogConfig         `yaml:"log"`
	Tracing    TracingConfig     `yaml:"tracing"`
	Outcall    OutcallConfig     `yaml:"outcall"`
	Security   SecurityConfig    `yaml:"security"`
}

// AdmissionConfig says when newcomers get the page of the queue, see
// [kit.Admission]; zero values are the defaults.
type AdmissionConfig struct {
	Concurrent int           `yaml:"concurrent"` // requests at work in this process; 0: 32 per core
	Uploads    int           `yaml:"uploads"`    // files on their way in beside them; 0: 64 per core
	Wait       time.Duration `yaml:"wait"`       // of a newcomer for his turn, before the page; 0: 1s
}

// TLSConfig names a certificate and its key, PEM files.
type TLSConfig struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// IDPConfig is the identity provider.
type IDPConfig struct {
	URL      string `yaml:"url"`      // public base, the OIDC issuer
	DeskURL  string `yaml:"desk_url"` // service centres' site
	Database Secret `yaml:"database"` // empty: okno_idp in the private PostgreSQL
	// DatabaseDirect leads past the pooler, for migrations and backups.
	DatabaseDirect Secret `yaml:"database_direct"`
	Zone           string `yaml:"zone"` // legal days; default Europe/Moscow
	// HelpURL is the portal that help and agreement links lead to.
	HelpURL  string            `yaml:"help_url"`
	Operator string            `yaml:"operator"` // who answers for it: ID-SSO-06
	MVD      RegisterConfig    `yaml:"mvd"`
	SFR      RegisterConfig    `yaml:"sfr"`
	FNS      RegisterConfig    `yaml:"fns"` // without an address an ИНН stays unverified
	Phones   map[string]string `yaml:"phones"`
}

// RegisterConfig is how to reach one register.
type RegisterConfig struct {
	URL   string `yaml:"url"`
	Token Secret `yaml:"token"`
}

// PortalConfig is one regional portal: host, database, brand, zone, client.
type PortalConfig struct {
	Code      string `yaml:"code"` // of the region, such as 72
	URL       string `yaml:"url"`
	OfficeURL string `yaml:"office_url"`
	Database  Secret `yaml:"database"` // empty: okno_portal_<code> in the private PostgreSQL
	// DatabaseDirect leads past the pooler, for migrations and backups.
	DatabaseDirect Secret `yaml:"database_direct"`
	Zone           string `yaml:"zone"`
	Issuer         string `yaml:"issuer"` // of the identity provider; empty: ours
	// Client and OfficeClient are this portal's registrations there. With the
	// identity provider in the same process they are made at the start.
	Client       ClientConfig `yaml:"client"`
	OfficeClient ClientConfig `yaml:"office_client"`
	Brand        BrandConfig  `yaml:"brand"`
}

// ClientConfig is a registration at an identity provider.
type ClientConfig struct {
	ID     string `yaml:"id"`
	Secret Secret `yaml:"secret"`
}

// BrandConfig is how a region looks and is reached for as long as no administrator
// has published anything else at the office.
type BrandConfig struct {
	Name       string            `yaml:"name"`
	Sub        string            `yaml:"sub"`
	Region     string            `yaml:"region"` // «Тюменская область»
	Place      string            `yaml:"place"`  // «Тюмень»
	Phone      string            `yaml:"phone"`
	PhoneShort string            `yaml:"phone_short"`
	PhoneNote  string            `yaml:"phone_note"` // «Звонок бесплатный»
	Colours    map[string]string `yaml:"colours"`    // tokens such as blue-700: "#134896"
	Social     map[string]string `yaml:"social"`
	AppealURL  string            `yaml:"appeal_url"` // «Направить обращение»: C-21
	// Exchange is who gets the rights at the first sign-in: «СМЭВ Тюменской области».
	Exchange string `yaml:"exchange"`
}

// MailConfig is the outgoing mail server.
type MailConfig struct {
	Address  string `yaml:"address"` // host:port
	From     string `yaml:"from"`
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	// Security is starttls (default), tls, or plain for a relay on the same machine.
	Security string `yaml:"security"`
}

// SMSConfig is an HTTP gateway or an SMPP 3.4 centre.
type SMSConfig struct {
	URL      string `yaml:"url"`
	Token    Secret `yaml:"token"`
	SMPP     string `yaml:"smpp"` // host:port
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	From     string `yaml:"from"`
}

// BlobConfig is where files lie; without Endpoint in the state folder.
type BlobConfig struct {
	Endpoint  string `yaml:"endpoint"`
	Bucket    string `yaml:"bucket"`
	AccessKey string `yaml:"access_key"`
	SecretKey Secret `yaml:"secret_key"`
	Insecure  bool   `yaml:"insecure"`
}

// ScannerConfig is clamd, host:port or unix:/path; empty: files stay waiting
// unless Off says in so many words that nobody scans.
type ScannerConfig struct {
	Address string `yaml:"address"`
	Off     bool   `yaml:"off"`
}

// OutcallConfig lists private destinations that outside calls may reach:
// networks or host names.
type OutcallConfig struct {
	Allow []string `yaml:"allow"`
}

// OpsConfig is the operations site and the metrics.
type OpsConfig struct {
	URL string `yaml:"url"`
	// Issuer and Client are its registration at an identity provider that runs
	// elsewhere; with ours in the same process both are made at the start.
	Issuer string       `yaml:"issuer"`
	Client ClientConfig `yaml:"client"`
	// MetricsToken is the bearer token of /metrics; empty: nobody reads them.
	MetricsToken Secret `yaml:"metrics_token"`
}

// LogConfig is the log on standard error.
type LogConfig struct {
	Format string `yaml:"format"` // text (default) or json
	Level  string `yaml:"level"`  // debug, info (default), warn, error
}

var roles = []string{"idp", "portal", "office", "desk", "ops", "worker"}

// has tells whether the process has a role; no roles at all means every role.
func (c *Config) has(role string) bool {
	return len(c.Roles) == 0 || slices.Contains(c.Roles, role)
}

// Check collects everything that is wrong with a configuration.
func (c *Config) Check() error {
	var bad []error
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	if c.Listen == "" {
		add("listen: say where to listen, such as :8443")
	}
	for _, r := range c.Roles {
		if !slices.Contains(roles, r) {
			add("roles: %q is none of %s", r, strings.Join(roles, " "))
		}
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			add("trusted_proxies: %q is no network such as 10.0.0.0/8", p)
		}
	}
	if c.Keys == "" {
		add("keys: name the file of key-encryption keys")
	}
	if c.Admission.Concurrent < 0 || c.Admission.Uploads < 0 || c.Admission.Wait < 0 || c.Admission.Wait > 10*time.Second {
		add("admission: concurrent and uploads are numbers of requests, wait at most 10s")
	}
	c.PKCS11.check(add)
	c.Tracing.check(add)
	if c.IDP == nil && len(c.Portals) == 0 {
		add("nothing to serve: configure idp, portals or both")
	}
	if c.IDP != nil {
		c.IDP.check(c, add)
	}
	if !slices.Contains([]string{"", "starttls", "tls", "plain"}, c.Mail.Security) {
		add("mail.security: %q is none of starttls, tls, plain", c.Mail.Security)
	}
	c.checkOps(add)
	c.Security.check(add)
	for code, u := range c.Neighbours {
		checkURL("neighbours."+code, u, true, add)
	}
	seen := map[string]bool{}
	for i := range c.Portals {
		p := &c.Portals[i]
		if seen[p.Code] {
			add("portals: code %q occurs twice", p.Code)
		}
		seen[p.Code] = true
		p.check(c, add)
	}
	return errors.Join(bad...)
}

// minToken keeps a bearer token from being guessed; crypt.Token has 43.
const minToken = 16

func (c *Config) checkOps(add func(string, ...any)) {
	checkURL("ops.url", c.Ops.URL, false, add)
	checkURL("ops.issuer", c.Ops.Issuer, false, add)
	if n := len(c.Ops.MetricsToken); n > 0 && n < minToken {
		add("ops.metrics_token: give at least %d characters", minToken)
	}
	if c.Ops.URL != "" && c.IDP == nil && (c.Ops.Issuer == "" || c.Ops.Client.ID == "" || c.Ops.Client.Secret == "") {
		add("ops: without an identity provider of our own, issuer and client are needed")
	}
	if !slices.Contains([]string{"", "text", "json"}, c.Log.Format) {
		add("log.format: %q is none of text, json", c.Log.Format)
	}
	if !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log.Level) {
		add("log.level: %q is none of debug, info, warn, error", c.Log.Level)
	}
	if c.Drain < 0 || c.Drain > time.Minute {
		add("drain: at most 1m, such as 5s")
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		add("tls: certificate and key go together")
	}
}

func (p *IDPConfig) check(c *Config, add func(string, ...any)) {
	checkURL("idp.url", p.URL, true, add)
	checkURL("idp.desk_url", p.DeskURL, false, add)
	checkURL("idp.mvd.url", p.MVD.URL, false, add)
	checkURL("idp.sfr.url", p.SFR.URL, false, add)
	checkURL("idp.fns.url", p.FNS.URL, false, add)
	checkZone("idp.zone", p.Zone, add)
	c.checkDatabase("idp", p.Database, p.DatabaseDirect, add)
}

func (p *PortalConfig) check(c *Config, add func(string, ...any)) {
	name := "portals." + p.Code
	if p.Code == "" {
		add("portals: a portal has no code")
	}
	checkURL(name+".url", p.URL, true, add)
	checkURL(name+".office_url", p.OfficeURL, false, add)
	checkZone(name+".zone", p.Zone, add)
	if err := p.Brand.check(); err != nil {
		add("%s.brand: %w", name, err)
	}
	checkURL(name+".brand.appeal_url", p.Brand.AppealURL, false, add)
	c.checkDatabase(name, p.Database, p.DatabaseDirect, add)
	if p.Issuer == "" && c.IDP == nil {
		add("%s.issuer: name the identity provider", name)
	}
	if c.IDP == nil && (p.Client.ID == "" || p.Client.Secret == "") {
		add("%s.client: id and secret at the identity provider are needed", name)
	}
}

func (p *PortalConfig) databaseName() string { return "okno_portal_" + p.Code }

func (c *Config) checkDatabase(name string, url, direct Secret, add func(string, ...any)) {
	switch {
	case url == "" && !c.PrivatePostgres:
		add("%s.database: give a URL, or set private_postgres", name)
	case url != "" && !strings.HasPrefix(string(url), "postgres://") && !strings.HasPrefix(string(url), "postgresql://"):
		add("%s.database: a URL begins with postgres://", name)
	case url != "" && silentlyPlain(string(url)), direct != "" && silentlyPlain(string(direct)):
		add("%s.database: another machine without TLS: say sslmode=verify-full with sslrootcert, or sslmode=disable if the line is protected otherwise", name)
	case url != "" && c.Pgbouncer && direct == "":
		add("%s.database_direct: migrations need a way past pgbouncer", name)
	}
}

// silentlyPlain finds addresses of other machines that would fall back to an
// unencrypted connection by themselves: PostgreSQL's default is sslmode=prefer.
func silentlyPlain(database string) bool {
	c, err := pgconn.ParseConfig(database)
	if err != nil {
		return false // opening it tells more
	}
	u, err := url.Parse(database)
	if err != nil || slices.Contains([]string{"disable", "require", "verify-ca", "verify-full"}, u.Query().Get("sslmode")) {
		return false
	}
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	return slices.ContainsFunc(hosts, func(h string) bool {
		a, err := netip.ParseAddr(h)
		return !strings.HasPrefix(h, "/") && h != "localhost" && (err != nil || !a.IsLoopback())
	})
}

func checkURL(name, s string, needed bool, add func(string, ...any)) {
	if s == "" {
		if needed {
			add("%s: a public address is needed", name)
		}
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.HasSuffix(s, "/") {
		add("%s: %q is no address such as https://example.org without a slash at the end", name, s)
	}
}

func checkZone(name, s string, add func(string, ...any)) {
	if s == "" {
		return
	}
	if _, err := time.LoadLocation(s); err != nil {
		add("%s: %q is no time zone such as Europe/Moscow", name, s)
	}
}

// zone of a name that Check has seen.
func zone(name, fallback string) *time.Location {
	if name == "" {
		name = fallback
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return hostName(u.Host)
}

func secure(base string) bool { return strings.HasPrefix(base, "https://") }
