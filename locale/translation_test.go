package locale_test

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/locale"
)

// russianOnly are texts that exist in Russian alone: the act of erasure is a document of Russian law
// (Roskomnadzor's order 179), printed by the operator for the file and shown to no citizen.
var russianOnly = []string{"erasure."}

// Every page of both products speaks all three languages (G-30): no text is missing in Tatar or English.
func TestTranslationsAreComplete(t *testing.T) {
	t.Parallel()
	texts := allTexts(t)
	for _, lang := range []string{"tt", "en"} {
		for _, key := range slices.Sorted(maps.Keys(texts["ru"])) {
			if slices.ContainsFunc(russianOnly, func(p string) bool { return strings.HasPrefix(key, p) }) {
				continue
			}
			if strings.TrimSpace(texts[lang][key]) == "" && strings.TrimSpace(texts["ru"][key]) != "" {
				t.Errorf("%s lacks %s: %q", lang, key, texts["ru"][key])
			}
		}
	}
}

// A translation that equals the Russian text was forgotten, unless the words are the same in both languages.
func TestTranslationsDifferFromRussian(t *testing.T) {
	t.Parallel()
	texts := allTexts(t)
	for _, lang := range []string{"tt", "en"} {
		for _, key := range slices.Sorted(maps.Keys(texts[lang])) {
			words := wordsOf(texts[lang][key])
			if texts[lang][key] != texts["ru"][key] || !hasCyrillic.MatchString(words) || strings.HasPrefix(key, "country.") {
				continue
			}
			if lang != "tt" || !slices.ContainsFunc(sameInTatar, func(same string) bool { return strings.EqualFold(same, words) }) {
				t.Errorf("%s %s is the Russian text: %q", lang, key, words)
			}
		}
	}
}

// English texts hold no Russian: names of buttons are those of the English page. What a document or a label of
// the state has in Cyrillic stays as it is printed there.
func TestEnglishHoldsNoRussian(t *testing.T) {
	t.Parallel()
	for key, text := range allTexts(t)["en"] {
		for _, word := range cyrillicWord.FindAllString(wordsOf(text), -1) {
			if !slices.Contains(cyrillicInEnglish, word) {
				t.Errorf("en %s: %q in %q", key, word, text)
			}
		}
	}
}

// Tatar letters in a Russian text, or Latin look-alikes inside a Cyrillic word, are typing errors that nobody sees.
func TestLettersAreOfTheLanguage(t *testing.T) {
	t.Parallel()
	texts := allTexts(t)
	for _, lang := range []string{"ru", "tt"} {
		for key, text := range texts[lang] {
			for _, word := range anyWord.FindAllString(text, -1) {
				if mixedWord.MatchString(word) && (lang != "tt" || !latinWithEnding.MatchString(word)) {
					t.Errorf("%s %s: Latin and Cyrillic letters in %q", lang, key, word)
				}
			}
		}
	}
	for key, text := range texts["ru"] {
		if word := tatarLetter.FindString(text); word != "" && key != "kit.lang.tt" && !strings.Contains(text, "Татарча") {
			t.Errorf("ru %s: %q is no Russian letter", key, word)
		}
	}
}

var (
	placeholder  = regexp.MustCompile(`\{[a-z_]+\}`)
	hasCyrillic  = regexp.MustCompile(`\p{Cyrillic}`)
	cyrillicWord = regexp.MustCompile(`\p{Cyrillic}+`)
	mixedWord    = regexp.MustCompile(`\p{Cyrillic}[a-zA-Z]|[a-zA-Z]\p{Cyrillic}`)
	anyWord      = regexp.MustCompile(`[\p{Latin}\p{Cyrillic}]+`)
	// latinWithEnding is a Latin name or abbreviation with a Tatar ending: SMSтагы, Safariның.
	latinWithEnding = regexp.MustCompile(`^[A-Z][a-zA-Z]*\p{Cyrillic}{2,}$`)
	tatarLetter     = regexp.MustCompile(`[әөүҗңһӘӨҮҖҢҺ]`)
)

func wordsOf(text string) string {
	return strings.Trim(strings.Join(strings.Fields(placeholder.ReplaceAllString(text, " ")), " "), " ,.:№")
}

// allTexts reads the catalogues as they are written: language → key → text.
func allTexts(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	names, err := fs.Glob(locale.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(locale.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		one := map[string]string{}
		if err := yaml.Unmarshal(raw, &one); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lang := strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, ".yaml")), ".")
		if out[lang] == nil {
			out[lang] = map[string]string{}
		}
		maps.Copy(out[lang], one)
	}
	return out
}

// sameInTatar are words that Tatar writes as Russian does.
var sameInTatar = []string{
	"Адрес", "Архив", "Б", "Браузер", "Ведомство", "Версия", "Гражданин", "Дата", "Документ", "Журнал", "Индекс", "ИНН", "Канал",
	"Каталог", "кБ", "Код", "Корпус", "МБ", "Машина", "Меню", "Мнемоника", "мс", "Номер", "Окно", "оператор", "Паспорт", "Портал",
	"Почта", "Проблема", "профиль", "Район", "Роль", "Сайт", "Система", "СНИЛС", "Срок", "СТС", "Текст", "Телефон", "Тема",
	"Транспорт", "Фамилия", "Файл", "ФНС", "10 минут",
}

// cyrillicInEnglish are letters of documents and number plates in examples.
var cyrillicInEnglish = []string{"А", "ВС", "УК", "ФР", "АБ"}
