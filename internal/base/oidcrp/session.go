package oidcrp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/recall"
)

// Session is somebody who is signed in at this site.
type Session struct {
	ID      string
	Subject string // the provider's number of the person
	Claims  Claims // as of the sign-in
	// IdleUntil and ExpiresAt say when it ends by itself, for the page that warns.
	OpenedAt, IdleUntil, ExpiresAt time.Time

	sid     string
	seenAt  time.Time
	version int
	tokens  tokens
}

type tokens struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Until   time.Time `json:"until"` // wall time
}

// sealedSession is what a row seals.
type sealedSession struct {
	Claims   Claims    `json:"claims"`
	AuthTime time.Time `json:"auth_time"`
	Tokens   tokens    `json:"tokens"`
}

type row struct {
	ID        string    `db:"id"`
	Subject   string    `db:"subject"`
	SID       string    `db:"sid"`
	Sealed    []byte    `db:"sealed"`
	Version   int       `db:"version"`
	OpenedAt  time.Time `db:"opened_at"`
	SeenAt    time.Time `db:"seen_at"`
	ExpiresAt time.Time `db:"expires_at"`
}

const rowColumns = `id::text, subject, sid, sealed, version, opened_at, seen_at, expires_at`

func (p *Party) tokens(a *answer) tokens {
	return tokens{a.Access, a.Refresh, p.Clock.Wall().Add(time.Duration(a.ExpiresIn) * time.Second)}
}

func (p *Party) sealSession(s *Session) []byte {
	raw, err := json.Marshal(sealedSession{s.Claims, s.Claims.AuthTime, s.tokens})
	if err != nil {
		panic(err) // strings, numbers and times always marshal
	}
	return p.Keys.Seal(raw, p.aad("session:"+s.ID))
}

func (p *Party) openRow(r *row) (*Session, error) {
	raw, err := p.Keys.Open(r.Sealed, p.aad("session:"+r.ID))
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	var in sealedSession
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	in.Claims.AuthTime = in.AuthTime
	return &Session{
		ID: r.ID, Subject: r.Subject, Claims: in.Claims, OpenedAt: r.OpenedAt, IdleUntil: r.SeenAt.Add(p.idle()), ExpiresAt: r.ExpiresAt,
		sid: r.SID, seenAt: r.SeenAt, version: r.Version, tokens: in.Tokens,
	}, nil
}

// seenStep is how coarse the last use is kept: a page view must not cost a write.
const seenStep = time.Minute

// Topic is told when sessions of a site have ended or changed, see base/recall;
// keys are their ids.
const Topic = "rp.session"

// Session is who sends this request, nil when nobody is signed in: no cookie, or
// ended, idle for too long, too old. It counts as use. What a page needs of a
// session is kept in memory: an end is seen by every process within a second,
// and at once by the one where it happened.
func (p *Party) Session(r *http.Request) (*Session, error) {
	c, err := r.Cookie(p.cookie())
	if err != nil || c.Value == "" || len(c.Value) > 128 {
		return nil, nil
	}
	p.kept.once.Do(func() {
		p.kept.DB, p.kept.Topic = p.DB, Topic
		p.kept.Keys = func(_ string, s *Session) []string { return []string{s.ID} }
	})
	ctx, now, hash := r.Context(), p.Clock.Now(), crypt.HashToken(c.Value)
	load := func(ctx context.Context) (*Session, bool, error) {
		s, err := p.byToken(ctx, hash, now)
		return s, s != nil, err
	}
	s, err := p.kept.Get(ctx, string(hash), load)
	if err == nil && s != nil && !s.alive(now) { // another process may have seen it in use
		s, _, err = load(ctx)
	}
	if err != nil || s == nil {
		return nil, err
	}
	own := *s // the kept one is everybody's
	if now.Sub(own.seenAt) >= seenStep {
		if ok, err := p.seen(ctx, &own, now); err != nil || !ok {
			return nil, err
		}
		kept := own
		p.kept.Put(string(hash), &kept)
	}
	return &own, nil
}

// keptSessions are those that pages ask for again and again.
type keptSessions struct {
	once sync.Once
	recall.Rows[string, *Session]
}

func (s *Session) alive(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Before(s.IdleUntil)
}

func (p *Party) byToken(ctx context.Context, hash []byte, now time.Time) (*Session, error) {
	var found *row
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = db.Find[row](ctx, tx, `SELECT `+rowColumns+` FROM rp.session
			WHERE token_hash=$1 AND party=$2 AND ended_at IS NULL AND expires_at > $3 AND seen_at > $4`,
			hash, p.Config.ClientID, now, now.Add(-p.idle()))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if found == nil {
		return nil, nil
	}
	return p.openRow(found)
}

