package officesite_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// Subjects at the identity provider.
const (
	editor    = "1000000041" // of the whole portal
	ownEditor = "1000000042" // of the agency of the certificate
	stranger  = "1000000043" // has an account and no rights
)

// appoint gives the portal an administrator and two editors.
func (w *world) appoint() {
	w.t.Helper()
	w.hire()
	police, err := w.site.Services.Card(w.t.Context(), "criminal-record")
	must(w.t, err)
	for subject, o := range map[string]officer.Officer{
		editor:    {Name: "Редькин Пётр Ильич", Roles: []officer.Role{officer.RoleEditor}},
		ownEditor: {Name: "Своя Ольга Павловна", Agency: police.Agency, Roles: []officer.Role{officer.RoleEditor}},
	} {
		o.Subject = subject
		_, err := w.site.Officers.Add(w.t.Context(), o)
		must(w.t, err)
	}
}

// as is the browser of somebody with a name at the identity provider.
func (w *world) as(subject, surname, given string) *kittest.Browser {
	w.t.Helper()
	return w.at(3, subject, surname, given)
}

func (w *world) claims(level int, subject, surname, given string) map[string]any {
	return map[string]any{"sub": subject, "acr": "2fa", "okno_level": level, "family_name": surname, "given_name": given}
}

// at is [world.as] with a level of the account.
func (w *world) at(level int, subject, surname, given string) *kittest.Browser {
	w.t.Helper()
	w.idp.SignIn(w.claims(level, subject, surname, given))
	b := kittest.New(w.t, "office.test", w.http).Add("esia.test", w.idp)
	b.Get("/manage")
	return b
}

// BO-01, BO-29: staff come by a one-time link with their name, get other roles and a
// deputy, and are out at once when they leave; each deed is in the journal.
func TestStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(admin)
	b.Get("/manage").WantPath("/manage/staff").Want("table", "Гареева Лилия Маратовна").Want("table", "Лыткин")
	b.Get("/manage/staff?q=гаре").Want("table", "Гареева").Lacks("table", "Лыткин")
	b.Get("/manage/staff?role=editor").Want("table", "Редькин").Lacks("table", "Гареева")

	form := b.Get("/manage/staff").Click("a[href='/manage/staff/invite']")
	form.Submit("main form", "surname", "", "name", "Мария", "email", "почта").WantStatus(422).Want("#surname-error", "фамилию").Want("#email-error", "адрес почты").Want(".govuk-error-summary", "ведомство")
	done := form.Submit("main form", "surname", "Новикова", "name", "Мария", "email", "novikova@example.org", "agency", "edu", "post", "специалист").WantStatus(200).Want("main", "отправили")
	link, err := url.Parse(done.Text("[data-link]"))
	must(t, err)
	b.Get("/manage/staff").Want("#waiting + *", "Новикова Мария")

	// Whoever is not confirmed learns nothing of the invitation and does not use it up.
	for _, level := range []int{0, 1, 2} {
		b := w.at(level, "1000000044", "Новикова", "Мария")
		p := b.Get(link.Path).WantStatus(200).Want("h1", "Сначала подтвердите личность").Want("main", "до 27 ноября 2026").Lacks("main", "специалист")
		if p.Has("main form") || p.Attr("[data-unproven] a", "href") != "http://esia.test/profile/confirm" {
			t.Errorf("level %d: %s", level, p.Text("main"))
		}
		b.Post(link.Path, url.Values{}).WantStatus(403).Want("h1", "Сначала подтвердите личность")
		w.idp.SignIn(w.claims(3, "1000000044", "Новикова", "Мария"))
		p.Click("[data-unproven] a:nth-child(2)").WantPath(link.Path).Want("h1", "Вас пригласили").Want("main", "специалист")
	}

	// The link is of no use to anybody else.
	w.as(stranger, "Чужакова", "Мария").Get(link.Path).Lacks("main", "Новикова").Submit("main form").WantStatus(403)
	maria := w.as("1000000044", "Новикова", "Мария")
	maria.Get("/").WantStatus(403)
	maria.Get(link.Path).Submit("main form").WantPath("/").WantStatus(200)
	maria.Get(link.Path).WantStatus(404)

	member := b.Get("/manage/staff?q=новикова").Click("td a")
	path := member.URL.Path
	old := b.Get(path)
	member.Submit("#rights ~ form", "post", "главный специалист").WantPath(path).Want(".govuk-notification-banner", "Сохранено").Want(".okno-pagehead", "главный специалист")
	old.Submit("#rights ~ form", "post", "директор").WantStatus(409).Want(".govuk-error-summary", "кто-то ещё").Submit("#rights ~ form", "post", "начальник").WantPath(path)
	member = b.Get(path)
	member.Submit("#deputies ~ form", "from", "вчера", "to", "").WantStatus(422).Want("#deputy-error", "Выберите").Want("#from-error", "день")
	other := member.Attr("#deputy option:nth-child(2)", "value")
	member = member.Submit("#deputies ~ form", "deputy", other, "from", "24.11.2026", "to", "05.12.2026").WantPath(path).Want(".okno-timeline", "С 24 ноября 2026 по 5 декабря 2026")
	member.Submit("form[action$='/recall']").WantPath(path).Lacks("#deputies ~ *", "24 ноября")

	b.Get(path).Submit("form[action$='/dismiss']").WantPath("/manage/staff")
	maria.Get("/").WantStatus(403) // signed in anew by the stand, without rights
	b.Get("/manage/staff?state=left").Want("table", "Новикова")
	b.Get(path).Submit("#rights ~ form").WantPath(path)
	maria.Get("/").WantStatus(200)

	me := b.Get("/manage/staff?role=admin").Click("td a")
	me.Submit("form[action$='/dismiss']").WantStatus(409).Want(".govuk-error-summary", "последний администратор")
	b.Get("/manage/journal").Want("table", "Приглашён сотрудник").Want("table", "Сотрудник приступил").Want("table", "Доступ закрыт").Want("table", "Назначен заместитель").Lacks("table", "support.portal_hours")
	b.Get("/settings/support.portal_hours").Submit("main form", "value", "8", "reason", "Приказ").WantPath("/settings")
	b.Get("/manage/journal").Want("table", "support.portal_hours")
}

