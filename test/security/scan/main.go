// Scan lets wapiti and ffuf, scanners of others, loose on the demo: each site on
// a port of its own on the loopback, once as nobody and once as somebody who is
// signed in. See ../run.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

//go:embed words.txt
var words string

var sites = []string{"uslugi", "esia", "office", "desk", "ops"}

// known are remarks of wapiti that stand, with the reason.
var known = map[string]string{
	"Secure Flag cookie":                    "the demo speaks plain http on the loopback; test/security holds the flag on https",
	"Content Security Policy Configuration": "wapiti 3.0.4 wants object-src and script-src literally; default-src 'none' stands for them",
	"HTTP Secure Headers":                   "Strict-Transport-Security has no place on plain http; X-XSS-Protection is obsolete (OWASP)",
}

func main() {
	perSite := flag.Duration("time", 60*time.Second, "time for crawling a site and for each kind of attack on it")
	flag.Parse()
	if err := run(*perSite); err != nil {
		fmt.Fprintln(os.Stderr, "scan:", err)
		os.Exit(1)
	}
}

func run(perSite time.Duration) error {
	ctx := context.Background()
	out := filepath.Join(drive.Root(), ".cache", "security")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	state, err := drive.StateDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	port, err := drive.FreePort()
	if err != nil {
		return err
	}
	base, public := map[string]string{}, []string{}
	for _, s := range sites {
		p, err := drive.FreePort()
		if err != nil {
			return err
		}
		base[s] = "http://127.0.0.1:" + p
		public = append(public, s+"="+base[s])
	}
	p, err := drive.StartDemo(ctx, state, port, "--public", strings.Join(public, ","))
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()

	cookie, err := signedIn(ctx, p, base["uslugi"])
	if err != nil {
		return err
	}
	bad := 0
	for _, s := range sites {
		n, err := ffuf(ctx, s, base[s], base["esia"], out)
		if err != nil {
			return err
		}
		bad += n
	}
	for _, one := range []struct{ site, cookie string }{{"uslugi", ""}, {"esia", ""}, {"office", ""}, {"desk", ""}, {"ops", ""}, {"uslugi", cookie}, {"esia", cookie}} {
		n, err := wapiti(ctx, one.site, base[one.site], one.cookie, perSite, out)
		if err != nil {
			return err
		}
		bad += n
	}
	if !p.Running() {
		return fmt.Errorf("okno did not survive the scan:\n%s", p.Log.Tail(4000))
	}
	if n := strings.Count(p.Log.String(), "level=ERROR"); n > 0 {
		bad += n
		fmt.Printf("the log holds %d errors:\n%s\n", n, grep(p.Log.String(), "level=ERROR", 20))
	}
	if bad > 0 {
		return fmt.Errorf("%d findings", bad)
	}
	fmt.Println("nothing found beyond the known remarks")
	return nil
}

