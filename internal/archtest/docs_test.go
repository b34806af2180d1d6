package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// tracked are the files that git knows, or will with the next commit, by a glob.
func tracked(t *testing.T, glob string) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", glob)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var names []string
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no file is called %s", glob)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	fence  = regexp.MustCompile("(?ms)^\\s*```.*?^\\s*```")
	code   = regexp.MustCompile("`[^`\n]*`")
	link   = regexp.MustCompile(`\[[^\]]*\]\(([^()\s]+)\)`)
	title  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	noSlug = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// anchors are the names that GitHub and GitLab give to the titles of a page.
func anchors(text string) []string {
	var out []string
	for _, m := range title.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		s := link.ReplaceAllString(m[1], "$1")
		if l := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).FindStringSubmatch(m[1]); l != nil {
			s = strings.Replace(m[1], l[0], l[1], 1)
		}
		slug := strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(s), ""), " ", "-")
		for n, base := 1, slug; slices.Contains(out, slug); n++ {
			slug = base + "-" + string(rune('0'+n))
		}
		out = append(out, slug)
	}
	return out
}

// Every link of a page of the documents leads to something that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	n := 0
	for _, name := range tracked(t, "*.md") {
		if strings.HasPrefix(name, "services/") { // texts of the portal: their links are pages of it, see content
			continue
		}
		text := read(t, name)
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(fence.ReplaceAllString(text, ""), ""), -1) {
			to := m[1]
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			n++
			file, anchor, _ := strings.Cut(to, "#")
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			info, err := os.Stat(filepath.Join(root, target))
			if err != nil {
				t.Errorf("%s: %s is not there", name, to)
				continue
			}
			if anchor != "" && (info.IsDir() || !slices.Contains(anchors(read(t, target)), anchor)) {
				t.Errorf("%s: %s has no title #%s", name, target, anchor)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d links were found", n)
	}
}

var (
	proof = regexp.MustCompile(`\b((?:[a-z]+/)?[a-z]+)\.((?:Test|Fuzz)\w+)`)
	item  = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (\w+) \| ([^|]*)\| ([^|]*)\|$`)
	named = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// The table of ASVS 5.0 has every requirement of levels 1 and 2 once, says of
// each what is, and names tests that exist.
func TestASVSIsShownByTests(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{}
	for _, name := range tracked(t, "*_test.go") {
		dir := filepath.ToSlash(filepath.Dir(name))
		for _, m := range named.FindAllStringSubmatch(read(t, name), -1) {
			tests[dir] = append(tests[dir], m[1])
		}
	}
	text := read(t, "docs/security/asvs.md")
	for _, m := range proof.FindAllStringSubmatch(text, -1) {
		var found []string
		for dir, names := range tests {
			if (dir == m[1] || strings.HasSuffix(dir, "/"+m[1])) && slices.Contains(names, m[2]) {
				found = append(found, dir)
			}
		}
		if len(found) != 1 {
			t.Errorf("%s.%s is in %d packages %v", m[1], m[2], len(found), found)
		}
	}
	_, exceptions, _ := strings.Cut(text, "\n## Exceptions\n")
	seen, levels := map[string]bool{}, map[string]int{}
	for _, m := range item.FindAllStringSubmatch(text, -1) {
		id, level, state, how, shown := m[1], m[2], m[4], strings.TrimSpace(m[5]), strings.TrimSpace(m[6])
		if seen[id] {
			t.Errorf("%s stands twice", id)
		}
		seen[id] = true
		levels[level]++
		switch state {
		case "met":
			if !proof.MatchString(shown) {
				t.Errorf("%s: met, but by which test?", id)
			}
		case "design", "page", "absent", "operator":
			if how == "" {
				t.Errorf("%s: %s, but how?", id, state)
			}
		case "exception":
			if !regexp.MustCompile(`(?m)^\| [^|]*\b` + regexp.QuoteMeta(id) + `\b[^|]*\|`).MatchString(exceptions) {
				t.Errorf("%s is an exception that nobody explains", id)
			}
		default:
			t.Errorf("%s: unknown state %q", id, state)
		}
	}
	// The published standard has 70 requirements of level 1 and 183 of level 2.
	if levels["1"] != 70 || levels["2"] != 183 {
		t.Errorf("%d requirements of level 1 and %d of level 2, want 70 and 183", levels["1"], levels["2"])
	}
}

// Whatever computes with keys, hashes or random numbers stands in the inventory,
// and nothing that is broken is used at all.
func TestCryptographyIsInventoried(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/security/cryptography.md")
	for _, p := range packages(t) {
		dir := strings.TrimPrefix(p.ImportPath, Module+"/")
		if strings.HasPrefix(dir, "test/") || strings.HasPrefix(dir, "internal/demo") || strings.HasSuffix(dir, "test") || dir == "internal/ui/assetgen" {
			continue
		}
		for _, i := range p.Imports {
			if slices.Contains([]string{"crypto/md5", "crypto/sha1", "crypto/des", "crypto/rc4", "crypto/dsa", "math/rand", "golang.org/x/crypto/md4"}, i) {
				t.Errorf("%s uses %s", dir, i)
			}
			if !strings.HasPrefix(i, "crypto/") && !strings.HasPrefix(i, "golang.org/x/crypto/") && !strings.Contains(i, "go-jose") && !strings.Contains(i, "pquerna/otp") && !strings.Contains(i, "pkcs11") && i != "math/rand/v2" {
				continue
			}
			if !slices.ContainsFunc(inventoried(page), func(place string) bool { return dir == place || strings.HasPrefix(dir, place+"/") }) {
				t.Errorf("%s imports %s and is not in docs/security/cryptography.md", dir, i)
			}
		}
	}
}

// inventoried are the folders that the table names.
func inventoried(page string) (out []string) {
	for _, m := range regexp.MustCompile("`((?:internal|cmd)/[a-z/]+)").FindAllStringSubmatch(page, -1) {
		out = append(out, strings.TrimSuffix(m[1], "/tls"))
	}
	return out
}