// BO-05, BO-13: an editor adds an agency and a centre with hours and a place; what is
// wrong is said at its field, and nothing typed is lost.
func TestDirectoryPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(editor)
	b.Get("/manage").WantPath("/manage/catalogue")
	form := b.Get("/manage/directory/centre").Click("a[href='/manage/directory/centre/new']")
	bad := form.Submit("main form", "code", "Центр 1", "name", "МФЦ <script>alert(1)</script>", "day1", "с утра", "lat", "север", "lon", "65").WantStatus(422)
	bad.Want("#code-error", "латинскими").Want("#day1-error", "09:00").Want("#lat-error", "57,1530")
	if bad.Has("main script") {
		t.Error("a text became a script")
	}
	ok := []string{
		"code", "mfc-north", "name", "МФЦ Северный", "operator", "МФЦ", "city", "Тюмень", "address", "ул. Северная, д. 1", "phones", "8 (3452) 50-00-01, справочная",
		"day1", "9:00-18:00, 13:00-14:00", "day2", "09:00–18:00, 13:00–14:00", "day6", "10:00-14:00", "lat", "57,20", "lon", "65.50",
	}
	bad.Submit("main form", ok...).WantPath("/manage/directory/centre/entries/mfc-north").Want(".govuk-notification-banner", "Опубликовано")
	c, err := w.site.Directory.Centre(t.Context(), "mfc-north")
	must(t, err)
	if len(c.Hours) != 2 || c.Hours[0].To != 2 || c.Point.Lat != 57.2 || c.Phones[0].Number != "+73452500001" || len(c.Functions) != 5 {
		t.Errorf("centre %+v", c)
	}
	form.Submit("main form", ok...).WantStatus(422).Want("#code-error", "уже есть")

	first, second := b.Get("/manage/directory/centre/entries/mfc-north"), b.Get("/manage/directory/centre/entries/mfc-north")
	first.Submit("#data ~ form", "note", "Вход со двора").WantStatus(200)
	late := second.Submit("#data ~ form", "note", "Пандус слева").WantStatus(409).Want(".govuk-error-summary", "кто-то ещё").Want("#note", "Пандус слева")
	late.Submit("#data ~ form").WantStatus(200).Want("#note", "Пандус слева").Want("#history + *", "Редькин Пётр Ильич")
	b.Get("/manage/directory/centre/entries/mfc-north?version=2").Want("#note", "Вход со двора")
	b.Get("/manage/directory/centre/entries/mfc-north").Submit("form[action$='/hide']").WantPath("/manage/directory/centre")
	if _, err := w.site.Directory.Centre(t.Context(), "mfc-north"); err == nil {
		t.Error("the hidden centre is shown")
	}
	b.Get("/manage/directory/centre/entries/mfc-north").Want(".govuk-tag", "Скрыто").Submit("#data ~ form").WantStatus(200).Lacks(".okno-pagehead", "Скрыто")

	agency := b.Get("/manage/directory/agency/new").Submit("main form", "code", "parks", "name", "Комитет по паркам", "short", "Парки", "head_name", "Лесная Вера", "head_post", "председатель").
		WantStatus(422).Want(".govuk-error-summary", "место приёма")
	agency = agency.Submit("main form", "office_name", "Приёмная", "office_address", "ул. Лесная, д. 2").WantPath("/manage/directory/agency/entries/parks")
	office := agency.Click("#offices ~ * a[href$='/offices/main']")
	office.Submit("#office ~ form", "day3", "8:00-12:00", "phones", "не телефон").WantStatus(422).Want("#phones-error", "не похож")
	office.Submit("#office ~ form", "day3", "8:00-12:00").WantPath("/manage/directory/agency/entries/parks")
	b.Get("/manage/directory/agency/entries/parks/offices/new").Submit("#office ~ form", "name", "Второй отдел", "address", "ул. Дальняя, д. 3").WantPath("/manage/directory/agency/entries/parks")
	b.Get("/manage/directory/agency/entries/parks/offices/main").Submit("form[action$='/drop']").WantPath("/manage/directory/agency/entries/parks").Lacks("#offices ~ *", "Приёмная")

	police, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)
	b.Get("/manage/directory/agency/entries/"+police.Agency).Submit("form[action$='/hide']").WantStatus(409).Want(".govuk-error-summary", "сотрудник")

	// An editor of one agency changes what is its own.
	own := w.clerk(ownEditor)
	own.Get("/manage/directory/agency/entries/"+police.Agency).Submit("#data ~ form", "head_name", "Новая Голова").WantStatus(200).Want(".govuk-notification-banner", "Опубликовано")
	// Its other languages have fields, and saving without touching them keeps them.
	form = own.Get("/manage/directory/agency/entries/" + police.Agency)
	english := form.Attr("input[name=name_en]", "value")
	if english == "" || form.Attr("input[name=name_tt]", "value") == "" {
		t.Error("the delivered translations are not in the form")
	}
	form = form.Submit("#data ~ form", "head_post", "временно исполняющий обязанности", "short_en", "Police").WantStatus(200)
	if got := form.Attr("input[name=name_en]", "value"); got != english {
		t.Errorf("the English name was %q and is %q", english, got)
	}
	if got := form.Attr("input[name=short_en]", "value"); got != "Police" {
		t.Errorf("the English short name is %q", got)
	}
	own.Get("/manage/directory/agency/entries/parks").Lacks("main", "Руководитель")
	values := url.Values{"version": {"1"}, "name": {"x"}}
	for _, path := range []string{"/manage/directory/agency/entries/parks", "/manage/directory/agency/new", "/manage/directory/centre/entries/mfc-north", "/manage/directory/centre/new"} {
		if s := own.Post(path, values).Status; s != 403 {
			t.Errorf("%s: status %d", path, s)
		}
	}
	own.Get("/manage/directory/agency/entries/parks/offices/office-2").WantStatus(403)
	own.Post("/manage/directory/agency/entries/parks/hide", url.Values{"version": {"4"}}).WantStatus(403)
}

