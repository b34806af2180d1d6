package officesite_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// CAT-13: of two editors of one service the later one is told, sees what the other
// changed and what his own text would change, and loses nothing that he typed.
func TestTwoEditorsOfAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	first, second := w.clerk(editor), w.clerk(ownEditor)
	const at = "/manage/catalogue/services/criminal-record"
	was, err := w.site.Services.Edited(t.Context(), "criminal-record")
	must(t, err)
	source, err := was.Source()
	must(t, err)
	text := string(source["service.yaml"])
	late := second.Get(at + "/edit")
	first.Get(at+"/edit").Submit("#source ~ form", "service", strings.Replace(text, "ru: "+was.Short.RU, "ru: Чужое описание.", 1)).
		WantStatus(200).Submit("form[action$='/publish']", "reason", "приказ").WantPath("/manage/catalogue")

	mine := strings.Replace(text, "ru: "+was.Title.RU, "ru: Моё название", 1)
	told := late.Submit("#source ~ form", "service", mine).WantStatus(409).Want(".govuk-error-summary", "услугу изменили").Want("#meanwhile ~ p", "Редькин Пётр Ильич").
		Want("#meanwhile ~ *", "Чужое описание").Want("#meanwhile ~ *", "Моё название").Want("#service", "Моё название").Lacks("#service", "Чужое описание")
	// A mistake in between forgets nothing; then he puts the other's words in and publishes.
	told = told.Submit("#source ~ form", "service", strings.Replace(mine, "min_level: confirmed", "min_level: king", 1)).WantStatus(422).Want("#service", "Моё название")
	cmp := told.Submit("#source ~ form", "service", strings.Replace(mine, "ru: "+was.Short.RU, "ru: Чужое описание.", 1)).WantStatus(200).
		Want("table", "Моё название").Lacks("table", "Чужое описание")
	cmp.Submit("form[action$='/publish']", "reason", "приказ").WantPath("/manage/catalogue")
	sv, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)
	if sv.Title.RU != "Моё название" || sv.Short.RU != "Чужое описание." {
		t.Errorf("published %q, %q", sv.Title.RU, sv.Short.RU)
	}
	first.Post(at+"/edit", url.Values{"_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}, "service": {text}}).WantStatus(422)

	// A change after the check is told beside the comparison.
	cmp = first.Get(at+"/edit").Submit("#source ~ form", "service", strings.Replace(mine, "ru: Моё название", "ru: Третье название", 1)).WantStatus(200).Lacks("main", "отменит и чужие")
	w.clock.Advance(time.Minute)
	second.Get(at).Submit("form[action$='/weight']", "weight", "44", "reason", "спрос").WantStatus(200)
	first.Get(cmp.URL.Path).Want("main", "отменит и чужие").Want("table", "44")

	// Two days of withdrawal: the second editor sees the first one's day.
	slow := second.Get(at)
	first.Get(at).Submit("form[action$='/withdraw']", "day", "30.11.2026", "why", "реформа").WantStatus(200).Want("#history + *", "последний день приёма — 30 ноября 2026")
	slow.Submit("form[action$='/withdraw']", "day", "25.11.2026", "why", "ошибка").WantStatus(409).Want(".okno-pagehead", "30 ноября 2026")
	first.Get(at).Submit("form[action$='/keep']", "why", "отменили").Want("#history + *", "Снятие отменено")
}

// BO-30: an editor sees by which words people look for services in vain, and nobody's name.
func TestSearchesInVain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	for range 2 {
		for _, visitor := range []string{"a", "b", "c"} {
			w.site.Misses.Note("рыболовный билет", visitor)
			w.site.Misses.Note("Тестова Анна Викторовна", visitor)
		}
		w.site.Misses.Note("редкое слово", "a")
		must(t, w.site.Misses.Write(t.Context()))
		w.clock.Advance(24 * time.Hour)
	}
	w.clerk(editor).Get("/manage/catalogue").Click("a[href$='/searches']").Want("table", "рыболовный билет").Want("table", "25 ноября 2026").Lacks("main", "Анна").Lacks("main", "редкое").Want("main", "Ещё 2 поиска")
}
