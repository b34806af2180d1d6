package signin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/token"
)

// Dispatcher is the one place that knows what comes next.
type Dispatcher struct {
	DB          *db.DB
	Clock       *clock.Clock
	Keys        *crypt.Keyring
	Persons     *person.Persons
	Credentials *credential.Credentials
	Sessions    *session.Sessions
	Clients     *client.Clients
	Consents    *consent.Consents
	Issuer      *token.Issuer
	Journal     *journal.Journal
	// Owner tells a person of sign-ins, if he wants that (ID-SEC-05); nil: never.
	Owner Owner
}

// Owner tells a person something on the confirmed contacts; it knows who wants
// to be told.
type Owner interface {
	SignedIn(ctx context.Context, tx *db.Tx, oid int64, device, address string, at time.Time) error
}

// Kind is what a step asks for.
type Kind string

// The steps, as in the package comment.
const (
	StepLogin        Kind = "login"
	StepSecondFactor Kind = "second_factor"
	StepNoFactor     Kind = "no_factor"
	StepPassword     Kind = "password"
	StepLevel        Kind = "level"
	StepConsent      Kind = "consent"
	StepDone         Kind = "done"
)

// Why a person who is signed in must prove himself again: message keys.
const (
	WhyFresh   = "signin.again.fresh"   // the client asks for a fresh proof
	WhyLevel   = "signin.again.level"   // the level was raised since (C-53)
	WhySubject = "signin.again.subject" // the client expects somebody else
)

// Step is what the page shows.
type Step struct {
	Kind Kind
	// Request and Client are nil when somebody signs in at the provider itself.
	Request *Request
	Client  *client.Client
	// FormOrigins go into the page's CSP form-action: the answer of a form may
	// be a redirect to the client.
	FormOrigins []string
	// Why is a message key for a login step of somebody who is signed in.
	Why string
	// LoginHint is what to write into the login field.
	LoginHint string
	// Level and Needed belong to StepLevel; RefusedProofing is set when the level
	// suffices and only its way of confirmation does not (C-12).
	Level, Needed   person.Level
	RefusedProofing string
	// Scopes are those that a consent would permit, New those not yet permitted.
	Scopes, New []string
	// Redirect is where StepDone leads: a path of ours or the client's address.
	Redirect string
}

// Next derives the next step for a request (empty handle: none) and the
// browser's session (nil: none). StepDone finishes the request.
func (d *Dispatcher) Next(ctx context.Context, handle string, sess *session.Session) (*Step, error) {
	if handle == "" {
		return d.direct(sess), nil
	}
	var r *Request
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = d.read(ctx, tx, handle, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	c, err := d.Clients.Get(ctx, r.ClientID)
	if err != nil {
		return nil, err
	}
	s := &Step{Request: r, Client: c, FormOrigins: c.Origins(), LoginHint: r.LoginHint}
	if r.FinishedAt != nil {
		return d.again(ctx, s, handle, sess)
	}
	if !d.Clock.Now().Before(r.ExpiresAt) {
		return nil, fault.Conflict("signin.request_expired").With("client", c.Name, "url", c.HomeURL)
	}
	if err := d.derive(ctx, s, sess); err != nil || s.Kind != StepDone {
		return s, err
	}
	return d.finish(ctx, s, handle, sess)
}

// direct serves somebody who came to the provider itself.
func (d *Dispatcher) direct(sess *session.Session) *Step {
	switch {
	case sess == nil:
		return &Step{Kind: StepLogin}
	case sess.Restricted != "":
		return &Step{Kind: StepPassword}
	}
	return &Step{Kind: StepDone, Redirect: "/"}
}

// derive sets the kind of the step from request, client, session and person.
func (d *Dispatcher) derive(ctx context.Context, s *Step, sess *session.Session) error {
	if sess == nil {
		s.Kind = StepLogin
		return nil
	}
	if sess.Restricted != "" {
		s.Kind = StepPassword
		return nil
	}
	if s.Why = again(s.Request, sess); s.Why != "" {
		s.Kind = StepLogin
		return nil
	}
	who, err := d.Persons.Get(ctx, sess.OID)
	if fault.Is(err, fault.KindNotFound) {
		s.Kind = StepLogin
		return nil
	}
	if err != nil {
		return err
	}
	if (s.Client.SecondFactor || s.Request.TwoFactors) && sess.ACR() != "2fa" {
		has, err := d.Credentials.HasTOTP(ctx, sess.OID)
		if err != nil {
			return err
		}
		if has || s.Client.SecondFactor {
			if s.Kind = StepNoFactor; has {
				s.Kind = StepSecondFactor
			}
			return nil
		}
	}
	if done, err := d.level(ctx, s, sess, who); err != nil || done {
		return err
	}
	return d.consent(ctx, s, who.OID)
}

// again tells why a session does not suffice for a request; empty if it does.
func again(r *Request, sess *session.Session) string {
	switch {
	case r.Subject != nil && *r.Subject != sess.OID:
		return WhySubject
	case r.Fresh && sess.AuthAt.Before(r.CreatedAt):
		return WhyFresh
	case r.MaxAge != nil && sess.AuthAt.Before(r.CreatedAt.Add(-time.Duration(*r.MaxAge)*time.Second)):
		return WhyFresh
	}
	return ""
}

// level stops whom the client does not know surely enough (ID-SSO-05, C-12).
func (d *Dispatcher) level(ctx context.Context, s *Step, sess *session.Session, who *person.Person) (bool, error) {
	s.Level, s.Needed = sess.Effective(who.Level), s.Client.MinLevel
	if sess.Level < who.Level {
		// A raised level takes effect by a new sign-in (ID-VER-12). Asking for it
		// here, and not only when the client demands the level, spares the person
		// a portal that goes on showing the old one.
		s.Kind, s.Why = StepLogin, WhyLevel
		return true, nil
	}
	if s.Level < s.Needed {
		s.Kind = StepLevel
		return true, nil
	}
	if len(s.Client.RefusedProofing) == 0 || s.Level < person.Confirmed {
		return false, nil
	}
	var p *person.Proofing
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = d.Persons.Proofing(ctx, tx, who.OID)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("proofing of account: %w", err)
	}
	if p != nil && slices.Contains(s.Client.RefusedProofing, p.Method) {
		s.Kind, s.RefusedProofing = StepLevel, p.Method
		return true, nil
	}
	return false, nil
}

