package kit

import (
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// Examples are the components one by one; those that only live in a page are in Samples.
func Examples() []Example {
	return append(controls(), blocks()...)
}

func controls() []Example {
	yesNo := []ui.Option{{Value: "yes", Text: "Да"}, {Value: "no", Text: "Нет"}}
	return []Example{
		{"input", "Одна строка. Ширина по числу знаков; обязательное поле помечено звёздочкой.", ui.Input(ui.TextField{
			Field: ui.Field{Name: "e-snils", Label: "СНИЛС", Hint: "11 цифр, например 112-233-445 95", Required: true}, InputMode: "numeric", Width: "10",
		})},
		{"input-error", "Ошибка говорит, как её исправить; введённое остаётся.", ui.Input(ui.TextField{
			Field: ui.Field{Name: "e-snils2", Label: "СНИЛС", Value: "112-233-445 9", Error: "Введите 11 цифр, например 112-233-445 95", Required: true}, Width: "10",
		})},
		{"input-readonly", "Известное и проверенное: видно, отправляется, не правится.", ui.Input(ui.TextField{
			Field: ui.Field{Name: "e-name", Label: "Фамилия", Value: "Соколова"}, ReadOnly: true,
		})},
		{"input-affix", "Единица рядом с полем.", ui.Input(ui.TextField{
			Field: ui.Field{Name: "e-sum", Label: "Сумма"}, Width: "5", Suffix: "₽", InputMode: "decimal",
		})},
		{"textarea", "Много строк; счётчик знаков, если есть предел.", ui.Textarea(ui.TextArea{Field: ui.Field{Name: "e-text", Label: "Суть обращения"}, Limit: 4000})},
		{"password", "С кнопкой «Показать»; значение не возвращается на страницу.", ui.Password(ui.PasswordField{Field: ui.Field{Name: "e-pw", Label: "Пароль", Required: true}})},
		{"radios", "Один ответ; вложенный вопрос открывается под ним.", ui.Radios(ui.Choice{
			Field:   ui.Field{Name: "e-radio", Label: "Вы меняли фамилию?", LabelSize: "s", Required: true},
			Options: []ui.Option{{Value: "yes", Text: "Да", Reveals: ui.Input(ui.TextField{Field: ui.Field{Name: "e-old", Label: "Прежняя фамилия"}})}, {Value: "no", Text: "Нет", Hint: "Если меняли только паспорт, выберите этот ответ"}},
		})},
		{"radios-inline", "Два коротких ответа рядом.", ui.Radios(ui.Choice{Field: ui.Field{Name: "e-inline", Label: "Есть дети?", LabelSize: "s"}, Inline: true, Options: yesNo})},
		{"checkboxes", "Несколько ответов; «ничего» снимает остальные.", ui.Checkboxes(ui.Choice{
			Field:   ui.Field{Name: "e-check", Label: "Что приложить", LabelSize: "s", Error: "Выберите хотя бы один ответ"},
			Options: []ui.Option{{Value: "1", Text: "Выписку"}, {Value: "2", Text: "Справку"}, {Divider: "или"}, {Value: "0", Text: "Ничего из этого", Exclusive: true}},
		})},
		{"select", "Когда ответов много, а они коротки.", ui.Select(ui.Choice{Field: ui.Field{Name: "e-select", Label: "Ведомство"}, Options: []ui.Option{{Text: "Любое"}, {Value: "1", Text: "МВД России"}}})},
		{"date", "Дата, которую помнят: три поля.", ui.Date(ui.DateField{Field: ui.Field{Name: "e-date", Label: "Дата рождения", LabelSize: "s", Hint: "Например, 31 3 1980", Error: "Год из четырёх цифр, например 1980"}, Day: "14", Month: "5", Year: "88", BadYear: true})},
		{"file", "Файл; с полосой загрузки внутри формы с Upload.", ui.File(ui.FileField{Field: ui.Field{Name: "e-file", Label: "Скан", Hint: "PDF до 15 МБ"}, Drop: true})},
		{"button", "Глагол на кнопке; одна закрашенная на вопрос.", buttons()},
	}
}

func blocks() []Example {
	return []Example{
		{"tag", "Состояние словом; жёлтое только там, где ваш ход.", palette()},
		{"error-summary", "Всё, что исправить, со ссылками на поля.", ui.ErrorSummary([]ui.FieldError{{Field: "e-snils2", Text: "Введите 11 цифр СНИЛС"}, {Text: "Форма устарела, проверьте ответы ещё раз"}})},
		{"banner", "Не про эту страницу, но важно.", ui.Banner(ui.BannerProps{Text: "В субботу с 2:00 до 4:00 оплата не работает", TitleID: "b1"})},
		{"banner-success", "Что только что получилось.", ui.Banner(ui.BannerProps{Success: true, Text: "Телефон подтверждён", TitleID: "b2"})},
		{"details", "Термин с объяснением рядом.", detail()},
		{"inset", "Отдельно от остального текста.", inset()},
		{"table", "Числа рядом; только в рабочем месте.", ui.Table(ui.TableProps{Caption: "Поступления", Head: []ui.Cell{{Text: "Месяц"}, {Text: "Заявлений", Numeric: true}}, Rows: [][]ui.Cell{{{Text: "Октябрь"}, {Text: "3 214", Numeric: true}}}, FirstIsHeader: true})},
		{"task-list", "Части долгого дела.", ui.TaskList(ui.TaskListProps{Tasks: []ui.Task{{Title: "Кто заявитель", Href: "#", Status: "Готово"}, {Title: "Документы", Href: "#", Hint: "Понадобится скан", Tag: &ui.TagProps{Text: "Не начато", Colour: "grey"}}}})},
		{"pager", "Страницы списка.", ui.Pager(pagerOf(2, 5))},
		{"pager-block", "Части одного текста.", ui.Pager(ui.PagerProps{Label: "Части инструкции", Prev: "#", PrevLabel: "Кому положено", Next: "#", NextLabel: "Как подать"})},
		{"ticks", "Что понадобится и что уже есть.", ui.Ticks([]ui.Need{{Text: "Паспорт гражданина РФ", Note: "Есть в профиле, проверен МВД 3 сентября 2026", Done: true}, {Text: "Прежние фамилии", Note: "Спросим в заявлении"}})},
		{"level", "Уровень учётной записи.", all(ui.Level(1), ui.Level(2), ui.Level(3))},
		{"price", "Сумма; старая зачёркнута.", ui.Price("375,00 ₽", "500,00 ₽")},
		{"filters", "Фильтры и снятие фильтра.", filters()},
		{"editor", "Состав услуги и живая картинка.", editor()},
		{"suggest", "Ответ сервера строке поиска (список открыт).", suggestList()},
		{"pictures", "Знак, уровни, код.", pictures()},
		{"icons", "Значки; слово всегда рядом.", icons(icon.Names())},
	}
}