// BO-13: an agency is taken off the pages when nobody works there and nobody waits; its
// editor is told before what stands in the way.
func TestHideAgency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(editor)
	police, err := w.site.Services.Card(t.Context(), "criminal-record")
	must(t, err)
	app := w.submit()
	b.Get("/manage/directory/agency/entries/"+police.Agency).Want("#hide-panel ~ .okno-facts", "Опубликованные услуги 4").Want("#hide-panel ~ .okno-facts", "Сотрудники 3").
		Want("#hide-panel ~ .okno-facts", "Заявления без ответа 1").Want("#hide-panel ~ .okno-facts", "Черновики жителей 0")
	for _, subject := range []string{lilia, ivan, ownEditor} {
		must(t, w.site.Officers.Dismiss(t.Context(), w.officer(admin), w.officer(subject)))
	}
	b.Get("/manage/directory/agency/entries/"+police.Agency).Submit("form[action$='/hide']").WantStatus(409).Want(".govuk-error-summary", "опубликованные услуги")
	list, err := w.site.Services.ByAgency(t.Context(), police.Agency)
	must(t, err)
	for _, sv := range list {
		must(t, w.site.Services.Withdraw(t.Context(), sv.Code, "test", "x"))
	}
	b.Get("/manage/directory/agency/entries/"+police.Agency).Submit("form[action$='/hide']").WantStatus(409).Want(".govuk-error-summary", "не ответило на 1 заявление")
	must(t, w.apps.Withdraw(t.Context(), w.owner, app.ID))
	b.Get("/manage/directory/agency/entries/" + police.Agency).Submit("form[action$='/hide']").WantPath("/manage/directory/agency")
	w.clerk(admin).Get("/manage/staff/invite").Want("select[name=agency]", "убрано с портала")
	if a, err := w.site.Directory.Known(t.Context(), police.Agency); err != nil || a.Code != police.Agency {
		t.Errorf("what has begun there has no agency: %v", err)
	}
}

