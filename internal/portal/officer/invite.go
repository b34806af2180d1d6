package officer

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
)

// inviteLife is how long an invitation waits: over a weekend.
const inviteLife = 72 * time.Hour

// Invitation lets whoever holds its link, and has the name that stands in it,
// begin to work here: the portal need not know anybody's number at the identity
// provider.
type Invitation struct {
	ID, Surname, Given, Agency, Post string
	Roles                            []Role
	CreatedBy                        string
	CreatedAt, ExpiresAt             time.Time
}

type invitationRow struct {
	ID        string     `db:"id"`
	Surname   string     `db:"surname"`
	Given     string     `db:"given"`
	Agency    string     `db:"agency"`
	Post      string     `db:"post"`
	Roles     []string   `db:"roles"`
	CreatedBy string     `db:"created_by"`
	CreatedAt time.Time  `db:"created_at"`
	ExpiresAt time.Time  `db:"expires_at"`
	UsedAt    *time.Time `db:"used_at"`
}

func (r *invitationRow) invitation() *Invitation {
	return &Invitation{
		ID: r.ID, Surname: r.Surname, Given: r.Given, Agency: r.Agency, Post: r.Post, Roles: ParseRoles(strings.Join(r.Roles, " ")),
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
	}
}

const invitationColumns = `id::text, surname, given, agency, post, roles, created_by::text, created_at, expires_at, used_at`

// Invite makes an invitation and answers what its link carries; key is the key of
// the form, so that a form sent twice makes one link. The link leads to
// URL/join/<token>. With an address it is also mailed there.
func (o *Officers) Invite(ctx context.Context, by, key, email string, i Invitation) (token string, err error) {
	i.Surname, i.Given, i.Post = strings.TrimSpace(i.Surname), strings.TrimSpace(i.Given), strings.TrimSpace(i.Post)
	to, err := checkInvitation(i, email)
	if err != nil {
		return "", err
	}
	if !db.IsID(key) {
		return "", fmt.Errorf("invite: the key of the form is no id")
	}
	token = base64.RawURLEncoding.EncodeToString(o.Keys.MAC("officer.invitation", by+" "+key))
	now, id := o.Clock.Now(), db.NewID()
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			INSERT INTO officer.invitation (id, token_hash, surname, given, agency, post, roles, created_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (token_hash) DO NOTHING`,
			id, crypt.HashToken(token), i.Surname, i.Given, i.Agency, i.Post, words(i.Roles), by, now, now.Add(inviteLife))
		if err != nil {
			return fmt.Errorf("invite: %w", err)
		}
		if n == 0 {
			return nil // the form was sent twice
		}
		if err := o.mail(ctx, tx, id, token, to); err != nil {
			return err
		}
		return o.record(ctx, tx, by, DeedInvite, id, joinRoles(i.Roles))
	})
	return token, err
}

// checkInvitation answers the address in its canonical form.
func checkInvitation(i Invitation, email string) (ruid.Email, error) {
	f, bad := fault.As(check(Officer{Subject: "invited", Name: i.Surname + i.Given, Agency: i.Agency, Roles: i.Roles}))
	if !bad {
		f = fault.Invalid("officer.invalid")
	}
	f.Fields = slices.DeleteFunc(f.Fields, func(x fault.Field) bool { return x.Name == "name" })
	if i.Surname == "" {
		f.Fields = append(f.Fields, fault.F("surname", "officer.surname_missing"))
	}
	if i.Given == "" {
		f.Fields = append(f.Fields, fault.F("name", "officer.given_missing"))
	}
	var to ruid.Email
	if email != "" {
		var err error
		if to, err = ruid.ParseEmail(email); err != nil {
			f.Fields = append(f.Fields, fault.F("email", "officer.email_invalid"))
		}
	}
	if len(f.Fields) > 0 {
		return "", f
	}
	return to, nil
}

// mail sends the link. It is worth an account for work: of use to nobody but the
// named person, and gone from the outbox when it is sent.
func (o *Officers) mail(ctx context.Context, tx *db.Tx, id, token string, to ruid.Email) error {
	if to == "" || o.Outbox == nil {
		return nil
	}
	l := o.Bundle.For("ru")
	args := []any{"portal", o.Portal(ctx, l.Lang()), "link", o.URL + "/join/" + token, "hours", int(inviteLife / time.Hour)}
	err := o.Outbox.Enqueue(ctx, tx, outbound.Message{
		ID: "officer.invitation:" + id + ":email", Channel: outbound.Email, Class: outbound.Notice, To: string(to),
		Subject: l.T("officer.mail.subject", args...), Text: l.T("officer.mail.text", args...), Expires: o.Clock.Now().Add(inviteLife),
	})
	if err != nil {
		return fmt.Errorf("mail invitation: %w", err)
	}
	return nil
}

// Invitations lists those that wait, the newest first, at most 200.
func (o *Officers) Invitations(ctx context.Context, by string) (out []Invitation, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, by, RoleAdmin); err != nil {
			return err
		}
		rows, err := db.List[invitationRow](ctx, tx, `SELECT `+invitationColumns+` FROM officer.invitation
			WHERE used_at IS NULL AND expires_at > $1 ORDER BY expires_at DESC, id DESC LIMIT 200`, o.Clock.Now())
		for n := range rows {
			out = append(out, *rows[n].invitation())
		}
		return err
	})
	return out, err
}

// EndInvitation makes a link useless; one that is used or over: fault NotFound
// officer.invitation_over.
func (o *Officers) EndInvitation(ctx context.Context, by, id string) error {
	if !db.IsID(id) {
		return fault.NotFound("officer.invitation_over")
	}
	return o.administer(ctx, by, DeedUninvite, id, "", func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE officer.invitation SET expires_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2`, id, o.Clock.Now())
		if err == nil && n == 0 {
			return fault.NotFound("officer.invitation_over")
		}
		return err
	})
}

