package drive

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Applicant is somebody who registers at the identity provider of the demo.
// Register may be called again after any failure: it goes on where the stored
// attempt is, as a person does who opens the page again.
type Applicant struct {
	Person   *Person
	Desk     *Desk
	IDP      string // address of the identity provider
	Surname  string
	Phone    string
	Email    string
	Password string

	begun *Form // with its key: sent again it is the same attempt
}

var smsCode = regexp.MustCompile(`\b(\d{6})\b`)

// Register registers and returns nil once the identity provider has said so.
func (a *Applicant) Register(ctx context.Context) error {
	pg, err := a.Person.Get(ctx, a.IDP+"/registration")
	if err != nil {
		return err
	}
	for range 12 {
		switch {
		case pg.Status >= 500:
			return pg.Want(200)
		case strings.HasSuffix(pg.URL.Path, "/registration/done"):
			return nil
		case pg.Has("form[action='/registration'] input[name=surname]"):
			pg, err = a.begin(ctx, pg)
		case pg.Has("input[name=code]"):
			pg, err = a.code(ctx, pg)
		case pg.Has("input[name=password2]"):
			pg, err = pg.Submit(ctx, "form:has(input[name=password2])", "password", a.Password, "password2", a.Password)
		default:
			// The attempt has ended, perhaps with an account: the password tells.
			return a.signIn(ctx)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("registration: too many steps, last %s: %.300s", pg.URL.Path, pg.Text())
}

func (a *Applicant) begin(ctx context.Context, pg *Page) (*Page, error) {
	if a.begun == nil {
		f, err := pg.Form("form:has(input[name=surname])")
		if err != nil {
			return nil, err
		}
		a.begun = f.Set("surname", a.Surname, "name", "Проба", "phone", a.Phone, "email", a.Email, "consent", "1")
	} else if err := a.signIn(ctx); err == nil {
		// The account was made and only the answer was lost.
		return a.Person.Get(ctx, a.IDP+"/registration/done")
	}
	return a.begun.Send(ctx)
}

func (a *Applicant) code(ctx context.Context, pg *Page) (*Page, error) {
	code, err := a.Desk.Await(ctx, a.Phone, smsCode, 3*time.Second)
	if err != nil {
		// Codes are sent at most once: a new one is a press of the button, a
		// minute later.
		if err := a.Desk.Advance(ctx, "61s"); err != nil {
			return nil, err
		}
		if pg, err = pg.Submit(ctx, "form[action='/registration/resend']"); err != nil {
			return nil, err
		}
		if code, err = a.Desk.Await(ctx, a.Phone, smsCode, 5*time.Second); err != nil {
			return nil, err
		}
	}
	return pg.Submit(ctx, "form[action='/registration/code']", "code", code)
}

var errNoAccount = errors.New("no account")

func (a *Applicant) signIn(ctx context.Context) error {
	p := NewPerson()
	pg, err := p.Get(ctx, a.IDP+"/login")
	if err != nil {
		return err
	}
	if pg, err = pg.Submit(ctx, "form:has(input[name=password])", "login", a.Phone, "password", a.Password); err != nil {
		return err
	}
	if pg.Has("input[name=password]") || pg.Status != 200 {
		return fmt.Errorf("%w: %s (%d): %.200s", errNoAccount, pg.URL.Path, pg.Status, pg.Text())
	}
	a.Person.HTTP.Jar = p.HTTP.Jar
	return nil
}

// SignIn proves the account: phone and password open it.
func (a *Applicant) SignIn(ctx context.Context) error { return a.signIn(ctx) }
