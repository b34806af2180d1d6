package portalsite_test

import (
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/site/kit"
)

// What anybody finds on the main page and below it.
//
// PRT-01, ID-REG-01
func TestMainPageForAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.visitor().Get("/")
	for where, words := range map[string][]string{
		".okno-header": {"Войти", "Зарегистрироваться", "Личный кабинет", "Каталог услуг"},
		"main":         {"Популярные услуги", "Популярные вопросы", "Каталог услуг"},
		".okno-footer": {"Направить обращение", "Сообщить об ошибке", "Пользовательское соглашение"},
	} {
		for _, word := range words {
			page.Want(where, word)
		}
	}
	if !page.Has("main form[role=search] input[name=q]") {
		t.Error("there is no search line")
	}
	if href := page.Attr(".okno-footer a[href='https://appeals.test']", "href"); href == "" {
		t.Error("«Направить обращение» does not lead to the region's site")
	}
	if n := len(page.All("main .okno-card")); n < 9 {
		t.Errorf("%d cards of services and situations", n)
	}
}

// publicPaths and ownPaths are pages of every kind.
var (
	publicPaths = []string{
		"/", "/services", "/services/criminal-record", "/search?q=паспорт", "/categories", "/agencies", "/agencies/mvd", "/situations",
		"/situations/birth", "/centres", "/help/", "/help/levels", "/news", "/acts", "/privacy", "/agreement", "/place", "/prefs/vi", "/no/such/page",
	}
	ownPaths = []string{"/lk/", "/lk/notifications", "/lk/settings", "/lk/applications", "/lk/applications/archive", "/lk/support"}
)

// The surname with its menu, the cabinet and the main page are one press away on
// every page.
//
// PRT-03, PRT-04, PRT-05, PRT-06
func TestSurnameAndMenuOnEveryPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	for _, path := range slices.Concat(publicPaths, ownPaths) {
		page := b.Get(path).Want(".okno-header .okno-menu summary", "Тестова")
		if home := page.Attr(".okno-header a.okno-brand", "href"); home != "/" {
			t.Errorf("%s: the mark leads to %q", path, home)
		}
		if !page.Has(".okno-header .okno-menu a[href='/lk/']") {
			t.Errorf("%s: no way to the cabinet", path)
		}
	}
	menu := b.Get("/services")
	for _, item := range []string{"Уведомления", "Документы", "Личный кабинет", "Настройки", "На главную", "Выйти"} {
		menu.Want(".okno-header .okno-menu__panel", item)
	}
	for _, a := range menu.All(".okno-header .okno-menu__panel a") {
		href := ""
		for _, x := range a.Attr {
			if x.Key == "href" {
				href = x.Val
			}
		}
		if !strings.HasPrefix(href, "http") { // the provider's pages are walked in a browser
			b.Get(href).WantStatus(200)
		}
	}
	anonymous := w.visitor().Get("/services")
	if anonymous.Has(".okno-menu__panel form") {
		t.Error("nobody is signed in, and there is a way out")
	}
	anonymous.Want(".okno-header a[href='/lk/']", "Личный кабинет")
}

// A confirmed account begins every service that is given here, a standard one
// what asks for no more, a simplified one the least.
//
// ID-LVL-05, ID-LVL-02
func TestWhatEachLevelMayBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, err := w.site.Services.All(t.Context())
	must(t, err)
	for level := 1; level <= 3; level++ {
		b := w.signedIn(anna(level))
		begun := 0
		for _, sv := range all {
			if sv.Delivery != catalogue.DeliveryRemote {
				continue
			}
			page := b.Post("/services/"+sv.Code+"/apply", url.Values{kit.KeyField: {kit.NewKey()}})
			may := catalogue.LevelNumber(sv.MinLevel) <= level
			if open := strings.HasPrefix(page.URL.Path, "/lk/drafts/") && page.Status == 200; open != may {
				t.Errorf("level %d begins %s (%s): %v", level, sv.Code, sv.MinLevel, page)
			}
			if may {
				begun++
			}
		}
		if begun == 0 || level == 3 && begun < 8 {
			t.Errorf("level %d begins %d services", level, begun)
		}
	}
}

// The portal has no data of its own about a person: what changes at the provider
// is in the next form and in the draft that is opened again.
//
// ID-ACC-08, DRF-05
func TestProfileIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := anna(3)
	b := w.signedIn(who)
	draft := b.Get("/services/criminal-record").Submit("form[action='/services/criminal-record/apply']")
	draft.Want(".okno-known", "Тестова Анна Викторовна").Want("main a[href^='http://esia.test/']", "Изменить в профиле")
	w.clock.Advance(time.Minute)
	who.profile.Person.Surname = "Новикова"
	w.idp.as(who)
	b.Get(path.Dir(draft.URL.Path)).Want(".okno-known", "Новикова Анна Викторовна")
	b.Get("/lk/").Want("main", "Новикова").Lacks("main", "Тестова Анна")
	b.Get("/services/criminal-record").Submit("form[action='/services/criminal-record/apply']").Want(".okno-known", "Новикова")
}

// The feed holds what was sent, what was answered, what waits for a signature.
//
// NTF-09
func TestFeedHoldsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	sent := fill(t, b).Submit("button[value=send]", "confirm", "1")
	number := sent.Text(".okno-done b")
	w.settle()
	fill(t, b) // complete, and not signed
	list, err := w.site.Applications.List(t.Context(), w.account(anna(3)).ID, application.Filter{})
	must(t, err)
	id := list.Applications[0].ID
	for _, to := range []application.Status{application.StatusInWork, application.StatusGranted} {
		must(t, w.db.InTx(t.Context(), func(tx *db.Tx) error {
			app, err := w.site.Applications.Lock(t.Context(), tx, "mvd", id)
			if err != nil {
				return err
			}
			return w.site.Applications.Apply(t.Context(), tx, app, application.Move{
				To: to, Actor: application.ActorOfficer, Officer: db.NewID(), Name: "Гареева Л. М.", Key: db.NewID(), Comment: "Справка готова",
			})
		}))
	}
	w.settle()
	feed := b.Get("/lk/notifications")
	feed.Want(".okno-feed", number).Want(".okno-feed", "Заявление отправлено").Want(".okno-feed", "Услуга оказана")
	b.Get("/lk/notifications?category="+string(notice.CategoryDraft)).Want(".okno-feed", "Не подписано: Справка о наличии (отсутствии) судимости").
		Want(".okno-feed .govuk-tag--yellow", "Не подписано").Want(".okno-feed", "подпишите и отправьте")
}

// The portal's own minimum shows on the card, and the door leads up.
//
// ID-LVL-13, ID-LVL-09
func TestThePortalsOwnMinimumOnTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(1))
	b.Get("/services/kindergarten-info").Want("main", "Получить услугу")
	settings := &setting.Settings{DB: w.db, Clock: w.clock}
	must(t, settings.Change(t.Context(), "catalogue.least_level", 0, json.RawMessage(`"standard"`), "1", "policy"))
	w.site.Services = &catalogue.Services{DB: w.db, Clock: w.clock, Directory: w.site.Directory, Zone: w.site.Zone}
	w.site.Applications.Services = w.site.Services
	page := b.Get("/services/kindergarten-info").Want("main", "Нужна стандартная учётная запись")
	if page.Has("form[action='/services/kindergarten-info/apply']") {
		t.Error("the card still lets in")
	}
	b.Post("/services/kindergarten-info/apply", url.Values{kit.KeyField: {kit.NewKey()}})
	if n := w.drafts(anna(1)); n != 0 {
		t.Errorf("a direct POST made %d drafts", n)
	}
}
