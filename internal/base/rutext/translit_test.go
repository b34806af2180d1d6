package rutext_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/base/rutext"
)

func TestFromTranslit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "zapis k vrachu": "запис к врачу", "Detskiy sad": "детский сад", "spravka o nesudimosti": "справка о несудимости",
		"pomoshch": "помощ", "zhenit'sya": "жениться", "Tobolsk": "тоболск", "registraciya": "регистрация", "registratsiya": "регистрация",
		"уже по-русски": "уже по-русски", "kh": "х", "новый paspart": "новый паспарт",
	} {
		if got := rutext.FromTranslit(in); got != want {
			t.Errorf("FromTranslit(%q) = %q, want %q", in, got, want)
		}
	}
}
