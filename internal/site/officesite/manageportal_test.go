package officesite_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/form"
)

// An administrator looks at the new data of the portal before they are published;
// they rule at once, the journal says who changed what from what to what, and the
// file of the configuration can rule again.
//
// BO-29
func TestPortalOfTheRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	b := w.clerk(admin)
	begin := b.Get("/manage/staff").Click("a[href='/manage/portal']").Want("main", "действует файл настроек").Want("main", "ничего не публиковали").Lacks("main", "Вернуть как в файле")
	preview := begin.Submit("#portal ~ form", "sub", "Услуги Пермского края", "sub_en", "Services of Perm Krai", "region", "Пермский край", "place", "Пермь",
		"phone", "8 (342) 211-70-10", "phone_short", "115", "phone_note", "Бесплатно", "appeal_url", "https://permkrai.ru/appeals", "social", "ВКонтакте https://vk.com/perm\n\nОдноклассники https://ok.ru/perm",
		"base_colour", "#0B5C68", "reason", "Открытие портала").WantStatus(200)
	preview.Want("h1", "Так будет выглядеть портал").Want("header", "Услуги Пермского края").Want("header", "8 (342) 211-70-10").Want("footer", "Бесплатно").Want("footer a[href='https://vk.com/perm']", "ВКонтакте").
		Want("table", "Услуги Тюменской области")
	if css := b.Get(preview.Attr("link[href^='/manage/portal/preview.css']", "href")); css.Status != 200 || !strings.Contains(css.Body, "--okno-blue-700:#0b5c68;") {
		t.Errorf("the sheet of the preview: %s %s", css, css.Body)
	}
	if c := w.site.Brands.Now(t.Context()); c.Version != 0 || c.Sub.RU != "Услуги Тюменской области" {
		t.Errorf("a look published %+v", c)
	}
	preview.Submit("button[value='edit']").Want("h1", "Портал региона").Want("#social", "https://ok.ru/perm")
	done := preview.Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal").Want(".govuk-notification-banner", "Опубликовано")
	done.Want(".okno-timeline", "Верина Вера Олеговна: Открытие портала").Want(".okno-timeline", "Телефон: было «8 800 100-70-10», стало «8 (342) 211-70-10»").Want(".okno-timeline", "Подпись, на английском: было «—»")
	if c := w.site.Brands.Now(t.Context()); c.Version != 1 || c.Title("en") != "Services of Perm Krai" || c.Title("tt") != "Услуги Пермского края" || len(c.Social) != 2 || len(c.Colours) != 12 {
		t.Errorf("published %+v", c)
	}
	// The office itself has the new colours, and its journal names the deed.
	sheet := done.Attr("link[href^='/assets/brand.']", "href")
	if css := b.Get(sheet); css.Status != 200 || !strings.Contains(css.Body, "#0b5c68") {
		t.Errorf("the sheet %s: %s", sheet, css)
	}
	b.Get("/manage/journal").Want("table", "Изменены данные портала").Want("table", "Открытие портала")

	// What derives from the main colour is not shown as set by itself.
	if main, exact := done.Attr("#base_colour", "value"), done.Attr("[name='colours.deep']", "value"); main != "#0b5c68" || exact != "" {
		t.Errorf("the form shows %q and %q", main, exact)
	}
	done.Submit("#portal ~ form", "reason", "Без перемен").Submit("form[action='/manage/portal/publish']").WantStatus(409).Want(".govuk-error-summary", "ничего не изменили")

	// Back to the file: with a reason.
	done.Submit("form[action='/manage/portal/return']").WantStatus(422).Want("#return-reason-error", "причину")
	back := done.Submit("form[action='/manage/portal/return']", "reason", "Ошибка в названии").WantPath("/manage/portal").Want("main", "действует файл настроек").Want(".okno-timeline", "Возвращено как в файле")
	back.Lacks("main", "Вернуть как в файле настроек Портал")
	if c := w.site.Brands.Now(t.Context()); c.Version != 2 || c.Published || c.Phone != "8 800 100-70-10" || c.Colours != nil {
		t.Errorf("returned to %+v", c)
	}
	if back.Has("link[href^='/assets/brand.']") {
		t.Error("the colours stayed")
	}
}