// BO-23, PRT-15, LAW-01, ID-REG-20: an editor writes news, mends help, publishes a new
// edition of the agreement.
func TestTextPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(editor)
	b.Get("/manage/texts/news").Want("main", "Текстов нет")
	form := b.Get("/manage/texts/news/new")
	form.Submit("main form", "code", "holiday", "title", "", "since", "когда-нибудь").WantStatus(422).Want("#title-error", "заголовок").Want("#since-error", "21.11.2026")
	p := form.Submit("main form", "code", "holiday", "title", "Портал в праздники", "body", "Работаем **как обычно**.\n\n<img src=x onerror=alert(1)>", "since", "24.11.2026").
		WantPath("/manage/texts/news/entries/holiday").Want(".okno-preview strong", "как обычно")
	if p.Has(".okno-preview img") {
		t.Error("markup that runs is shown")
	}
	late := b.Get("/manage/texts/news/entries/holiday")
	p.Submit("#data ~ form", "title", "Портал в новогодние праздники").WantStatus(200)
	late.Submit("#data ~ form", "title", "Другой заголовок").WantStatus(409).Want(".govuk-error-summary", "кто-то ещё").Want("#title", "")
	b.Get("/manage/texts/news/entries/holiday?edition=1").Submit("#data ~ form").WantStatus(200).Want("h1", "Портал в праздники")
	b.Get("/manage/texts/news/entries/holiday").Submit("form[action$='/withdraw']").WantPath("/manage/texts/news").Want("table", "Снято")

	w.mailing(b)
	b.Get("/manage/texts/agreement/new").Submit("main form", "code", "user-agreement", "title", "Соглашение", "body", "Текст", "version_name", "2026-12", "since", "01.12.2026").WantPath("/manage/texts/agreement/entries/user-agreement")
	b.Post("/manage/texts/agreement/entries/user-agreement/withdraw", url.Values{"version": {"1"}}).WantStatus(409)
	b.Get("/manage/texts/act/new").Submit("main form", "code", "law-210", "title", "210-ФЗ", "url", "http://publication.pravo.gov.ru/1").WantPath("/manage/texts/act/entries/law-210")
	b.Get("/manage/texts/nothing").WantStatus(404)
	w.clerk(admin).Get("/manage/journal").Want("table", "Изменён текст").Want("table", "news/holiday")
	own := w.clerk(ownEditor)
	own.Get("/manage/texts/act/entries/law-210").Lacks("main", "Место в списке")
	own.Post("/manage/texts/act/entries/law-210", url.Values{"version": {"1"}, "title": {"Взлом"}}).WantStatus(403)
	own.Get("/manage/texts/act/new").WantStatus(403)
}

