package officesite_test

import (
	"net/url"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
)

// Before somebody is dismissed the page says what goes back to the queues; afterwards it
// is there, and the histories say why.
//
// BO-01, BO-21
func TestDismissalGivesWorkBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.appoint()
	ctx := t.Context()
	id := w.officer(lilia)
	must(t, func() error {
		x, err := w.site.Officers.Get(ctx, id)
		if err != nil {
			return err
		}
		x.Roles = []officer.Role{officer.RoleClerk, officer.RoleSupport}
		return w.site.Officers.Change(ctx, w.officer(admin), *x)
	}())
	app, second := w.submit(), w.submit()
	must(t, w.site.Cases.Take(ctx, casework.Act{Officer: id, Application: app.ID, Key: db.NewID()}))
	must(t, w.site.Cases.Take(ctx, casework.Act{Officer: id, Application: second.ID, Key: db.NewID()}))
	ticket := w.ask(w.owner, "Не открывается страница")
	must(t, w.site.Support.Take(ctx, support.Deed{Officer: id, Ticket: ticket.ID, Key: db.NewID()}))

	b := w.clerk(admin)
	b.Get("/manage/staff/invite").Submit("main form", "surname", "Гареева", "name", "Лилия", "agency", "edu").WantStatus(200)
	b.Get("/manage/staff/"+w.officer(ivan)).Lacks("main", "вернутся").Lacks("main", "перестанут")
	p := b.Get("/manage/staff/" + id)
	p.Want("#rights + *", "ведёт 2 заявления и 1 обращение в поддержку").Want("#end + *", "2 заявления и 1 обращение в поддержку").Want("#end + *", "перестанут действовать: 1")
	p.Submit("form[action$='/dismiss']").WantPath("/manage/staff").Want("main", "Все приглашения использованы")
	b.Get("/manage/journal").Want("table", "Возвращено в очередь").Want("table", "2 заявления и 1 обращение в поддержку; 1 приглашение отозвано")

	colleague := w.clerk(ivan)
	colleague.Get("/cases/"+app.ID+"?tab=history").Want("main", "Заявление передают другому сотруднику").Want("main", "больше не ведёт заявление")
	colleague.Get("/cases/"+app.ID).Submit("form[action$='/take']").WantPath("/cases/"+app.ID).Want("main", "Лыткин")
	w.clerk(vera).Get("/support/tickets/"+ticket.ID).Want("main", "Возвращено в очередь: сотрудник больше не отвечает")
	b.Post("/manage/staff/"+id, url.Values{"version": {"9"}, "agency": {"edu"}, "roles": {"clerk"}}).WantStatus(409)
}
