package kit

import (
	"time"

	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Samples are whole pages, after the prototype of the interface.
func Samples() []Sample {
	main := signedIn("Главная")
	main.Bare = true
	form := signedIn("Прежние фамилии — справка о судимости")
	form.Back = &ui.Link{Href: "#back"}
	form.Session = &layout.Session{Left: 20 * time.Minute, ExtendURL: "#extend", SignInURL: "#login"}
	bad := form
	bad.Errors = formErrors()
	check := signedIn("Проверьте заявление")
	check.Back = &ui.Link{Href: "#back"}
	application := signedIn("Нужен новый скан — заявление 72-2026-0048213")
	application.Breadcrumbs = []ui.Link{{Text: "Личный кабинет", Href: "#"}, {Text: "Мои заявления", Href: "#"}, {Text: "72-2026-0048213"}}
	profile := signedIn("Мои документы")
	profile.User = user("Соколов", "Д.")
	doctor := signedIn("Запись на приём к врачу")
	doctor.Back = &ui.Link{Href: "#back"}
	caseP := officePage("Соколова А. В., 72-2026-0048213")
	caseP.Breadcrumbs = []ui.Link{{Text: "Очередь", Href: "#"}, {Text: "72-2026-0048213"}}
	vi := signedIn("Лента уведомлений")
	vi.VI = layout.VI{On: true, Size: 150, Spacing: true, Scheme: "dark", NoImages: true, URL: "#vi"}
	viForm := portalPage("Версия для слабовидящих")
	// Tatar labels are longer than Russian ones: the frame has to bear them.
	tatar := portalPage("Кайсы хезмәт кирәк?")
	tatar.Lang = "tt"
	tatar.Brand.Sub = "Төмән өлкәсе хезмәтләре"
	tatar.Nav = []ui.Link{
		{Text: "Хезмәтләр каталогы", Href: "#catalogue", Current: true},
		{Text: "Тормыш вазгыятьләре", Href: "#situations"},
		{Text: "Түләүләр һәм штрафлар", Href: "#pay"},
		{Text: "Ярдәм", Href: "#help"},
	}
	tatar.SignIn.Text, tatar.Register.Text = "Керү", "Теркәлү узу"
	waiting := portalPage("Очень много желающих")
	waiting.Refresh = 15
	return []Sample{
		{"main", main, mainPage()},
		{"form", form, formPage(false)},
		{"form-error", bad, formPage(true)},
		{"check", check, checkPage()},
		{"done", signedIn("Заявление отправлено"), donePage()},
		{"feed", signedIn("Лента уведомлений"), feedPage()},
		{"application", application, applicationPage()},
		{"profile", profile, profilePage()},
		{"sign-in", authPage("Вход"), signInPage()},
		{"registration", authPage("Придумайте пароль — регистрация"), registrationPage()},
		{"doctor", doctor, doctorPage()},
		{"charges", signedIn("Платежи"), chargesPage()},
		{"queue", officePage("Очередь"), queuePage()},
		{"case", caseP, casePage()},
		{"empty", signedIn("Избранное"), emptyPage()},
		{"vi", vi, feedPage()},
		{"tatar", tatar, tatarPage()},
		{"vi-settings", viForm, all(ui.H1("Версия для слабовидящих", ""), layout.VIForm(layout.VI{}, "#vi", nil))},
		{"waiting", waiting, layout.WaitingBody(layout.Waiting{
			Title: "Сейчас очень много желающих", Place: 1284,
			Text:  "Ваше место сохранено, страница обновляется сама. Впустим примерно через 4 минуты.",
			Note:  "Закрывать страницу нельзя, а пить чай можно: мы держим место, пока она открыта.",
			Again: ui.Link{Text: "Обновить", Href: "#waiting"},
		})},
		{"offline", portalPage("Нет связи"), layout.OfflineBody("8 800 100-70-10")},
	}
}