// seen notes the use of a session; false when it has ended meanwhile.
func (p *Party) seen(ctx context.Context, s *Session, now time.Time) (bool, error) {
	var n int64
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE rp.session SET seen_at=greatest(seen_at, $2) WHERE id=$1 AND ended_at IS NULL`, s.ID, now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note use of session: %w", err)
	}
	s.seenAt, s.IdleUntil = now, now.Add(p.idle())
	return n == 1, nil
}

// early is how long before its end an access token is renewed.
const early = 30 * time.Second

// AccessToken gives a token for the provider's API, renewed when needed; of
// many callers one asks the provider. Fault Unauthenticated oidcrp.session_over
// when the provider has ended the sign-in: the session here has ended then, too.
func (p *Party) AccessToken(ctx context.Context, s *Session) (string, error) {
	if p.Clock.Wall().Before(s.tokens.Until.Add(-early)) {
		return s.tokens.Access, nil
	}
	defer p.flights.enter(s.ID)()
	fresh, err := p.byID(ctx, s.ID)
	if err != nil {
		return "", err
	}
	if fresh == nil {
		return "", fault.Unauthenticated("oidcrp.session_over")
	}
	if p.Clock.Wall().Before(fresh.tokens.Until.Add(-early)) { // another request was quicker
		s.tokens, s.version = fresh.tokens, fresh.version
		return s.tokens.Access, nil
	}
	a, err := p.exchange(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fresh.tokens.Refresh}})
	if errors.Is(err, errGrant) {
		return "", p.over(ctx, fresh)
	}
	if err != nil {
		return "", err
	}
	fresh.tokens = p.tokens(a)
	if err := p.store(ctx, fresh); err != nil {
		return "", err
	}
	s.tokens, s.version = fresh.tokens, fresh.version
	return s.tokens.Access, nil
}

func (p *Party) byID(ctx context.Context, id string) (*Session, error) {
	var found *row
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = db.Find[row](ctx, tx, `SELECT `+rowColumns+` FROM rp.session WHERE id=$1 AND ended_at IS NULL`, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	if found == nil {
		return nil, nil
	}
	return p.openRow(found)
}

// store keeps renewed tokens. When another process renewed at the same time it
// got the same successor, so the first to store suffices.
func (p *Party) store(ctx context.Context, s *Session) error {
	err := p.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE rp.session SET sealed=$3, version=version+1 WHERE id=$1 AND version=$2 AND ended_at IS NULL`,
			s.ID, s.version, p.sealSession(s))
		if err != nil {
			return err
		}
		return tx.Changed(ctx, Topic, s.ID)
	})
	if err != nil {
		return fmt.Errorf("store renewed tokens: %w", err)
	}
	return nil
}

// over ends a session whose tokens the provider refuses, unless another process
// has renewed them in the meantime.
func (p *Party) over(ctx context.Context, s *Session) error {
	err := p.DB.InTx(ctx, func(tx *db.Tx) error {
		return p.end(ctx, tx, `id=$3 AND version=$4`, s.ID, s.version)
	})
	if err != nil {
		return err
	}
	return fault.Unauthenticated("oidcrp.session_over")
}

// end closes sessions of this party and erases what they sealed.
func (p *Party) end(ctx context.Context, tx *db.Tx, where string, args ...any) error {
	ids, err := db.List[string](ctx, tx, `UPDATE rp.session SET ended_at=$1, sealed='' WHERE party=$2 AND ended_at IS NULL AND `+where+` RETURNING id::text`,
		append([]any{p.Clock.Now(), p.Config.ClientID}, args...)...)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return tx.Changed(ctx, Topic, ids...)
}

// EndSubject ends all sessions of a person at this site: the account was
// deleted, or its rights here were taken away.
func (p *Party) EndSubject(ctx context.Context, tx *db.Tx, subject string) error {
	return p.end(ctx, tx, `subject=$3`, subject)
}

// Logout ends the session here and leads to the provider, which ends its own
// and tells the other sites (ID-SSO-07, ID-LOG-13). Call it for a POST alone.
// When the provider is away the session here has ended all the same: fault
// Unavailable oidcrp.logged_out_here.
func (p *Party) Logout(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	s, err := p.Session(r)
	if err != nil {
		return err
	}
	p.setCookie(w, p.cookie(), "", -1)
	p.dropBeginnings(w, r, 0)
	if s == nil {
		http.Redirect(w, r, p.Config.PostLogoutURL, http.StatusSeeOther)
		return nil
	}
	if err := p.DB.InTx(r.Context(), func(tx *db.Tx) error { return p.end(r.Context(), tx, `id=$3`, s.ID) }); err != nil {
		return err
	}
	m, err := p.discover(r.Context())
	if err != nil {
		return fault.Unavailable("oidcrp.logged_out_here").Wrap(err)
	}
	if m.EndSession == "" {
		http.Redirect(w, r, p.Config.PostLogoutURL, http.StatusSeeOther)
		return nil
	}
	// logout_hint is the session's number: an id token would carry the name
	// through address bars and logs.
	q := url.Values{"client_id": {p.Config.ClientID}, "post_logout_redirect_uri": {p.Config.PostLogoutURL}, "logout_hint": {s.sid}}
	http.Redirect(w, r, m.EndSession+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// BackchannelLogout ends sessions that the provider has ended. It answers by
// itself: 200, or 400 for a token that is not to be believed. Exempt it from
// CrossOriginProtection.
func (p *Party) BackchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	ctx := r.Context()
	c, err := p.logoutToken(ctx, r.PostFormValue("logout_token"))
	if err == nil {
		err = p.DB.InTx(ctx, func(tx *db.Tx) error {
			if c.SID != "" {
				return p.end(ctx, tx, `sid=$3`, c.SID)
			}
			return p.end(ctx, tx, `subject=$3`, c.Subject)
		})
	}
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, errToken):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
	default: // the provider repeats it
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}
