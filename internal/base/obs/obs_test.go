package obs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/obs"
)

func TestLogCarriesTheRequest(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := slog.New(obs.NewHandler(&b, obs.Options{JSON: true})).With("site", "portal").WithGroup("job")
	ctx := obs.WithRequestID(context.Background(), "00ff")
	log.InfoContext(ctx, "done", "n", 3)
	log.InfoContext(context.Background(), "alone")
	log.DebugContext(ctx, "too fine")
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("lines %q", lines)
	}
	var line struct {
		Site string
		Job  struct {
			N       int
			Request string
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || line.Site != "portal" || line.Job.N != 3 || line.Job.Request != "00ff" {
		t.Errorf("%s: %+v, %v", lines[0], line, err)
	}
	if strings.Contains(lines[1], "request") {
		t.Errorf("a line outside of requests has a number: %s", lines[1])
	}
	b.Reset()
	slog.New(obs.NewHandler(&b, obs.Options{})).InfoContext(ctx, "once", "request", "own")
	if s := b.String(); strings.Count(s, "request=") != 1 || !strings.Contains(s, "request=own") {
		t.Errorf("line %s", s)
	}
}

func TestLogHidesPersonalData(t *testing.T) {
	t.Parallel()
	u := &url.URL{Scheme: "https", Host: "esia.example", Path: "/rs/prns/1", RawQuery: "secret=1"}
	for name, attr := range map[string]slog.Attr{
		"by name":            slog.String("last_name", "secret"),
		"by name, camel":     slog.String("birthDate", "secret"),
		"by name, number":    slog.Int("code", 5339021),
		"header":             slog.String("Set-Cookie", "secret"),
		"address in error":   slog.Any("error", fmt.Errorf("send: %w", errors.New("550 secret.name@example.org unknown"))),
		"phone in text":      slog.String("reason", "no route to +79125339021"),
		"phone as shown":     slog.String("reason", "no route to +7 912 533-90-21"),
		"phone as esia":      slog.String("reason", "no route to +7(912)5339021"),
		"snils in text":      slog.String("reason", "unknown 533-902-145 95"),
		"password in url":    slog.String("reason", "dial postgres://okno:secret@db/okno"),
		"query of a url":     slog.String("reason", "Get \"https://x.example/a?snils=5339021&b=secret\": refused"),
		"url value":          slog.Any("target", u),
		"inside of a group":  slog.Group("person", slog.String("snils", "533902")),
		"address of people":  slog.String("email", "secret"),
		"body of a request":  slog.String("body", "secret"),
		"answers of a form":  slog.Any("answers", map[string]string{"a": "secret"}),
		"browser of someone": slog.String("user_agent", "secret"),
	} {
		for _, asJSON := range []bool{true, false} {
			var b bytes.Buffer
			slog.New(obs.NewHandler(&b, obs.Options{JSON: asJSON})).Info("x", attr)
			_, s, _ := strings.Cut(b.String(), "msg") // the time may hold any digits
			if strings.Contains(s, "secret") || strings.Contains(s, "533") {
				t.Errorf("%s: %s", name, s)
			}
		}
	}
	var b bytes.Buffer
	slog.New(obs.NewHandler(&b, obs.Options{})).Info("x", "id", "0190a0b1-7c00-7000-8000-000000000001", "error", errors.New("dial tcp 10.0.0.1:5432: connection refused"), "status", 200, "addr", "127.0.0.1:8080")
	if s := b.String(); strings.Contains(s, obs.Removed) {
		t.Errorf("harmless values are blanked: %s", s)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	a, b := obs.NewRequestID(), obs.NewRequestID()
	if a == b || len(a) != 16 {
		t.Errorf("ids %s %s", a, b)
	}
	if obs.RequestID(context.Background()) != "" {
		t.Error("an id from nowhere")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := obs.NewRegistry()
	obs.Gauge(r, "okno_outbox", "Messages that wait.", map[string]string{"channel": "sms"}, func() float64 { return 7 })
	obs.Gauge(r, "okno_outbox", "Messages that wait.", map[string]string{"channel": "sms"}, func() float64 { return 9 })
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		if f.GetMetric()[0].GetGauge() != nil {
			found[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	if found["okno_outbox"] != 7 || found["go_goroutines"] == 0 {
		t.Errorf("found %v", found)
	}
}