// CAT-13, BO-11, BO-12: an archive is checked, compared and published; a definition is
// edited, withdrawn on a day and returned to.
func TestCataloguePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	b := w.clerk(editor)
	ctx := t.Context()
	list := b.Get("/manage/catalogue?q=судимост").Want("table", "criminal-record")
	b.Get("/manage/catalogue?order=popular").WantStatus(200)
	svc := list.Click("td a").Want(".okno-preview", "Основания для отказа").Want("#history + *", "Опубликована")

	// Editing: a broken definition is reported and stays; a good one is compared first.
	src := svc.Click("a[href$='/card']").Click("a[href$='/edit']")
	before, err := w.site.Services.Edited(ctx, "criminal-record")
	must(t, err)
	source, err := before.Source()
	must(t, err)
	text := string(source["service.yaml"])
	src.Want("#service", "code: criminal-record")
	broken := src.Submit("#source ~ form", "service", strings.Replace(text, "min_level: confirmed", "min_level: king", 1)).WantStatus(422).Want("[data-report]", "«king» не из списка: simplified, standard, confirmed").Want("#service", "min_level: king")
	broken.Submit("#source ~ form", "service", strings.Replace(text, "code: criminal-record", "code: other-thing", 1)).WantStatus(422).Want("[data-report]", "здесь код «other-thing»")
	broken.Submit("#source ~ form", "service", "{").WantStatus(422)
	next := strings.Replace(text, "ru: "+before.Title.RU, "ru: Справка, что судимости нет", 1)
	cmp := broken.Submit("#source ~ form", "service", next).WantStatus(200).Want("table", "title.ru").Want("table", "Справка, что судимости нет")
	cmp.Click("a[href$='/services/criminal-record']").Want(".okno-preview", "Справка, что судимости нет")
	if x, err := w.site.Services.Card(ctx, "criminal-record"); err != nil || x.Title.RU != before.Title.RU {
		t.Error("published before anybody said so")
	}
	cmp.Submit("form[action$='/publish']").WantStatus(422).Want("#reason-error", "почему")
	must(t, w.site.Services.Weigh(ctx, catalogue.Edit{By: "somebody", Reason: "x", Version: before.Version, Within: w.site.Officers.Editing(w.officer(editor), officer.DeedCatalogue, "criminal-record", "x")}, "criminal-record", 3))
	again := cmp.Submit("form[action$='/publish']", "reason", "приказ").WantStatus(409).Want(".govuk-error-summary", "сравнили заново").Want("table", "weight")
	again.Submit("form[action$='/publish']", "reason", "приказ").WantPath("/manage/catalogue")
	b.Get("/manage/catalogue/services/criminal-record").Want("h1", "Справка, что судимости нет").Want("#history + *", "приказ").
		Submit("form[action$='/return']").WantStatus(200)

	svc = b.Get("/manage/catalogue/services/criminal-record")
	svc.Submit("form[action$='/weight']", "weight", "много", "reason", "x").WantStatus(422).Want("#weight-error", "1000")
	svc.Submit("form[action$='/withdraw']", "day", "01.01.2020", "why", "x").WantStatus(422).Want("#day-error", "будущий")
	svc.Submit("form[action$='/withdraw']", "day", "30.11.2026", "why", "").WantStatus(422).Want("#why-error", "почему")
	svc = svc.Submit("form[action$='/withdraw']", "day", "30.11.2026", "why", "реформа").WantStatus(200).Want(".okno-pagehead", "30 ноября 2026")
	svc.Submit("form[action$='/keep']", "why", "отменили").WantStatus(200).Want("form[action$='/withdraw']", "")

	// Archives.
	res := b.Raw("GET", "/manage/catalogue/archive", nil, "")
	if res.Header.Get("Content-Type") != "application/zip" {
		t.Fatalf("archive: %v", res.Status)
	}
	raw, err := w.site.Services.Archive(ctx, "72")
	must(t, err)
	up := b.Get("/manage/catalogue/upload")
	up.SubmitFiles("#upload ~ form", []kittest.File{{Field: "archive", Name: "каталог.zip", Content: []byte("PK")}}).WantStatus(422).Want("#archive-error", "catalogue.yaml")
	up.Submit("#upload ~ form").WantStatus(422).Want("#archive-error", "архив")
	sv := *before.Service
	sv.Title.RU = "Название из архива"
	files, err := sv.Source()
	must(t, err)
	one, err := catalogue.Files{"x/criminal-record/service.yaml": files["service.yaml"], "x/criminal-record/form.yaml": files["form.yaml"], "x/criminal-record/text.ru.md": files["text.ru.md"]}.Zip()
	must(t, err)
	// Back in the browser and another file: the same form shows the other file.
	up.SubmitFiles("#upload ~ form", []kittest.File{{Field: "archive", Name: "услуга.zip", Content: one}}).WantStatus(200).Want("table", "Название из архива")
	up.SubmitFiles("#upload ~ form", []kittest.File{{Field: "archive", Name: "каталог.zip", Content: raw}}).WantStatus(200).Want("main", "публиковать нечего").
		Submit("form[action$='/drop']").WantPath("/manage/catalogue")

	// An editor of one agency cannot reach into another.
	own := w.clerk(ownEditor)
	own.Get("/manage/catalogue/services/kindergarten-enrolment/edit").WantStatus(403)
	own.Post("/manage/catalogue/services/kindergarten-enrolment/withdraw", url.Values{"version": {"1"}, "why": {"x"}}).WantStatus(403)
	theirs, err := w.site.Services.Edited(ctx, "kindergarten-enrolment")
	must(t, err)
	files, err = theirs.Source()
	must(t, err)
	typed := strings.Replace(string(files["service.yaml"]), "weight:", "# weight:", 1) + "\nweight: 1000\n"
	stolen := own.Get("/manage/catalogue/new").Submit("#source ~ form", "service", typed, "form", string(files["form.yaml"]), "text_ru", string(files["text.ru.md"])).WantStatus(200)
	stolen.Submit("form[action$='/publish']", "reason", "x").WantStatus(403)
	b.Get(stolen.URL.Path).WantStatus(404)
	w.clerk(admin).Get("/manage/journal").Want("table", "Изменён каталог")
}

