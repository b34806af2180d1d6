// Package browser walks Okno's pages in Chromium as a person would: by labels
// and words, not by addresses. Every page that is judged is looked at in desktop
// and phone width: axe, sideways scrolling at 320 px, errors of the console; its
// HTML is kept for the Nu checker; pictures go to test/browser/out.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Chromium's own traffic is refused by closed networks, many times at a start.
var flags = []string{
	"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "no-first-run",
	"disable-default-apps", "disable-extensions", "disable-client-side-phishing-detection", "metrics-recording-only",
}

// Browser is one Chromium; each Person in it has cookies of his own.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts Chromium; it ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	opts = append(opts, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("lang", "ru"), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("accept-lang", "ru"))
	for _, f := range flags {
		opts = append(opts, chromedp.Flag(f, true))
	}
	actx, cancelA := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(actx)
	t.Cleanup(func() { cancel(); cancelA() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{t: t, ctx: ctx}
}

// Person is a browser window with its own cookies.
type Person struct {
	t    testing.TB
	ctx  context.Context
	name string
}

// wait bounds each step: a page that takes longer is broken.
const wait = 20 * time.Second

// Person opens a window for somebody.
func (b *Browser) Person(t testing.TB, name string) *Person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &Person{t: t, ctx: ctx, name: name}
	// The window lives as long as the context of its first use.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a window for %s: %v", name, err)
	}
	p.do(chromedp.EmulateViewport(desktopWidth, 900))
	return p
}

const (
	desktopWidth = 1280
	phoneWidth   = 360
	narrowest    = 320
)

func (p *Person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.fail(err)
	}
}

func (p *Person) fail(err error) {
	p.t.Helper()
	p.Shot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-") + "-" + p.name)
	p.t.Fatalf("%s at %s: %v\n%s", p.name, p.URL(), err, head(p.Text(), 1500))
}

func head(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}

// Go opens an address.
func (p *Person) Go(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// URL is the address of the page.
func (p *Person) URL() string { return Eval[string](p, `location.href`) }

// Text is all that is to be read on the page.
func (p *Person) Text() string {
	return Eval[string](p, `document.body ? document.body.innerText : ""`)
}

// Eval runs an expression in the page.
func Eval[T any](p *Person, js string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: evaluate %s: %v", p.name, head(js, 80), err)
	}
	return v
}

// find is the script that looks an element up as a person does: a button or a
// link by its words (е = ё, spaces folded), visible ones first.
const find = `(words, kinds) => {
	const norm = s => (s || "").replace(/[\s\u00a0\u202f]+/g, " ").trim().toLowerCase().replaceAll("ё", "е");
	const want = norm(words);
	const seen = e => e.getClientRects().length > 0;
	const name = e => norm(e.getAttribute("aria-label") || e.innerText || e.textContent || e.value);
	const all = [...document.querySelectorAll(kinds)];
	return all.find(e => seen(e) && name(e) === want) || all.find(e => seen(e) && name(e).startsWith(want)) || all.find(e => seen(e) && name(e).includes(want));
}`

// Press clicks the button or link with these words and waits for the page that follows.
func (p *Person) Press(words string) {
	p.t.Helper()
	p.click(words, "button, a[href], input[type=submit], summary, [role=button]")
}

func (p *Person) click(words, kinds string) {
	p.t.Helper()
	w, _ := json.Marshal(words)
	k, _ := json.Marshal(kinds)
	mark := Eval[bool](p, `(() => { const e = (`+find+`)(`+string(w)+`, `+string(k)+`); if (!e) return false; e.setAttribute("data-walk", "1"); e.scrollIntoView({block: "center"}); return true; })()`)
	if !mark {
		p.fail(fmt.Errorf("there is nothing to press called %q", words))
	}
	leads := Eval[bool](p, `(() => { const e = document.querySelector("[data-walk]"); return e.tagName !== "SUMMARY" && e.type !== "button"; })()`)
	unmark := `document.querySelector("[data-walk]").removeAttribute("data-walk")`
	if !leads {
		p.do(chromedp.Click("[data-walk]"))
		Eval[any](p, unmark)
		return
	}
	within := Eval[bool](p, `(() => { const e = document.querySelector("[data-walk]"); window.walked = true;
		return !!e.hash && e.href.split("#")[0] === location.href.split("#")[0]; })()`)
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click("[data-walk]")); err != nil {
		p.fail(fmt.Errorf("press %q: %w", words, err))
	}
	if !within {
		p.arrive(ctx, words)
	}
}

// arrive waits until another page stands there, whole. What chromedp takes for
// the new page's first event can be a late one of the old page, and the next step
// would then break the request off that the press has sent.
func (p *Person) arrive(ctx context.Context, words string) {
	p.t.Helper()
	const there = `!window.walked && document.readyState === "complete"`
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		// An error is a page that goes away while it is asked.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](there)); err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			p.fail(fmt.Errorf("press %q: the page has not changed", words))
		case <-tick.C:
		}
	}
}

