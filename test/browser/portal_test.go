package browser

import "testing"

// The region's own data: what is wrong is said at the field, the portal is looked at
// before it is published, and then a citizen sees it (BO-29).
func TestPortalOfTheRegion(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	p := staff(t, w, b, "Павлова", "office")
	p.Go(w.URL("office", "/manage/portal"))
	p.See("Портал региона", "действует файл настроек")
	p.Judge("manage-portal")
	p.Fill("base_colour", "#9dbfe8")
	p.Fill("phone", "позвоните")
	p.Press("Посмотреть и опубликовать")
	p.See("контраст", "с кодом города", "причину")
	p.Judge("manage-portal-errors")
	p.Fill("base_colour", "#7a1f5c")
	p.Fill("phone", "8 800 100-70-11")
	p.Fill("reason", "Новый номер")
	p.Press("Посмотреть и опубликовать")
	p.See("Так будет выглядеть портал", "8 800 100-70-11")
	if got := Eval[string](p, `getComputedStyle(document.querySelector(".okno-main .govuk-button, main .govuk-button")).backgroundColor`); got != "rgb(122, 31, 92)" {
		t.Errorf("the button of the preview is %s", got)
	}
	p.Judge("manage-portal-preview")
	p.Press("Опубликовать")
	p.See("Опубликовано", "Павлова", "Новый номер")
	p.Judge("manage-portal-published")

	c := b.Person(t, "житель")
	c.Go(w.URL("uslugi", "/"))
	c.See("8 800 100-70-11")
	if got := Eval[string](c, `getComputedStyle(document.documentElement).getPropertyValue("--okno-blue-700").trim()`); got != "#7a1f5c" {
		t.Errorf("a citizen's page has the colour %s", got)
	}
	c.Judge("region-of-its-own-colours")
}