// mailing is a news of today that goes to those who have asked for news (BO-23, NTS-02).
func (w *world) mailing(b *kittest.Browser) {
	w.t.Helper()
	publish := func(code, day string) *kittest.Page {
		return b.Get("/manage/texts/news/new").Submit("main form", "code", code, "title", "Новая услуга <b>с осени</b>", "body", "Записывайтесь.", "since", day)
	}
	publish("later", "30.12.2026").Want("#mail-panel ~ *", "30 декабря")
	b.Post("/manage/texts/news/entries/later/mail", url.Values{"mail_sure": {"1"}, "version": {"1"}}).WantStatus(404)
	now := publish("now", w.site.Clock.Now().Format("02.01.2006"))
	if now.Want("main", "их 0").Has("form[action$='/mail']") {
		w.t.Error("nobody is to be told, and there is a button")
	}
	choice := notice.Settings{Wanted: map[notice.Type]map[notice.Channel]bool{notice.TypeNews: {notice.ChannelEmail: true}}}
	must(w.t, w.site.Notices.Choose(w.t.Context(), w.owner, choice))
	p := b.Get("/manage/texts/news/entries/now").Want("main", "их 1")
	p.Submit("form[action$='/mail']").WantStatus(422).Want(".govuk-error-summary", "проверена")
	p.Submit("form[action$='/mail']", "mail_sure", "1", "version", "7").WantStatus(409) // somebody else's edition
	p.Submit("form[action$='/mail']", "mail_sure", "1").WantPath("/manage/texts/news/entries/now").Want("main", "Рассылаем")
	p.Submit("form[action$='/mail']", "mail_sure", "1").WantStatus(409)
	w.settle()
	if b.Get("/manage/texts/news/entries/now").Want("main", "Разослано подписчикам: 1").Has("form[action$='/mail']") {
		w.t.Error("the news can be sent twice")
	}
	feed, err := w.site.Notices.List(w.t.Context(), w.owner, notice.Filter{})
	must(w.t, err)
	if len(feed.Entries) != 1 || notice.Path(feed.Entries[0].Object) != "/news/now" {
		w.t.Errorf("the feed: %+v", feed.Entries)
	}
	w.clerk(admin).Get("/manage/journal").Want("table", "Новость разослана")
}