// publiccode.yml has what version 0 of the standard demands.
func TestPubliccode(t *testing.T) {
	t.Parallel()
	var p struct {
		Version           string   `yaml:"publiccodeYmlVersion"`
		Name              string   `yaml:"name"`
		URL               string   `yaml:"url"`
		LandingURL        string   `yaml:"landingURL"`
		SoftwareVersion   string   `yaml:"softwareVersion"`
		ReleaseDate       string   `yaml:"releaseDate"`
		Platforms         []string `yaml:"platforms"`
		Categories        []string `yaml:"categories"`
		UsedBy            []string `yaml:"usedBy"`
		DevelopmentStatus string   `yaml:"developmentStatus"`
		SoftwareType      string   `yaml:"softwareType"`
		IntendedAudience  struct {
			Countries []string `yaml:"countries"`
			Scope     []string `yaml:"scope"`
		} `yaml:"intendedAudience"`
		Description map[string]struct {
			GenericName      string   `yaml:"genericName"`
			ShortDescription string   `yaml:"shortDescription"`
			LongDescription  string   `yaml:"longDescription"`
			Documentation    string   `yaml:"documentation"`
			Features         []string `yaml:"features"`
			Screenshots      []string `yaml:"screenshots"`
		} `yaml:"description"`
		Legal struct {
			License string `yaml:"license"`
		} `yaml:"legal"`
		Maintenance struct {
			Type     string `yaml:"type"`
			Contacts []struct {
				Name  string `yaml:"name"`
				Email string `yaml:"email"`
			} `yaml:"contacts"`
		} `yaml:"maintenance"`
		Localisation struct {
			Ready     bool     `yaml:"localisationReady"`
			Languages []string `yaml:"availableLanguages"`
		} `yaml:"localisation"`
		DependsOn map[string][]struct {
			Name       string `yaml:"name"`
			VersionMin string `yaml:"versionMin"`
			Optional   bool   `yaml:"optional"`
		} `yaml:"dependsOn"`
	}
	dec := yaml.NewDecoder(strings.NewReader(read(t, "publiccode.yml")))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^0(\.\d+)*$`).MatchString(p.Version) || p.Name == "" || !strings.HasPrefix(p.URL, "https://") || p.Legal.License != "Apache-2.0" {
		t.Errorf("head: %+v", p)
	}
	if !slices.Contains([]string{"concept", "development", "beta", "stable", "obsolete"}, p.DevelopmentStatus) || p.SoftwareType != "standalone/web" ||
		!slices.Contains([]string{"internal", "contract", "community", "none"}, p.Maintenance.Type) {
		t.Errorf("status %q, type %q, maintenance %q", p.DevelopmentStatus, p.SoftwareType, p.Maintenance.Type)
	}
	if p.Maintenance.Type == "community" && len(p.Maintenance.Contacts) == 0 {
		t.Error("a community has contacts")
	}
	if len(p.Platforms) == 0 || len(p.Categories) == 0 || len(p.Localisation.Languages) == 0 {
		t.Error("platforms, categories and languages are needed")
	}
	for lang, d := range p.Description {
		if n := len([]rune(d.ShortDescription)); n == 0 || n > 150 {
			t.Errorf("%s: the short description has %d characters, at most 150", lang, n)
		}
		if n := len([]rune(d.LongDescription)); n < 150 || n > 10000 {
			t.Errorf("%s: the long description has %d characters, 150 to 10000", lang, n)
		}
		if len([]rune(d.GenericName)) > 35 || len(d.Features) == 0 {
			t.Errorf("%s: generic name %q, %d features", lang, d.GenericName, len(d.Features))
		}
		for _, s := range d.Screenshots {
			if _, err := os.Stat(filepath.Join(root, s)); err != nil {
				t.Errorf("%s: %v", lang, err)
			}
		}
	}
	if len(p.Description) < 2 {
		t.Error("described in fewer than two languages")
	}
}