func grep(text, word string, most int) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) && len(out) < most {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// signedIn is the header of a citizen's cookies; cookies of one host do not know
// ports, so it serves portal and provider.
func signedIn(ctx context.Context, p *drive.Process, base string) (string, error) {
	v := drive.NewPerson()
	who, err := p.Desk().Account(ctx, "Соколова")
	if err != nil {
		return "", err
	}
	if err := drive.SignIn(ctx, v, base, who.Phone, who.Password); err != nil {
		return "", err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	var out []string
	for _, c := range v.HTTP.Jar.Cookies(u) {
		out = append(out, c.Name+"="+c.Value)
	}
	return strings.Join(out, "; "), nil
}

// ffuf asks for what people forget on servers; whatever is there is a finding.
func ffuf(ctx context.Context, site, base, idp, out string) (int, error) {
	list := filepath.Join(out, "words.txt")
	if err := os.WriteFile(list, []byte(words), 0o600); err != nil {
		return 0, err
	}
	report := filepath.Join(out, "ffuf-"+site+".json")
	cmd := exec.CommandContext(ctx, "ffuf", "-s", "-w", list, "-u", base+"/FUZZ", "-mc", "all", "-fc", "404", "-t", "4", "-maxtime", "180", "-of", "json", "-o", report)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("ffuf: %w\n%s", err, text)
	}
	raw, err := os.ReadFile(report)
	if err != nil {
		return 0, err
	}
	var got struct {
		Results []struct {
			Input  map[string]string `json:"input"`
			Status int               `json:"status"`
			To     string            `json:"redirectlocation"`
		} `json:"results"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return 0, fmt.Errorf("ffuf: %w", err)
	}
	bad := 0
	for _, r := range got.Results {
		// Refusals, and redirects to the sign-in or to the clean form of a path.
		if r.Status >= 400 && r.Status < 500 || r.Status >= 300 && r.Status < 400 && (strings.HasPrefix(r.To, "/") || strings.HasPrefix(r.To, idp)) {
			continue
		}
		if r.Status == 200 && slices.Contains(open(site), r.Input["FUZZ"]) {
			continue
		}
		bad++
		fmt.Printf("FOUND  ffuf    %-7s /%s: %d\n", site, r.Input["FUZZ"], r.Status)
	}
	fmt.Printf("ok     ffuf    %-7s %d words, %d answers other than 404, %d findings\n", site, strings.Count(words, "\n"), len(got.Results), bad)
	return bad, nil
}

// open are words of the list that are meant to be pages.
func open(site string) []string {
	all := []string{".well-known/security.txt", "healthz"}
	switch site {
	case "uslugi":
		return append(all, "support", "search", "services", "news", "help/", "report", "privacy", "agreement", "robots.txt")
	case "esia":
		return append(all, ".well-known/openid-configuration", ".well-known/oauth-authorization-server", "login", "registration", "recovery", "about", "agreement", "oauth2/jwks", "logout")
	}
	return all
}

// wapiti crawls a site and attacks what it finds.
func wapiti(ctx context.Context, site, base, cookie string, limit time.Duration, out string) (int, error) {
	name := site
	if cookie != "" {
		name += "-signed-in"
	}
	report := filepath.Join(out, "wapiti-"+name+".json")
	// Signed in, the scanner stays below the pages of the person: it would press
	// «Выйти» otherwise.
	start := "/"
	if cookie != "" {
		start = map[string]string{"uslugi": "/lk/", "esia": "/profile/"}[site]
	}
	seconds := strconv.Itoa(int(limit.Seconds()))
	args := []string{
		"-u", base + start, "--scope", "folder", "-m", "backup,cookieflags,crlf,csp,exec,file,http_headers,methods,permanentxss,redirect,sql,blindsql,ssrf,xss,xxe,htaccess",
		"--max-scan-time", seconds, "--max-attack-time", seconds, "--max-links-per-page", "40", "--max-files-per-dir", "20", "-d", "3",
		"--flush-session", "--store-session", filepath.Join(out, "sessions"), "--no-bugreport", "-v", "0", "-f", "json", "-o", report,
	}
	if cookie != "" {
		args = append(args, "-H", "Cookie: "+cookie)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wapiti", args...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("wapiti at %s: %w\n%s", name, err, text.String())
	}
	raw, err := os.ReadFile(report)
	if err != nil {
		return 0, fmt.Errorf("wapiti at %s: %w\n%s", name, err, text.String())
	}
	var got struct {
		Vulnerabilities map[string][]finding `json:"vulnerabilities"`
		Anomalies       map[string][]finding `json:"anomalies"`
		Infos           struct {
			Pages int `json:"crawled_pages_nbr"`
		} `json:"infos"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return 0, fmt.Errorf("wapiti at %s: %w", name, err)
	}
	bad, remarks := 0, 0
	for _, kinds := range []map[string][]finding{got.Vulnerabilities, got.Anomalies} {
		for kind, list := range kinds {
			for _, f := range list {
				if _, ok := known[kind]; ok {
					remarks++
					continue
				}
				bad++
				fmt.Printf("FOUND  wapiti  %-17s %s: %s %s %s: %s\n", name, kind, f.Method, f.Path, f.Parameter, f.Info)
			}
		}
	}
	fmt.Printf("ok     wapiti  %-17s %s, %d known remarks, %d findings\n", name, time.Since(began).Round(time.Second), remarks, bad)
	return bad, nil
}

type finding struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Parameter string `json:"parameter"`
	Info      string `json:"info"`
}
