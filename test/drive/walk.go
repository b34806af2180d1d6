package drive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// number is that of an application (G-02).
var number = regexp.MustCompile(`\d\d-20\d\d-\d{7}-\d`)

// SignIn opens the cabinet of the portal at base (such as
// http://uslugi.localhost:8080) as a person who may be there for the first time:
// password, consent, agreement.
func SignIn(ctx context.Context, p *Person, base, login, password string) error {
	pg, err := p.Get(ctx, base+"/lk/")
	if err != nil {
		return err
	}
	for range 6 {
		switch {
		case strings.HasPrefix(pg.URL.String(), base+"/lk/") && pg.Status == http.StatusOK:
			return nil
		case pg.Has("input[name=password]"):
			pg, err = pg.Submit(ctx, "form:has(input[name=password])", "login", login, "password", password)
		case pg.Has("form[action='/agreement']"):
			pg, err = pg.Submit(ctx, "form[action='/agreement']", "agree", "1")
		case pg.Has("form[action$='/consent'] button"):
			pg, err = pg.Submit(ctx, "form[action$='/consent'] button")
		default:
			return fmt.Errorf("sign in: stopped at %s (%d): %.300s", pg.URL.Path, pg.Status, pg.Text())
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("sign in: too many steps, last %s: %.300s", pg.URL.Path, pg.Text())
}

// Ready begins an application for the free information about kindergartens and
// fills it in: what is left is to sign and send. It returns that last form.
func Ready(ctx context.Context, p *Person, base string) (*Form, error) {
	const card = "/services/kindergarten-info"
	pg, err := p.Get(ctx, base+card)
	if err != nil {
		return nil, err
	}
	if pg, err = pg.Submit(ctx, "form[action='"+card+"/apply']"); err != nil {
		return nil, err
	}
	for range 4 {
		if pg.Has("button[value=send]") {
			f, err := pg.Form("button[value=send]")
			if err != nil {
				return nil, err
			}
			return f.Set("confirm", "1"), nil
		}
		if pg, err = pg.Submit(ctx, "button[value=next]", "city", "tyumen", "age", "3", "topics", "places"); err != nil {
			return nil, err
		}
		if err := pg.Want(http.StatusOK); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("fill in: the check page does not come, last %s", pg.URL.Path)
}

// ErrNotSent says that an application was not acknowledged: it may or may not
// have been taken.
var ErrNotSent = errors.New("not acknowledged")

// Send signs and sends a ready form and returns the application's id, which is
// the acknowledgement.
func Send(ctx context.Context, f *Form) (string, error) {
	pg, err := f.Send(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	id, ok := strings.CutSuffix(strings.TrimPrefix(pg.URL.Path, "/lk/applications/"), "/sent")
	if !ok || pg.Status != http.StatusOK {
		return "", fmt.Errorf("%w: %w", ErrNotSent, pg.Want(http.StatusOK))
	}
	return id, nil
}

// AttachmentStep begins an application with a slot for files, fills it in up to
// that step and returns the step's address.
func AttachmentStep(ctx context.Context, p *Person, base string) (string, error) {
	const card = "/services/criminal-record"
	pg, err := p.Get(ctx, base+card)
	if err != nil {
		return "", err
	}
	if pg, err = pg.Submit(ctx, "form[action='"+card+"/apply']"); err != nil {
		return "", err
	}
	if pg, err = pg.Submit(ctx, "button[value=next]", "address.postcode", "625000"); err != nil {
		return "", err
	}
	return pg.URL.String(), pg.Want(http.StatusOK)
}

// Attach uploads one file at that step and returns the page afterwards, whatever
// it says.
func Attach(ctx context.Context, p *Person, step, name string, body []byte) (*Page, error) {
	pg, err := p.Get(ctx, step)
	if err != nil {
		return nil, err
	}
	f, err := pg.Form("button[value=attach]")
	if err != nil {
		return nil, err
	}
	f.Set("changed", "yes").Files = []File{{Field: "file.certificate_scan", Name: name, Content: body}}
	return f.Send(ctx)
}
