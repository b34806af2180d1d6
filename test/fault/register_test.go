package fault_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// A register that takes questions and never answers holds up nobody but the
// check itself: pages answer as ever, the check waits in words, and when the
// register is back the result comes, once.
//
// ID-VER-07
func TestRegisterThatNeverAnswers(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	ctx, desk := t.Context(), s.Desk()
	must(t, desk.Tell(ctx, "mvd", "nothing"))
	who, a := stranger(t, s, 0)
	checking := askRegisters(t, s, a, who)
	slowest := time.Duration(0)
	for _, at := range []string{s.URL("esia", "/"), s.portal() + "/", s.portal() + "/services", s.URL("esia", "/profile/data")} {
		began := time.Now()
		pg, err := a.Person.Get(ctx, at)
		must(t, err)
		must(t, pg.Want(http.StatusOK))
		slowest = max(slowest, time.Since(began))
	}
	if slowest > 10*time.Second {
		t.Errorf("a page took %s beside the silent register", slowest)
	}
	if text := checking.Text(); !strings.Contains(text, "МВД") {
		t.Errorf("the page does not tell whose answer is missing: %.600s", text)
	}
	must(t, desk.Advance(ctx, "6h"))
	must(t, desk.Tell(ctx, "mvd", "records"))
	must(t, desk.Advance(ctx, "5h"))
	_, err := desk.Await(ctx, who["phone"], regexp.MustCompile(`(проверен|проверк|подтвержден)`), 20*time.Second)
	must(t, err)
	must(t, desk.Advance(ctx, "5h"))
	must(t, a.SignIn(ctx))
	pg, err := a.Person.Get(ctx, s.URL("esia", "/"))
	must(t, err)
	if !strings.Contains(pg.Text(), "Стандартная запись") {
		t.Errorf("the account is not standard: %.400s", pg.Text())
	}
	list, err := desk.Messages(ctx, who["phone"])
	must(t, err)
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Text] {
			t.Errorf("told twice: %s", m.Text)
		}
		seen[m.Text] = true
	}
}

// stranger registers one of those whom the registers know and who have no account
// yet.
func stranger(t *testing.T, s *stand, i int) (map[string]string, *drive.Applicant) {
	t.Helper()
	var list []map[string]any
	must(t, s.Desk().Call(t.Context(), http.MethodGet, "/api/register-persons", nil, &list))
	if i >= len(list) {
		t.Fatalf("the registers know %d strangers", len(list))
	}
	who := map[string]string{}
	for k, v := range list[i] {
		who[k] = fmt.Sprint(v)
	}
	a := &drive.Applicant{
		Person: drive.NewPerson(), Desk: s.Desk(), IDP: s.URL("esia", ""), Surname: who["surname"], Phone: who["phone"], Email: who["email"], Password: "Okno-2026!a",
	}
	must(t, a.Register(t.Context()))
	return who, a
}

// askRegisters fills in somebody's data, which asks the registers, and returns the
// page that says so.
func askRegisters(t *testing.T, s *stand, a *drive.Applicant, who map[string]string) *drive.Page {
	t.Helper()
	pg, err := a.Person.Get(t.Context(), s.URL("esia", "/profile/data"))
	must(t, err)
	must(t, pg.Want(http.StatusOK))
	pg, err = pg.Submit(t.Context(), "form:has(input[name=snils])", "surname", who["surname"], "name", who["name"], "patronymic", who["patronymic"],
		"sex", who["sex"], "birth_date", ruDate(t, who["birth_date"]), "birth_place", who["birth_place"], "snils", who["snils"],
		"citizenship", who["citizenship"], "document", who["series"]+" "+who["number"], "issue_date", ruDate(t, who["issue_date"]),
		"issuer_code", who["issuer_code"], "issued_by", who["issued_by"])
	must(t, err)
	must(t, pg.Want(http.StatusOK))
	return pg
}

func ruDate(t *testing.T, iso string) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, iso)
	must(t, err)
	return d.Format("02.01.2006")
}
