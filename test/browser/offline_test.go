package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// line is the state of a target's line, as Network.emulateNetworkConditions has it.
type line struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

var setLine = cdp.Command[line, struct{}]{Method: "Network.emulateNetworkConditions"}

// cut breaks the line of a window and of the worker behind its pages, or mends it:
// each of them asks the network by itself.
func (b *Browser) cut(p *Person, worker context.Context, broken bool) {
	b.t.Helper()
	for _, target := range []context.Context{p.ctx, worker} {
		ctx, cancel := context.WithTimeout(target, wait)
		_, err := chromedp.Call(ctx, setLine, line{Offline: broken, DownloadThroughput: -1, UploadThroughput: -1})
		cancel()
		if err != nil {
			b.t.Fatalf("break the line: %v", err)
		}
	}
}

// worker is the portal's worker in the browser of p.
func (b *Browser) worker(p *Person, url string) context.Context {
	b.t.Helper()
	for range 200 {
		all, err := chromedp.Targets(p.ctx)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "service_worker" && strings.HasPrefix(one.URL, url) {
				ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithTargetID(one.TargetID))
				b.t.Cleanup(cancel)
				if err := chromedp.Do(ctx); err != nil {
					b.t.Fatalf("reach the worker: %v", err)
				}
				return ctx
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatal("the portal has no worker")
	return nil
}

// TestBrokenLine breaks the line of somebody who reads the portal: the next page
// says so with the portal's own face and its phone, and when the line is back,
// the page is there.
func TestBrokenLine(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	p := b.Person(t, "anna")
	p.Go(w.URL("uslugi", "/"))
	Eval[bool](p, `navigator.serviceWorker.ready.then(() => true)`)
	p.Go(w.URL("uslugi", "/services"))
	if !Eval[bool](p, `!!navigator.serviceWorker.controller`) {
		t.Fatal("the worker does not stand behind the page")
	}
	worker := b.worker(p, w.URL("uslugi", "/"))

	b.cut(p, worker, true)
	p.Go(w.URL("uslugi", "/services/criminal-record"))
	p.See("Нет связи с интернетом", "8 800 100-70-10")
	p.SeeNot("ERR_")
	if font := Eval[string](p, `getComputedStyle(document.querySelector("h1")).fontFamily`); !strings.Contains(font, "Golos") {
		t.Errorf("the page without a line has lost its style: %s", font)
	}
	if got := p.URL(); got != w.URL("uslugi", "/services/criminal-record") {
		t.Errorf("the address has become %s: pressing «обновить» would not lead back", got)
	}

	b.cut(p, worker, false)
	p.Go(w.URL("uslugi", "/services/criminal-record"))
	p.See("Получить")
	p.SeeNot("Нет связи с интернетом")
}
