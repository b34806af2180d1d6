package rutext

import (
	"slices"
	"testing"
)

func TestStems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Справки о несудимости":  {"справк", "несудим"},
		"ЗАПИСЬ ребёнка в садик": {"зап", "ребенк", "садик"},
		"и в на":          nil,
		"criminal record": {"criminal", "record"},
		"бала №1":         {"бал", "1"},
	} {
		if got := Stems(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
