package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Attempt is one press of «Войти».
type Attempt struct {
	Login    string
	Password string
	SNILS    bool // the tab «СНИЛС»
	Foreign  bool // «Чужой компьютер»
	// Current is the browser's session, if any: the same person renews it.
	Current *session.Session
	session.Visit
}

// Entered is what a right proof gives the browser: a session, or a token of the
// half-finished sign-in that waits for its second factor.
type Entered struct {
	Token   string // for the session cookie; empty while a factor is missing
	Session *session.Session
	Pending string // for the page of the second factor
	// Remember is the login that this browser may fill in next time: only the
	// name, never on a foreign computer (C-54, ID-LOG-11).
	Remember string
}

// wrong is the one answer to every wrong login or password (ID-LOG-10).
func wrong() error { return fault.Invalid("signin.wrong") }

// Password judges login and password. Faults: Invalid signin.wrong without
// saying what was wrong, Invalid with fields for empty input, Limited
// credential.slow_down and password.busy.
func (d *Dispatcher) Password(ctx context.Context, a Attempt) (*Entered, error) {
	var empty []fault.Field
	if strings.TrimSpace(a.Login) == "" {
		empty = append(empty, fault.F("login", "signin.login_empty"))
	}
	if a.Password == "" {
		empty = append(empty, fault.F("password", "signin.password_empty"))
	}
	if len(empty) > 0 {
		return nil, fault.Invalid("signin.empty", empty...)
	}
	kind, login := ParseLogin(a.Login, a.SNILS)
	var who *person.Person
	if kind != "" {
		var err error
		if who, err = d.Persons.FindByLogin(ctx, kind, login); err != nil {
			return nil, err
		}
	}
	try := credential.Try{Login: string(kind) + ":" + login, Password: a.Password, Device: a.Device, Network: a.Network}
	if who != nil {
		try.OID = who.OID
		// How many entries there can be is bounded by the throttle.
		try.Refused = func(ctx context.Context, tx *db.Tx) error {
			return d.Journal.Write(ctx, tx, journal.Entry{
				OID: who.OID, Kind: journal.SignInFailed, Address: a.Network, Device: session.DeviceName(a.UserAgent),
			})
		}
	}
	v, err := d.Credentials.VerifyPassword(ctx, try)
	if err != nil {
		return nil, err
	}
	if !v.OK || who == nil {
		return nil, wrong()
	}
	restricted := ""
	if v.MustChange {
		restricted = session.RestrictedPassword
	}
	has, err := d.Credentials.HasTOTP(ctx, who.OID)
	if err != nil {
		return nil, err
	}
	e := &Entered{}
	if !a.Foreign {
		e.Remember = strings.TrimSpace(a.Login)
	}
	if has {
		e.Pending, err = d.wait(ctx, who.OID, restricted, !a.Foreign)
		return e, err
	}
	return e, d.enter(ctx, e, who, []string{session.AMRPassword}, restricted, a)
}

// ParseLogin tells which kind of login was entered and normalises it. An empty
// kind means that it can be nobody's. The phone may be written in any way
// (ID-LOG-05); SNILS is understood on both tabs.
func ParseLogin(s string, snils bool) (person.LoginKind, string) {
	s = strings.TrimSpace(s)
	if !snils {
		if strings.Contains(s, "@") {
			if e, err := ruid.ParseEmail(s); err == nil {
				return person.LoginEmail, string(e)
			}
			return "", s
		}
		if p, err := ruid.ParseMobile(s); err == nil {
			return person.LoginPhone, string(p)
		}
	}
	if n, err := ruid.ParseSNILS(s); err == nil {
		return person.LoginSNILS, string(n)
	}
	return "", s
}

