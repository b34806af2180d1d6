package notify_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/locale"
)

var start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

type post []outbound.Message

func (p *post) Enqueue(_ context.Context, _ *db.Tx, m outbound.Message) error {
	*p = append(*p, m)
	return nil
}

func setUp(t *testing.T, language string) (*notify.Notices, *post) {
	t.Helper()
	b, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := &post{}
	return &notify.Notices{
		DB: dbtest.New(t, notify.Migrations()), Clock: clock.At(start), Bundle: b, Outbox: p, Site: "https://esia.example", Brand: "Окно",
		Zone: time.FixedZone("MSK", 3*60*60),
		Contacts: func(context.Context, *db.Tx, int64) (string, []string, []string, error) {
			return language, []string{"+79120000101"}, []string{"anna@example.com"}, nil
		},
	}, p
}

func inTx(t *testing.T, n *notify.Notices, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := n.DB.InTx(ctx, func(tx *db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// C-09: all confirmed contacts, in the person's language; times in the zone; reasons translated.
func TestTell(t *testing.T) {
	t.Parallel()
	for language, word := range map[string]string{"ru": "МВД", "en": "Ministry", "tt": "Эчке эшләр министрлыгы"} {
		n, p := setUp(t, language)
		inTx(t, n, func(ctx context.Context, tx *db.Tx) error {
			return n.Tell(ctx, tx, 1_000_000_001, "check_failed", "reason", notify.Key("enrol.reason.document_not_found"))
		})
		if len(*p) != 2 {
			t.Fatalf("%d messages", len(*p))
		}
		sms, letter := (*p)[0], (*p)[1]
		if sms.Channel != outbound.SMS || sms.To != "+79120000101" || sms.Class != outbound.Notice || letter.Channel != outbound.Email || letter.ID == sms.ID {
			t.Errorf("messages %+v", *p)
		}
		if !strings.Contains(letter.Text, word) || letter.Subject == "" || strings.Contains(letter.Text, "{") || !strings.Contains(letter.Text, "https://esia.example/profile/data") {
			t.Errorf("%s: %s\n%s", language, letter.Subject, letter.Text)
		}
	}
}

// A code is of the class that is sent at most once and ends with the code.
func TestSecret(t *testing.T) {
	t.Parallel()
	n, p := setUp(t, "ru")
	expires := start.Add(5 * time.Minute)
	inTx(t, n, func(ctx context.Context, tx *db.Tx) error {
		return n.Secret(ctx, tx, "ru", notify.SMS, "+79120000101", "code_registration", expires, "code", "123456", "minutes", 5)
	})
	m := (*p)[0]
	if m.Class != outbound.Code || !m.Expires.Equal(expires) || !strings.Contains(m.Text, "123456") || strings.Contains(m.ID, "123456") || strings.Contains(m.ID, "9120000101") {
		t.Errorf("message %+v", m)
	}
}

var told = regexp.MustCompile(`(?:Tell|TellOnce|TellContact|TellContactOnce|Secret|tellOld|taken)\((?:[^()]|\([^()]*\))*?"([a-z_]+)"`)

// Every notice that code sends has all its texts in the three languages, and no SMS is longer than three parts.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	b, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, lang := range b.Languages() {
		known := map[string]bool{}
		for _, k := range b.Keys(lang) {
			known[k] = true
			if strings.HasPrefix(k, "notify.") && strings.Count(k, ".") == 2 {
				keys[strings.Split(k, ".")[1]] = true
			}
		}
		for key := range keys {
			sms, text := known["notify."+key+".sms"], known["notify."+key+".text"]
			if !sms && !text || text != known["notify."+key+".subject"] {
				t.Errorf("%s: notify.%s is not complete", lang, key)
			}
			if n := len([]rune(b.For(lang).T("notify."+key+".sms", "site", "https://esia.example", "brand", "Окно", "place", strings.Repeat("м", 40)))); sms && n > 3*67 {
				t.Errorf("%s: the SMS of %s has %d characters", lang, key, n)
			}
		}
	}
	files, err := filepath.Glob("../*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range told.FindAllStringSubmatch(string(raw), -1) {
			if strings.HasSuffix(m[1], "_") {
				continue // put together at run time
			}
			if found++; !keys[m[1]] {
				t.Errorf("%s: no text for notify.%s", f, m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d notices found in the code", found)
	}
}
