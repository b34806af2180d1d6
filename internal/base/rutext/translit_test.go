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

func TestRomanize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "Тюмень": "Tyumen", "Йошкар-Ола": "Yoshkar-Ola", "Нижний Новгород": "Nizhny Novgorod", "Орёл": "Oryol", "Ейск": "Yeysk",
		"Грозный": "Grozny", "Щёкино": "Shchyokino", "Комсомольск-на-Амуре": "Komsomolsk-na-Amure", "Петровск-Забайкальский": "Petrovsk-Zabaykalsky",
		"Заречье": "Zarechye", "Tver 5": "Tver 5",
	} {
		if got := rutext.Romanize(in); got != want {
			t.Errorf("Romanize(%q) = %q, want %q", in, got, want)
		}
	}
}
