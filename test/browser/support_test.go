package browser

import (
	"regexp"
	"testing"
)

// TestSupport walks from a question and an error report to the answers, as a
// citizen, somebody without an account and an officer of the support take it.
func TestSupport(t *testing.T) {
	w := StartWorld(t)
	b := Start(t)
	anna, who := b.Person(t, "anna"), w.Account("Соколова")

	stranger := b.Person(t, "stranger")
	number := reportError(t, w, stranger)
	askSupport(t, w, anna, who)

	p := staff(t, w, b, "Павлова", "office")
	p.See("Поддержка", "Не могу найти, где записаться", "Кнопка не нажимается")
	p.Judge("support-board")
	answerTicket(p, "Не могу найти, где записаться", "Откройте карточку услуги и нажмите «Получить услугу».")
	p.Go(w.URL("office", "/support?q="+number))
	answerTicket(p, "Кнопка не нажимается", "Исправили, обновите страницу.")
	w.Await("stranger@example.com", `(Исправили, обновите страницу)`)
	desk(t, w, p)

	// HLP-08: the answer is in the feed, and leads to the ticket.
	w.Await(who.Email, `(lk/support/)`)
	anna.Go(w.URL("uslugi", "/lk/notifications?category=support"))
	anna.See("Поддержка ответила вам")
	anna.Judge("feed-support")
	anna.Press("Поддержка ответила вам")
	anna.See("Есть ответ", "нажмите «Получить услугу»")
	anna.Judge("ticket-answered")
	anna.Fill("text", "Спасибо, а если карточки нет?")
	anna.Press("Отправить")
	anna.See("В работе", "а если карточки нет")
	anna.Press("Вопрос решен")
	anna.See("Обращение закрыто")
	anna.Judge("ticket-closed")

	// HLP-07: what is not answered in a day stands out.
	stranger.Go(w.URL("uslugi", "/report"))
	stranger.Fill("text", "Другая ошибка")
	stranger.Press("Отправить")
	w.Advance("26h")
	late := staff(t, w, b, "Павлова", "office")
	late.Go(w.URL("office", "/support?show=late"))
	late.See("Просрочено на 2 часа", "Другая ошибка")
	late.Judge("support-late")
}

// ERR-01, ERR-02: from the bottom of a page to the number, without an account.
func reportError(t *testing.T, w *World, p *Person) string {
	t.Helper()
	for _, page := range []string{w.URL("esia", "/login"), w.URL("uslugi", "/services")} {
		p.Go(page)
		p.Press("Сообщить об ошибке")
		p.See("Что уйдет вместе с сообщением")
	}
	p.See("/services")
	p.Judge("report")
	p.Press("Отправить")
	p.See("Опишите, что случилось")
	p.Judge("report-errors")
	p.Fill("text", "Кнопка не нажимается")
	p.Fill("email", "stranger@example.com")
	p.Press("Отправить")
	p.See("Обращение отправлено")
	p.Judge("report-sent")
	return regexp.MustCompile(`\d{4}-\d{4}`).FindString(p.Text())
}

// HLP-05, HLP-06, HLP-10
func askSupport(t *testing.T, w *World, p *Person, who Account) {
	t.Helper()
	p.Go(w.URL("uslugi", "/support"))
	p.Judge("support-anonymous")
	p.Go(w.URL("uslugi", "/lk/"))
	signIn(p, who.Phone, who.Password)
	p.Press("Предоставить")
	p.Tick("agree")
	p.Press("Продолжить")
	p.Go(w.URL("uslugi", "/lk/support"))
	p.See("Вы еще не писали в поддержку")
	p.Judge("tickets-none")
	p.Press("Написать в поддержку")
	p.See("Соколова Анна Викторовна", who.Email)
	p.Press("Отправить")
	p.See("Выберите тему обращения")
	p.Judge("support-errors")
	p.Pick("topic", "in_person")
	p.Pick("kind", "question")
	p.Fill("text", "Не могу найти, где записаться на личный приём.")
	p.Judge("support-form")
	p.Press("Отправить")
	p.See("Обращение отправлено", "Ответим не позже")
	p.Judge("ticket")
	p.Go(w.URL("uslugi", "/lk/support"))
	p.See("при личном визите", "Отправлено")
	p.Judge("tickets")
}

func answerTicket(p *Person, words, answer string) {
	p.t.Helper()
	p.Press(words)
	p.See("Обращение еще никто не взял")
	p.Press("Взять в работу")
	p.See("Обращение ваше")
	p.Judge("support-ticket")
	p.Fill("text", answer)
	p.Press("Ответить")
	p.See("Есть ответ", answer)
}

// BO-21, HLP-09: templates and calls, and what citizens think.
func desk(t *testing.T, w *World, p *Person) {
	t.Helper()
	p.Go(w.URL("office", "/support/templates"))
	p.Judge("support-templates-none")
	p.Press("Новый шаблон")
	p.Fill("title", "Пароль")
	p.Fill("text", "Нажмите «Я не знаю пароль».\n\nПридёт код.")
	p.Judge("support-template")
	p.Press("Сохранить")
	p.See("Пароль")
	p.Judge("support-templates")
	p.Go(w.URL("office", "/support/new"))
	p.Press("Записать")
	p.See("Выберите тему")
	p.Judge("support-call")
	p.Pick("channel", "social")
	p.Pick("topic", "sign_in")
	p.Pick("kind", "question")
	p.Fill("text", "Забыла пароль")
	p.Press("Записать")
	p.See("Социальная сеть", "Забыла пароль", "Учетная запись")
	p.Press("Вставить шаблон")
	p.See("Забыла пароль")
	if got := Eval[string](p, `document.getElementById("text").value`); got != "Нажмите «Я не знаю пароль».\n\nПридёт код." {
		t.Errorf("the template fills in %q", got)
	}
	p.Judge("support-ticket-call")
	p.Press("Вернуть в очередь")
	p.See("Поддержка")
	p.Go(w.URL("office", "/ratings"))
	p.Judge("ratings")
	p.Press("Настройки")
	p.Judge("settings-office")
	p.Press("Срок ответа: очередь учетной записи")
	p.Fill("value", "500")
	p.Press("Сохранить")
	p.See("от 1 до 240", "причину")
	p.Judge("setting-office-errors")
	p.Fill("value", "48")
	p.Fill("reason", "Праздники")
	p.Press("Сохранить")
	p.See("Настройка изменена", "48 часов")
	p.Press("Срок ответа: очередь учетной записи")
	p.See("Павлова Елена Юрьевна: Праздники")
	p.Judge("setting-office")
}
