package browser

import (
	"testing"
)

// The pages of the portal's administrators: each is judged in both widths, and used
// once by hand (BO-11, BO-13, BO-23, BO-29).
func TestAdministration(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	p := staff(t, w, b, "Павлова", "office")
	look := func(name, path string, words ...string) {
		p.Go(w.URL("office", path))
		p.See(words...)
		p.Judge(name)
	}
	look("manage-staff", "/manage/staff", "Сотрудники", "Рассматривает заявления")
	p.Press("Пригласить сотрудника")
	p.Press("Создать ссылку")
	p.See("Введите фамилию", "Введите имя")
	p.Judge("manage-invite-errors")
	p.Fill("surname", "Новикова")
	p.Fill("name", "Мария")
	p.Pick("agency", "edu")
	p.Press("Создать ссылку")
	p.See("Приглашение готово", "/join/")
	p.Judge("manage-invited")
	p.Go(w.URL("office", "/manage/staff"))
	p.See("Новикова Мария")
	p.Go(w.URL("office", Eval[string](p, `document.querySelector("td a").getAttribute("href")`)))
	p.See("Место и роли")
	p.Judge("manage-member")
	look("manage-agencies", "/manage/directory/agency", "Ведомства")
	look("manage-agency", "/manage/directory/agency/entries/edu", "Данные для жителей", "Места приёма")
	look("manage-office", "/manage/directory/agency/entries/edu/offices/new", "Понедельник")
	look("manage-centres", "/manage/directory/centre", "Центры обслуживания")
	p.Press("Добавить центр")
	p.Press("Опубликовать")
	p.See("Введите название", "Введите код")
	p.Judge("manage-centre-errors")
	look("manage-news", "/manage/texts/news", "Новости")
	look("manage-text", "/manage/texts/agreement/entries/user-agreement", "Обозначение редакции", "Как это увидят жители")
	look("manage-catalogue", "/manage/catalogue", "Каталог услуг")
	look("manage-service", "/manage/catalogue/services/criminal-record", "История", "Основания для отказа")
	look("manage-upload", "/manage/catalogue/upload", "Архив zip")
	p.Go(w.URL("office", "/manage/catalogue/services/kindergarten-info/edit"))
	p.Judge("manage-source")
	Eval[bool](p, `(document.querySelector("#service").value += "\nweight: 12\n", true)`)
	p.Press("Проверить и сравнить")
	p.Judge("manage-report-or-comparison")
	const card = "/manage/catalogue/services/criminal-record"
	look("manage-card", card+"/card", "Слова для поиска", "Документ: СНИЛС", "Добавить место")
	p.Fill("term_days", "скоро")
	p.Press("Проверить и сравнить")
	p.See("Введите число дней")
	p.Judge("manage-card-errors")
	// Somebody else was quicker: what was typed stays, what he changed is shown.
	p.Go(w.URL("office", card+"/card"))
	p.Fill("title", "Справка, которую изменили вторым")
	Eval[bool](p, `fetch("`+card+`").then(r => r.text()).then(html => {
		const f = new DOMParser().parseFromString(html, "text/html").querySelector("form[action$='/weight']");
		const values = {version: f.querySelector("[name=version]").value, weight: "321", reason: "спрос"};
		return fetch(f.getAttribute("action"), {method: "POST", body: new URLSearchParams(values)});
	}).then(r => r.ok)`)
	p.Press("Проверить и сравнить")
	p.See("Пока вы писали, услугу изменили", "321")
	p.Judge("manage-card-conflict")
	p.Press("Проверить и сравнить")
	p.See("Справка, которую изменили вторым", "Сравнение с каталогом")
	p.Judge("manage-card-comparison")
	look("manage-searches", "/manage/catalogue/searches", "Что ищут и не находят")
	look("manage-hide", "/manage/directory/agency/entries/mvd", "Заявления без ответа", "Черновики жителей")
	look("manage-journal", "/manage/journal", "Приглашён сотрудник")
}