// What would break the portal is refused with words, and what was typed stays.
func TestPortalRefusesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	b := w.clerk(admin)
	form := b.Get("/manage/portal")
	long := strings.Repeat("я", 10_000)
	for _, c := range []struct{ field, value, at, words string }{
		{"name", "", "name", "Введите название портала"},
		{"sub", " ", "sub", "Введите подпись"},
		{"name", long, "name", "Сократите до 40 знаков"},
		{"sub_tt", long, "sub_tt", "Сократите до 80 знаков"},
		{"phone_note_en", long, "phone_note_en", "Сократите до 120 знаков"},
		{"phone", "позвоните нам", "phone", "с кодом города"},
		{"phone", "tel:+7 342 211-70-10", "phone", "с кодом города"},
		{"phone_short", "1", "phone_short", "от 3 до 6 цифр"},
		{"appeal_url", "javascript:alert(1)", "appeal_url", "Введите адрес целиком"},
		{"appeal_url", "//evil.example.org", "appeal_url", "Введите адрес целиком"},
		{"appeal_url", "https://user:secret@example.org", "appeal_url", "Введите адрес целиком"},
		{"social", "ВКонтакте javascript:alert(1)", "social", "ВКонтакте javascript:alert(1)"},
		{"social", "https://vk.com/perm", "social", "название и адрес"},
		{"social", strings.Repeat("а https://vk.com/perm\n", 11), "social", "не больше 10"},
		{"base_colour", "#9dbfe8", "base_colour", "контраст"},
		{"base_colour", "зелёный", "base_colour", "решёткой и шестью"},
		{"base_colour", "#000;}*{", "base_colour", "решёткой и шестью"},
		{"colours.deep", "#9dbfe8", "colours\\.deep", "контраст"},
		{"colours.blue-50", "url(x)", "colours\\.blue-50", "решёткой и шестью"},
		{"reason", "", "reason", "причину"},
	} {
		args := []string{"reason", "Проверка", c.field, c.value}
		p := form.Submit("#portal ~ form", args...).WantStatus(422).Want("#"+c.at+"-error", c.words)
		if !p.Has(".govuk-error-summary a[href='#" + strings.ReplaceAll(c.at, `\`, "") + "']") {
			t.Errorf("%s: the summary does not lead to the field", c.field)
		}
	}
	// Past the preview the same holds.
	fields := url.Values{
		"version": {"0"}, "reason": {"x"}, "name": {"Окно"}, "sub": {"Услуги"}, "region": {"Край"}, "appeal_url": {"javascript:alert(1)"},
	}
	b.Post("/manage/portal/publish", fields).WantStatus(422)
	fields.Set("appeal_url", "")
	fields.Set("version", "one")
	b.Post("/manage/portal/publish", fields).WantStatus(422)
	for _, q := range []string{"", "?blue-700=%23000%7D", "?blue-700=%239dbfe8", "?evil=%23000000"} {
		b.Get("/manage/portal/preview.css" + q).WantStatus(404)
	}
	if c := w.site.Brands.Now(t.Context()); c.Version != 0 {
		t.Errorf("something was published: %+v", c)
	}

	// Markup is text, everywhere.
	p := form.Submit("#portal ~ form", "name", "<script>alert(1)</script>", "sub", "<b>Услуги</b> & Ко", "reason", "Проверка").WantStatus(200).Want("header", "<b>Услуги</b> & Ко")
	p = p.Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal").Want(".okno-timeline", "<script>alert(1)</script>")
	if strings.Contains(p.Body, "<script>alert") {
		t.Error("markup came through")
	}
}

// The data of the whole portal are changed by its administrators alone, and never
// by two of them over each other.
func TestPortalIsForAdministrators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	w.appoint()
	for _, subject := range []string{lilia, vera, editor, ownEditor, nobody} {
		other := w.clerk(subject)
		other.Get("/manage/portal").WantStatus(403)
		other.Get("/manage/portal/preview.css?blue-700=%23134896").WantStatus(403)
		for _, path := range []string{"/manage/portal", "/manage/portal/publish", "/manage/portal/return"} {
			other.Post(path, url.Values{"version": {"0"}, "reason": {"x"}, "name": {"Мой портал"}, "sub": {"Мой"}, "region": {"Мой"}}).WantStatus(403)
		}
	}
	if c := w.site.Brands.Now(t.Context()); c.Version != 0 {
		t.Errorf("published by strangers: %+v", c)
	}
	w.clerk(ownEditor).Get("/manage/catalogue").Lacks("nav", "Портал региона")

	b := w.clerk(admin)
	one, two := b.Get("/manage/portal"), b.Get("/manage/portal")
	one.Submit("#portal ~ form", "phone", "8 800 100-70-11", "reason", "Новый номер").Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal")
	late := two.Submit("#portal ~ form", "phone", "8 800 100-70-12", "reason", "Другой номер").Submit("form[action='/manage/portal/publish']")
	late.WantStatus(409).Want(".govuk-error-summary", "другой администратор").Want(".okno-timeline", "8 800 100-70-11")
	if v := late.Attr("#phone", "value"); v != "8 800 100-70-12" {
		t.Errorf("what was typed is %q", v)
	}
	b.Post("/manage/portal/return", url.Values{"version": {"0"}, "reason": {"Назад"}}).WantStatus(409)
	if c := w.site.Brands.Now(t.Context()); c.Phone != "8 800 100-70-11" {
		t.Errorf("in force is %q", c.Phone)
	}
	// Having seen it, he may publish his own.
	late.Submit("#portal ~ form").Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal")
	if c := w.site.Brands.Now(t.Context()); c.Phone != "8 800 100-70-12" || c.Version != 2 {
		t.Errorf("in force is %q, version %d", c.Phone, c.Version)
	}
}

// Colours of a file that sets each by itself are shown so, and one press derives
// them anew.
func TestPortalDerivesColours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire()
	w.site.Brands.Configured = brand.Brand{
		Name: form.Text{RU: "Окно"}, Sub: form.Text{RU: "Услуги"}, Region: form.Text{RU: "Край"}, Colours: map[string]string{"deep": "#06343b", "blue-700": "#0b5c68"},
	}
	b := w.clerk(admin)
	p := b.Get("/manage/portal")
	if v := p.Attr("[name='colours.deep']", "value"); v != "#06343b" || p.Attr("#base_colour", "value") != "" {
		t.Errorf("the form shows %q", v)
	}
	p = p.Submit("button[value='palette']", "base_colour", "#7a1f5c").WantStatus(200)
	if v := p.Attr("[name='colours.deep']", "value"); v != "" || p.Attr("#base_colour", "value") != "#7a1f5c" {
		t.Errorf("derived, the form shows %q", v)
	}
	p.Submit("#portal ~ form", "reason", "Бордовый").WantStatus(200).Want("h1", "Так будет").Submit("form[action='/manage/portal/publish']").WantPath("/manage/portal")
	if c := w.site.Brands.Now(t.Context()); len(c.Colours) != 12 || c.Colours["blue-700"] != "#7a1f5c" {
		t.Errorf("colours %v", c.Colours)
	}
}