// Nobody without the right reaches any page or act of administrators and editors.
func TestManageIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	id := w.officer(lilia)
	admins := []string{
		"GET /manage/staff", "GET /manage/staff/invite", "POST /manage/staff/invite", "POST /manage/invitations/" + id + "/end", "GET /manage/staff/" + id,
		"POST /manage/staff/" + id, "POST /manage/staff/" + id + "/dismiss", "POST /manage/staff/" + id + "/deputies", "POST /manage/staff/" + id + "/recall", "GET /manage/journal",
	}
	editors := []string{
		"GET /manage", "GET /manage/directory/agency", "GET /manage/directory/agency/new", "POST /manage/directory/agency/new", "GET /manage/directory/agency/entries/edu",
		"POST /manage/directory/agency/entries/edu", "POST /manage/directory/agency/entries/edu/hide", "GET /manage/directory/agency/entries/edu/offices/new",
		"POST /manage/directory/agency/entries/edu/offices/new", "POST /manage/directory/agency/entries/edu/offices/x/drop", "GET /manage/texts/news", "GET /manage/texts/news/new",
		"POST /manage/texts/news/new", "GET /manage/texts/news/entries/x", "POST /manage/texts/news/entries/x", "POST /manage/texts/news/entries/x/withdraw", "POST /manage/texts/news/entries/x/mail",
		"GET /manage/catalogue", "GET /manage/catalogue/upload", "POST /manage/catalogue/upload", "GET /manage/catalogue/archive", "GET /manage/catalogue/searches", "GET /manage/catalogue/new", "POST /manage/catalogue/new",
		"GET /manage/catalogue/services/criminal-record", "GET /manage/catalogue/services/criminal-record/edit", "GET /manage/catalogue/services/criminal-record/card", "POST /manage/catalogue/services/criminal-record/card", "POST /manage/catalogue/services/criminal-record/edit",
		"POST /manage/catalogue/services/criminal-record/weight", "POST /manage/catalogue/services/criminal-record/withdraw", "POST /manage/catalogue/services/criminal-record/keep",
		"POST /manage/catalogue/services/criminal-record/return", "GET /manage/catalogue/proposals/" + id, "GET /manage/catalogue/proposals/" + id + "/services/x",
		"POST /manage/catalogue/proposals/" + id + "/publish", "POST /manage/catalogue/proposals/" + id + "/drop",
	}
	try := func(subject string, list []string) {
		b := w.clerk(subject)
		for _, x := range list {
			method, path, _ := strings.Cut(x, " ")
			status := 0
			if method == "GET" {
				status = b.Get(path).Status
			} else {
				status = b.Post(path, url.Values{"version": {"1"}, "reason": {"x"}, "why": {"x"}}).Status
			}
			if status != 403 {
				t.Errorf("%s: %s: status %d", subject, x, status)
			}
		}
	}
	try(lilia, append(admins, editors...))
	try(vera, append(admins, editors...))
	try(stranger, append(admins, editors...))
	try(editor, admins)
}

// Every page of administrators has all its words in each language.
func TestManageHasWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	for _, lang := range []string{"ru", "tt", "en"} {
		b := w.clerk(admin)
		b.SetCookie("okno_lang", lang)
		for _, path := range []string{
			"/manage/staff", "/manage/staff/invite", "/manage/staff/" + w.officer(lilia), "/manage/journal", "/manage/directory/agency", "/manage/directory/agency/new",
			"/manage/directory/agency/entries/edu", "/manage/directory/agency/entries/edu/offices/new", "/manage/directory/centre", "/manage/directory/centre/new",
			"/manage/texts/news", "/manage/texts/help", "/manage/texts/act", "/manage/texts/agreement", "/manage/texts/consent", "/manage/texts/help/new", "/manage/texts/act/new",
			"/manage/catalogue", "/manage/catalogue/upload", "/manage/catalogue/searches", "/manage/catalogue/new", "/manage/catalogue/services/criminal-record", "/manage/catalogue/services/criminal-record/card", "/manage/catalogue/services/kindergarten-enrolment",
		} {
			b.Get(path).WantStatus(200)
		}
	}
	for key, n := range w.site.Bundle.Missing() {
		t.Errorf("no text for %s (%d times)", key, n)
	}
}

// officer is the id of a subject at work.
func (w *world) officer(subject string) string {
	w.t.Helper()
	o, err := w.site.Officers.Acting(w.t.Context(), subject)
	must(w.t, err)
	return o.ID
}