// consent asks unless the person has permitted all of it already (ID-CNS-09).
func (d *Dispatcher) consent(ctx context.Context, s *Step, oid int64) error {
	s.Kind, s.Scopes = StepDone, client.Sorted(s.Request.Scopes)
	if s.Client.FirstParty {
		return nil
	}
	var given *consent.Consent
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		given, err = d.Consents.Find(ctx, tx, oid, s.Client.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, scope := range s.Scopes {
		if given == nil || !slices.Contains(given.Scopes, scope) {
			s.New = append(s.New, scope)
		}
	}
	if len(s.New) > 0 || s.Request.AskConsent && given.GivenAt.Before(s.Request.CreatedAt) {
		s.Kind = StepConsent
	}
	return nil
}

// finish opens the tokens' family and answers the client. The request's row is
// locked, so of several tabs one finishes and the others repeat its answer.
func (d *Dispatcher) finish(ctx context.Context, s *Step, handle string, sess *session.Session) (*Step, error) {
	done := false
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := d.read(ctx, tx, handle, "FOR UPDATE")
		if err != nil {
			return err
		}
		if done = r.FinishedAt != nil; done {
			return nil
		}
		f := token.Family{
			OID: sess.OID, ClientID: r.ClientID, SessionID: sess.ID, Scopes: s.Scopes, Nonce: r.Nonce,
			AuthTime: sess.AuthAt, Level: sess.Level, ACR: sess.ACR(), AMR: sess.AMR,
		}
		if !s.Client.FirstParty {
			given, err := d.Consents.Find(ctx, tx, sess.OID, r.ClientID)
			if err != nil {
				return err
			}
			if given == nil || !given.Covers(s.Scopes) { // withdrawn in this moment
				return fault.Conflict("signin.consent_gone")
			}
			f.ConsentID = &given.Chain
		}
		code, opened, err := d.Issuer.Open(ctx, tx, f, sess.ExpiresAt, binding(r))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE signin.request SET finished_at=$2, family_id=$3, session_id=$4 WHERE id=$1`,
			r.ID, d.Clock.Now(), opened.ID, sess.ID); err != nil {
			return err
		}
		s.Redirect = d.answer(r, "code", code)
		return d.entered(ctx, tx, sess.OID, s.Client)
	})
	if err != nil {
		return nil, fmt.Errorf("finish sign-in: %w", err)
	}
	if done {
		return d.again(ctx, s, handle, sess)
	}
	return s, nil
}

func binding(r *Request) token.Binding {
	return token.Binding{RedirectURI: r.RedirectURI, Challenge: r.Challenge}
}

// entered notes the visit for «Авторизованные порталы» and the journal.
func (d *Dispatcher) entered(ctx context.Context, tx *db.Tx, oid int64, c *client.Client) error {
	if err := d.Consents.Visit(ctx, tx, oid, c.ID); err != nil {
		return err
	}
	return d.Journal.Write(ctx, tx, journal.Entry{
		OID: oid, Kind: journal.ClientEntered,
		Details: map[string]string{"client": c.ID, "name": c.Name},
	})
}

// again answers a finished request: the same refusal, or a fresh code as long
// as the client has not redeemed the one before. Only the session that finished
// it gets an answer.
func (d *Dispatcher) again(ctx context.Context, s *Step, handle string, sess *session.Session) (*Step, error) {
	s.Kind = StepDone
	gone := fault.Conflict("signin.request_finished").With("client", s.Client.Name, "url", s.Client.HomeURL)
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := d.read(ctx, tx, handle, "FOR UPDATE")
		if err != nil {
			return err
		}
		if r.refusal != "" {
			s.Redirect = d.answer(r, "error", r.refusal)
			return nil
		}
		if sess == nil || r.sessionID == nil || *r.sessionID != sess.ID {
			return gone
		}
		code, err := d.Issuer.Reopen(ctx, tx, *r.familyID, binding(r))
		if err != nil {
			return err
		}
		if code == "" {
			return gone
		}
		s.Redirect = d.answer(r, "code", code)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("answer again: %w", err)
	}
	return s, nil
}

// Grant is «Предоставить»: it records the consent that the step asked for and
// gives the next step.
func (d *Dispatcher) Grant(ctx context.Context, handle string, sess *session.Session, locale string) (*Step, error) {
	s, err := d.Next(ctx, handle, sess)
	if err != nil || s.Kind != StepConsent {
		return s, err
	}
	err = d.DB.InTx(ctx, func(tx *db.Tx) error {
		var since time.Time
		if s.Request.AskConsent { // asked again on purpose: a record of now
			since = s.Request.CreatedAt
		}
		_, err := d.Consents.Give(ctx, tx, sess.OID, s.Client, s.Scopes, locale, since)
		return err
	})
	if err != nil && !fault.Is(err, fault.KindConflict) { // given in another tab: fine
		return nil, fmt.Errorf("grant: %w", err)
	}
	return d.Next(ctx, handle, sess)
}

// Refuse leaves a request from any of its pages: the client is told
// access_denied (ID-CNS-02). It returns the address that leads back.
func (d *Dispatcher) Refuse(ctx context.Context, handle string) (redirect string, err error) {
	err = d.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := d.read(ctx, tx, handle, "FOR UPDATE")
		if err != nil {
			return err
		}
		if r.FinishedAt != nil && r.refusal == "" {
			return fault.Conflict("signin.request_finished")
		}
		redirect = d.answer(r, "error", "access_denied")
		_, err = tx.Exec(ctx, `UPDATE signin.request SET finished_at=$2, refusal='access_denied' WHERE id=$1`, r.ID, d.Clock.Now())
		return err
	})
	return redirect, err
}

// Work registers the sweep of what is over.
func (d *Dispatcher) Work(q *job.Queue) { q.Sweep("signin.request", 10*time.Minute, d.sweep) }

func (d *Dispatcher) sweep(ctx context.Context) (int, error) {
	var total int64
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		now := d.Clock.Now()
		n, err := tx.Exec(ctx, `DELETE FROM signin.request WHERE id IN (SELECT id FROM signin.request WHERE expires_at < $1 LIMIT 1000)`, now.Add(-requestKept))
		if err != nil {
			return err
		}
		m, err := tx.Exec(ctx, `DELETE FROM signin.pending WHERE expires_at < $1`, now)
		total = n + m
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep sign-ins: %w", err)
	}
	return int(total), nil
}

// Forget removes what a deleted account left; for person.Persons.OnDelete.
func (d *Dispatcher) Forget(ctx context.Context, tx *db.Tx, oid person.OID) error {
	_, err := tx.Exec(ctx, `DELETE FROM signin.pending WHERE oid=$1`, oid)
	return err
}