// wait stores the right password until the second factor comes.
func (d *Dispatcher) wait(ctx context.Context, oid int64, restricted string, remember bool) (string, error) {
	pending := crypt.Token()
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO signin.pending (oid, hash, restricted, remember, expires_at) VALUES ($1,$2,$3,$4,$5)`,
			oid, crypt.HashToken(pending), restricted, remember, d.Clock.Now().Add(pendingLife))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("await second factor: %w", err)
	}
	return pending, nil
}

type pendingRow struct {
	OID        int64     `db:"oid"`
	Restricted string    `db:"restricted"`
	Remember   bool      `db:"remember"`
	ExpiresAt  time.Time `db:"expires_at"`
}

func (d *Dispatcher) pending(ctx context.Context, token string) (*pendingRow, error) {
	var p *pendingRow
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = db.Find[pendingRow](ctx, tx, `SELECT oid, restricted, remember, expires_at FROM signin.pending WHERE hash=$1`, crypt.HashToken(token))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find half-finished sign-in: %w", err)
	}
	if p == nil || !d.Clock.Now().Before(p.ExpiresAt) {
		return nil, fault.Unauthenticated("signin.pending_over")
	}
	return p, nil
}

// Awaits tells whether a half-finished sign-in still waits: for showing its page.
func (d *Dispatcher) Awaits(ctx context.Context, pending string) (bool, error) {
	_, err := d.pending(ctx, pending)
	if fault.Is(err, fault.KindUnauthenticated) {
		return false, nil
	}
	return err == nil, err
}

// SecondFactor judges the app's code after the password. Faults: Invalid
// signin.code_wrong at the field «code», Unauthenticated signin.pending_over
// (enter the password again), Limited credential.slow_down.
func (d *Dispatcher) SecondFactor(ctx context.Context, pending, code string, a Attempt) (*Entered, error) {
	p, err := d.pending(ctx, pending)
	if err != nil {
		return nil, err
	}
	if err := d.code(ctx, p.OID, code, a.Visit); err != nil {
		return nil, err
	}
	won := false // of two equal requests one opens a session
	err = d.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM signin.pending WHERE hash=$1`, crypt.HashToken(pending))
		won = n == 1
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("end half-finished sign-in: %w", err)
	}
	if !won {
		return nil, fault.Unauthenticated("signin.pending_over")
	}
	who, err := d.Persons.Get(ctx, p.OID)
	if err != nil {
		return nil, fault.Unauthenticated("signin.pending_over").Wrap(err)
	}
	a.Foreign = !p.Remember
	e := &Entered{}
	return e, d.enter(ctx, e, who, []string{session.AMRPassword, session.AMROTP}, p.Restricted, a)
}

func (d *Dispatcher) code(ctx context.Context, oid int64, code string, v session.Visit) error {
	if strings.TrimSpace(code) == "" {
		return fault.Invalid("signin.code_empty", fault.F("code", "signin.code_empty"))
	}
	ok, err := d.Credentials.VerifyTOTP(ctx, oid, code, v.Device, v.Network)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Invalid("signin.code_wrong", fault.F("code", "signin.code_wrong"))
	}
	return nil
}

// StepUp adds the second factor to a living session whose client demands it.
func (d *Dispatcher) StepUp(ctx context.Context, sess *session.Session, code string, v session.Visit) (*Entered, error) {
	if err := d.code(ctx, sess.OID, code, v); err != nil {
		return nil, err
	}
	e := &Entered{Session: sess}
	amr := slices.Clone(sess.AMR)
	if !slices.Contains(amr, session.AMROTP) {
		amr = append(amr, session.AMROTP)
	}
	err := d.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		e.Token, err = d.Sessions.Renew(ctx, tx, sess.ID, sess.Level, amr)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, d.reload(ctx, e)
}

// enter opens the session, or renews the browser's own when the same person
// proved himself again. Another person's session in this browser ends.
func (d *Dispatcher) enter(ctx context.Context, e *Entered, who *person.Person, amr []string, restricted string, a Attempt) error {
	renewed := false
	err := d.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		cur := a.Current
		if cur != nil && cur.OID == who.OID && restricted == "" {
			renewed = true
			if a.Foreign {
				if err := d.Sessions.LeaveNothing(ctx, tx, cur.ID); err != nil {
					return err
				}
			}
			e.Token, err = d.Sessions.Renew(ctx, tx, cur.ID, who.Level, amr)
			e.Session = cur
			return err
		}
		if cur != nil {
			if err := d.Sessions.End(ctx, tx, cur.OID, cur.ID, session.EndLogout); err != nil {
				return err
			}
		}
		renewed = false
		e.Token, e.Session, err = d.Sessions.Open(ctx, tx, session.Opening{
			OID: who.OID, Level: who.Level, AMR: amr, Foreign: a.Foreign, Restricted: restricted, Visit: a.Visit,
		})
		if err != nil {
			return err
		}
		return d.note(ctx, tx, who.OID, a)
	})
	if err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	if renewed {
		return d.reload(ctx, e)
	}
	return nil
}

// note writes the sign-in into the person's journal and tells those who want it.
func (d *Dispatcher) note(ctx context.Context, tx *db.Tx, oid int64, a Attempt) error {
	device := session.DeviceName(a.UserAgent)
	if err := d.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.SignedIn, Address: a.Network, Device: device}); err != nil {
		return err
	}
	if d.Owner == nil {
		return nil
	}
	return d.Owner.SignedIn(ctx, tx, oid, device, a.Network, d.Clock.Now())
}

func (d *Dispatcher) reload(ctx context.Context, e *Entered) error {
	s, err := d.Sessions.ByToken(ctx, e.Token)
	if err != nil {
		return err
	}
	if s == nil {
		return fault.Unauthenticated("session.ended")
	}
	e.Session = s
	return nil
}
