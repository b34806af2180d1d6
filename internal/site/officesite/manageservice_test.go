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

// BO-11, BO-12: texts, term, fee, documents and addresses are edited in a form that goes
// the way of the files: check, comparison, publishing, and two editors see each other.
func TestCardForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(ownEditor)
	const at = "/manage/catalogue/services/criminal-record"
	was, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)

	// Untouched it is the same service.
	form := b.Get(at).Click("a[href$='/card']").Want("#title", "").Want("#keywords", was.Keywords[0])
	form.Submit("#card ~ form").WantStatus(200).Want("main", "публиковать нечего")

	bad := form.Submit("#card ~ form", "title", "", "term_days", "скоро", "fee", "дорого").WantStatus(422).Want("#title-error", "Заполните").Want("#term_days-error", "3660").Want("#fee-error", "350,50")
	bad.Submit("#card ~ form", "title", "Справка", "term_days", "5", "fee", "100", "price0", "Срочно", "price0_amount", "200").WantStatus(422).Want("#fee-error", "вместе")
	bad.Submit("#card ~ form", "title", "Справка", "term_days", "5", "fee", "", "keywords", "").WantStatus(422).Want("[data-report]", "keywords: нужны слова, по которым услугу ищут").Want("#title-error, #title", "")

	slow := b.Get(at + "/card")
	n := len(was.Documents)
	cmp := form.Submit("#card ~ form", "title", "Справка о судимости", "term_days", "5", "term_unit", "working", "fee", "350,50", "doc0", "", "doc0_tt", "", "doc0_en", "",
		"place0", "Управление", "place0_address", "ул. Водопроводная, 38", "place0_phones", "102\n+7 3452 50-00-00").
		WantStatus(200).Want("table", "Справка о судимости").Want("table", "35050").Want("table", "Водопроводная")
	cmp.Submit("form[action$='/publish']", "reason", "приказ").WantPath("/manage/catalogue")
	sv, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)
	if sv.Title.RU != "Справка о судимости" || sv.Title.TT != was.Title.TT || sv.Term.Days != 5 || sv.Fee.Amount != 35050 || len(sv.Documents) != n-1 ||
		sv.Documents[0] != was.Documents[1] || len(sv.Places) != 1 || len(sv.Places[0].Phones) != 2 || sv.Form == nil || sv.MinLevel != was.MinLevel {
		t.Errorf("published %+v", sv.Card)
	}

	// The slower editor is told, and what he typed lies on top of the other's change.
	told := slow.Submit("#card ~ form", "short", "Медленное описание").WantStatus(409).Want("#meanwhile ~ *", "Справка о судимости").Want("#short", "Медленное описание")
	told.Submit("#card ~ form", "title", "Справка о судимости").WantStatus(200).Want("table", "Медленное описание")

	b.Get("/manage/catalogue/services/kindergarten-enrolment/card").WantStatus(403)
	b.Post(at+"/card", url.Values{"_key": {"01a203e7-610b-7da2-8610-20d57729d9a4"}, "version": {"900"}}).WantStatus(404)
}
