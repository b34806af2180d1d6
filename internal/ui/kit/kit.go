// Package kit is the gallery of the interface: every component by name, and whole
// pages as they are put together. Its texts are samples, not the product's: they
// stay in Russian. Tests render all of it; the demo shows it to those who build pages.
package kit

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Example is a component in one use.
type Example struct {
	Name string // anchor, and name in tests
	Note string // when to use it
	Body templ.Component
}

// Sample is a whole page.
type Sample struct {
	Name string
	Page layout.Page
	Body templ.Component
}

// Handler serves the gallery at the root of prefix and each sample page under
// prefix + its name. The localizer comes from the context of the request.
func Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	pages := map[string]templ.Component{"": Gallery(prefix)}
	for _, s := range Samples() {
		pages[s.Name] = layout.Render(s.Page, s.Body)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[strings.TrimPrefix(r.URL.Path, prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		templ.Handler(page).ServeHTTP(w, r)
	})
}

// Gallery is the page with every component and links to the sample pages.
func Gallery(prefix string) templ.Component {
	return layout.Render(layout.Page{Title: "Компоненты", Kind: layout.Demo, NoIndex: true}, gallery(prefix, Examples(), Samples()))
}

func portalPage(title string) layout.Page {
	return layout.Page{
		Title: title,
		Brand: layout.Brand{Sub: "Услуги Тюменской области", Phone: "8 800 100-70-10", PhoneShort: "115", PhoneNote: "Бесплатно и круглосуточно."},
		Place: layout.Place{Short: "Тюмень", Long: ", Тюменская область", URL: "#region"},
		Nav: []ui.Link{
			{Text: "Каталог услуг", Href: "#catalogue"},
			{Text: "Жизненные ситуации", Href: "#situations"},
			{Text: "Платежи", Href: "#pay"},
			{Text: "Помощь", Href: "#help"},
		},
		SignIn: ui.Link{Text: "Войти", Href: "#login"}, Register: ui.Link{Text: "Зарегистрироваться", Href: "#register"},
		VI:        layout.VI{URL: "#vi"},
		Langs:     languages(),
		ReportURL: "#report",
		Footer: layout.Footer{
			Columns: []layout.Column{
				{Title: "Портал", Links: links("Реестр услуг", "Органы власти", "Центры обслуживания на карте", "Новости портала")},
				{Title: "Помощь", Links: links("Популярные вопросы", "Направить обращение", "Уровни учётной записи", "Правовые акты")},
				{Title: "Партнёрам", Links: links("Ведомствам", "Разработчикам", "Платёжным агентам", "Доступность портала")},
			},
			Legal: links("Пользовательское соглашение", "Обработка персональных данных"),
			Note:  "Окно, открытый портал услуг",
		},
	}
}

func languages() []layout.Language {
	return []layout.Language{
		{Code: "ru", Short: "Рус", Rest: "ский", URL: "#ru"},
		{Code: "tt", Short: "Тат", Rest: "арча", URL: "#tt"},
		{Code: "en", Short: "Eng", Rest: "lish", URL: "#en"},
	}
}

func signedIn(title string) layout.Page {
	p := portalPage(title)
	p.User = user("Соколова", "А.")
	return p
}

func user(name, initials string) *layout.User {
	return &layout.User{
		Name: name, Initials: initials, Unread: 3, FeedURL: "#feed",
		Menu: []ui.Link{
			{Text: "Уведомления", Href: "#feed", Icon: "bell", Count: 3},
			{Text: "Документы", Href: "#documents", Icon: "folder"},
			{Text: "Личный кабинет", Href: "#lk", Icon: "user"},
			{Text: "Настройки учётной записи", Href: "#settings", Icon: "gear"},
		},
		SignOut: &layout.SignOut{URL: "#logout", Hidden: []ui.Hidden{{Name: "key", Value: "k1"}}},
	}
}

func authPage(title string) layout.Page {
	p := portalPage(title)
	p.Kind = layout.Auth
	p.Brand.Sub = "Единая учётная запись"
	p.HelpLink = ui.Link{Text: "Помощь", Href: "#help"}
	return p
}

func officePage(title string) layout.Page {
	p := portalPage(title)
	p.Kind = layout.Office
	p.Brand.Sub = "Рабочее место"
	p.User = user("Гареева", "")
	p.User.Unread = 2
	p.Nav = []ui.Link{
		{Text: "Очередь", Href: "#queue", Current: true},
		{Text: "Обращения", Href: "#appeals"},
		{Text: "Запись", Href: "#slots"},
		{Text: "Услуги", Href: "#services"},
		{Text: "Люди", Href: "#people"},
		{Text: "Отчёты", Href: "#reports"},
	}
	return p
}

func links(texts ...string) []ui.Link {
	out := make([]ui.Link, 0, len(texts))
	for _, t := range texts {
		out = append(out, ui.Link{Text: t, Href: "#"})
	}
	return out
}

// all joins components, for slots of the samples.
func all(parts ...templ.Component) templ.Component { return templ.Join(parts...) }