// Fill types a value into the field with this name.
func (p *Person) Fill(name, value string) {
	p.t.Helper()
	sel := fmt.Sprintf("[name=%q]", name)
	q, _ := json.Marshal(sel)
	if !Eval[bool](p, `(() => { const e = document.querySelector(`+string(q)+`); if (!e) return false; e.value = ""; return true; })()`) {
		p.fail(fmt.Errorf("there is no field %s", name))
	}
	p.do(chromedp.SendKeys(sel, value))
}

// Pick chooses a radio or checkbox by name and value, or an option of a select.
func (p *Person) Pick(name, value string) {
	p.t.Helper()
	n, _ := json.Marshal(name)
	v, _ := json.Marshal(value)
	ok := Eval[bool](p, `(() => { const n = `+string(n)+`, v = `+string(v)+`;
		for (const e of document.getElementsByName(n)) {
			if (e.tagName === "SELECT") { e.value = v; e.dispatchEvent(new Event("change", {bubbles: true})); return e.value === v; }
			if (e.value === v) { if (!e.checked) e.click(); return e.checked; } }
		return false; })()`)
	if !ok {
		p.fail(fmt.Errorf("field %s has no choice %s", name, value))
	}
}

// Attach puts a file into the file field with this name.
func (p *Person) Attach(name, path string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(fmt.Sprintf("input[type=file][name=%q]", name), []string{path}))
}

// See demands that the page says something.
func (p *Person) See(words ...string) {
	p.t.Helper()
	text := fold(p.Text())
	for _, w := range words {
		if !strings.Contains(text, fold(w)) {
			p.fail(fmt.Errorf("the page does not say %q", w))
		}
	}
}

// SeeNot demands that the page does not say something.
func (p *Person) SeeNot(words ...string) {
	p.t.Helper()
	text := fold(p.Text())
	for _, w := range words {
		if strings.Contains(text, fold(w)) {
			p.fail(fmt.Errorf("the page says %q", w))
		}
	}
}

func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u00a0', '\u202f', '\n', '\t', '\r':
			return ' '
		case 'ё':
			return 'е'
		case 'Ё':
			return 'Е'
		}
		return r
	}, s)
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// Out is the folder of pictures and pages.
func Out() string { return "out" }

// Shot takes a picture of the whole page.
func (p *Person) Shot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Logf("picture %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(Out(), 0o755); err == nil {
		_ = os.WriteFile(filepath.Join(Out(), name+".png"), png, 0o644)
	}
}

var axe = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("../assets/node_modules/axe-core/axe.min.js")
	return string(b), err
})

type finding struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Nodes  []string `json:"nodes"`
}

const runAxe = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.target + " " + ((n.any[0] || {}).message || n.failureSummary || "").slice(0, 160))})))`

const sideways = `(() => { const w = document.documentElement.scrollWidth; if (w <= innerWidth) return "";
	return w + " px: " + [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".okno-table-wrap,.okno-dates,.govuk-visually-hidden")).slice(0, 4).map(e => e.tagName + "." + e.className).join(", "); })()`

// Judge looks at the page as it stands: axe and a picture in both widths,
// nothing sideways at 320 px, and its HTML kept for the Nu checker.
func (p *Person) Judge(name string) {
	p.t.Helper()
	src, err := axe()
	if err != nil {
		p.t.Fatalf("axe-core is missing: run npm ci in test/assets: %v", err)
	}
	if Eval[bool](p, `typeof axe === "undefined"`) {
		Eval[bool](p, src+"; true")
	}
	for _, v := range []struct {
		width  int64
		suffix string
	}{{desktopWidth, "d"}, {phoneWidth, "m"}} {
		p.do(chromedp.EmulateViewport(v.width, 900))
		Eval[any](p, `document.fonts.ready.then(() => true)`)
		p.Shot(name + "-" + v.suffix)
		for _, f := range Eval[[]finding](p, runAxe) {
			p.t.Errorf("%s (%s): axe %s (%s): %s", name, v.suffix, f.ID, f.Impact, strings.Join(f.Nodes, " | "))
		}
	}
	p.do(chromedp.EmulateViewport(narrowest, 640))
	if s := Eval[string](p, sideways); s != "" {
		p.t.Errorf("%s scrolls sideways at %d px: %s", name, narrowest, s)
	}
	p.do(chromedp.EmulateViewport(desktopWidth, 900))
	p.keepHTML(name)
}

// keepHTML stores what the server sent, not what scripts made of it.
func (p *Person) keepHTML(name string) {
	p.t.Helper()
	html := Eval[string](p, `fetch(location.href, {headers: {Accept: "text/html"}}).then(r => r.ok || r.status === 404 ? r.text() : "")`)
	if html == "" {
		return
	}
	dir := filepath.Join(Out(), "html")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(html), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// Tick ticks the only box with this name.
func (p *Person) Tick(name string) {
	p.t.Helper()
	n, _ := json.Marshal(name)
	if !Eval[bool](p, `(() => { const e = document.querySelector("input[type=checkbox][name=" + JSON.stringify(`+string(n)+`) + "]"); if (!e) return false; if (!e.checked) e.click(); return e.checked; })()`) {
		p.fail(fmt.Errorf("there is no box %s", name))
	}
}
