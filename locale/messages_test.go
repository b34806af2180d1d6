package locale_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/locale"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample are the arguments that messages get, as long as they are in life.
func sample(l *i18n.Localizer) []any {
	day := time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC)
	service := map[string]string{
		"ru": "Справка о наличии (отсутствии) судимости", "tt": "Хөкем ителү (булмау) турында белешмә", "en": "Certificate of criminal record",
	}[l.Lang()]
	return []any{
		"portal", "Услуги Тюменской области", "link", "https://uslugi.admtyumen.ru/lk/", "number", "72-2026-0000123-5", "service", service,
		"agency", "МВД России", "due_date", l.Date(day), "topic", l.T("support.topic.service"), "text", "Нажмите «Продолжить» ещё раз.",
		"brand", "Госуслуги", "site", "https://esia.gosuslugi.ru", "code", "482106", "minutes", 5, "hours", 24, "password", "Kx7-mPq2-Vt9z",
		"centre", "МФЦ на Первомайской", "place", "МФЦ на Первомайской", "at", l.DateTime(day, time.UTC), "contact", "+7 912 000-00-01",
		"device", "Firefox, Windows", "address", "203.0.113.7", "reason", "Опечатка в фамилии", "document", l.T("person.document.INN"),
		"client", "Портал услуг Тюменской области", "name", "Анна", "old", "+7 912 000-00-02", "new", "+7 912 000-00-01", "child", "Тестова М.", "days", 30,
		"title", "Запись в детский сад на 2027 год", "headline", "Запись в детский сад на 2027 год", "lead", "Укажите желаемую дату до 1 апреля.",
	}
}

// messageKeys are the texts that leave the program for a phone or a mailbox.
func messageKeys(b *i18n.Bundle) []string {
	var out []string
	for _, key := range b.Keys("ru") {
		parts := strings.Split(key, ".")
		last := parts[len(parts)-1]
		if parts[0] != "notify" && parts[0] != "notice" && !strings.Contains(key, ".mail.") {
			continue
		}
		if slices.Contains([]string{"title", "subject", "sms", "email", "text", "hello", "bye", "signature"}, last) {
			out = append(out, key)
		}
	}
	return out
}

// Every letter and every SMS is rendered in the three languages; the golden files are there to be read.
// They are written anew by go test ./locale -run TestMessages -update.
func TestMessagesToCitizens(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	keys := messageKeys(bundle)
	if len(keys) < 150 {
		t.Fatalf("only %d messages", len(keys))
	}
	for _, lang := range []string{"ru", "tt", "en"} {
		l := bundle.For(lang)
		var all strings.Builder
		for _, key := range keys {
			text := l.T(key, sample(l)...)
			if strings.ContainsAny(text, "{}") {
				t.Errorf("%s %s lacks an argument: %q", lang, key, text)
			}
			fmt.Fprintf(&all, "-- %s --\n%s\n", key, strings.TrimRight(text, "\n"))
		}
		file := filepath.Join("testdata", "messages."+lang+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(all.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != all.String() {
			t.Errorf("%s differs from %s: look at the change and run with -update", lang, file)
		}
	}
}

// An SMS takes two parts at most, codes one or two: more cost the region money and come in pieces. Outside the
// GSM alphabet a part holds 67 UTF-16 units (3GPP TS 23.040, 9.2.3.24.1), and Russian and Tatar are outside of it.
func TestSMSAreShort(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"ru", "tt", "en"} {
		l := bundle.For(lang)
		for _, key := range messageKeys(bundle) {
			if !strings.HasSuffix(key, ".sms") {
				continue
			}
			text := l.T(key, sample(l)...)
			if n := len(utf16.Encode([]rune(text))); n > 2*67 {
				t.Errorf("%s %s has %d units, 134 fit into two parts: %s", lang, key, n, text)
			}
		}
	}
}