// Invited is the invitation of a link that works still, for its page; any other
// is fault NotFound officer.invitation_over in the same words.
func (o *Officers) Invited(ctx context.Context, token string) (i *Invitation, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error { i, err = o.invited(ctx, tx, token, ""); return err })
	return i, err
}

func (o *Officers) invited(ctx context.Context, tx *db.Tx, token, suffix string) (*Invitation, error) {
	if token == "" || len(token) > 128 {
		return nil, fault.NotFound("officer.invitation_over")
	}
	row, err := db.Find[invitationRow](ctx, tx, `SELECT `+invitationColumns+` FROM officer.invitation WHERE token_hash = $1`+suffix, crypt.HashToken(token))
	if err != nil {
		return nil, fmt.Errorf("find invitation: %w", err)
	}
	if row == nil || row.UsedAt != nil || !o.Clock.Now().Before(row.ExpiresAt) {
		return nil, fault.NotFound("officer.invitation_over")
	}
	return row.invitation(), nil
}

// Person is who accepts an invitation, as the identity provider names him.
type Person struct {
	Subject, Surname, Given, Patronymic string
	// Confirmed tells that the provider has proven the identity: the name of any other
	// account is what somebody typed.
	Confirmed bool
}

type pastRow struct {
	Active    bool
	ChangedAt time.Time
}

// Join makes a signed-in person the officer of an invitation, once. The name must
// be the invited one, and proven: a link that went astray is of no use. An account
// that is not confirmed yet (fault Forbidden officer.unconfirmed) learns nothing of
// the invitation and does not use it up.
func (o *Officers) Join(ctx context.Context, token string, p Person) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		// The officer's row first, as a dismissal locks them.
		was, err := db.Find[pastRow](ctx, tx, `SELECT active, changed_at FROM officer.officer WHERE subject = $1 FOR UPDATE`, p.Subject)
		if err != nil {
			return fmt.Errorf("join: %w", err)
		}
		i, err := o.invited(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		// Who was dismissed comes back by an invitation made after that alone.
		if was != nil && !was.Active && !was.ChangedAt.Before(i.CreatedAt) {
			return fault.NotFound("officer.invitation_over")
		}
		if !p.Confirmed {
			return fault.Forbidden("officer.unconfirmed")
		}
		if rutext.MatchKey(p.Surname) != rutext.MatchKey(i.Surname) || rutext.MatchKey(p.Given) != rutext.MatchKey(i.Given) {
			return fault.Forbidden("officer.invitation_other")
		}
		// Who invited must still be allowed to.
		if _, err := o.authorise(ctx, tx, i.CreatedBy, RoleAdmin); err != nil {
			return fault.NotFound("officer.invitation_over").Wrap(err)
		}
		if err := o.keepAdminOf(ctx, tx, p.Subject, i.Roles); err != nil {
			return err
		}
		id, err := o.put(ctx, tx, Officer{
			Subject: p.Subject, Agency: i.Agency, Name: rutext.FullName(p.Surname, p.Given, p.Patronymic), Post: i.Post, Roles: i.Roles,
		})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE officer.invitation SET used_by = $2, used_at = $3 WHERE id = $1`, i.ID, id, o.Clock.Now()); err != nil {
			return fmt.Errorf("use invitation: %w", err)
		}
		if err := o.settle(ctx, tx, i.CreatedBy, id, false); err != nil {
			return err
		}
		return o.record(ctx, tx, i.CreatedBy, DeedJoin, id, joinRoles(i.Roles))
	})
}

// keepAdminOf refuses an invitation that would make the last administrator
// something less.
func (o *Officers) keepAdminOf(ctx context.Context, tx *db.Tx, subject string, roles []Role) error {
	if slices.Contains(roles, RoleAdmin) {
		return nil
	}
	was, err := o.find(ctx, tx, `subject = $2`, subject)
	if err != nil || was == nil {
		return err
	}
	return o.keepAdmin(ctx, tx, was.ID)
}
