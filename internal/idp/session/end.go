package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Why a session ended.
const (
	EndLogout   = "logout"   // «Выйти»
	EndDevice   = "device"   // ended from another device (ID-SEC-10)
	EndPassword = "password" // password changed or recovered (ID-REC-10)
	EndLevel    = "level"    // the level was raised: sign in again (C-53)
	EndDeletion = "deletion"
	EndIncident = "incident" // by the provider's administrator, see okno admin sign-out
)

// End ends one session of its owner; a second end changes nothing. A foreign
// session is fault NotFound session.not_found.
func (s *Sessions) End(ctx context.Context, tx *db.Tx, oid person.OID, id, reason string) error {
	known, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM session.session WHERE id::text = $1 AND oid = $2)`, id, oid)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if !known {
		return fault.NotFound("session.not_found")
	}
	return s.end(ctx, tx, oid, reason, `id::text = $4`, id)
}

// EndOthers ends all sessions of a person but one; an empty keep ends all.
func (s *Sessions) EndOthers(ctx context.Context, tx *db.Tx, oid person.OID, keep, reason string) error {
	return s.end(ctx, tx, oid, reason, `id::text <> $4`, keep)
}

func (s *Sessions) end(ctx context.Context, tx *db.Tx, oid person.OID, reason, where, arg string) error {
	ids, err := db.List[string](ctx, tx, `UPDATE session.session SET ended_at = $2, end_reason = $3
		WHERE oid = $1 AND ended_at IS NULL AND `+where+` RETURNING id::text`, oid, s.Clock.Now(), reason, arg)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	for _, f := range s.OnEnd {
		if err := f(ctx, tx, oid, ids); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
	}
	return nil
}

// SignedIn gives the accounts after a number that have an open session, in order.
func (s *Sessions) SignedIn(ctx context.Context, after person.OID, limit int) (oids []person.OID, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		oids, err = db.List[person.OID](ctx, tx, `SELECT DISTINCT oid FROM session.session WHERE ended_at IS NULL AND oid > $1 ORDER BY oid LIMIT $2`, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list who is signed in: %w", err)
	}
	return oids, nil
}

// List gives a person's living sessions, the one used last first.
func (s *Sessions) List(ctx context.Context, oid person.OID) ([]*Session, error) {
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Session
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		now := s.Clock.Now()
		rows, err := db.List[row](ctx, tx, `SELECT `+columns+` FROM session.session
			WHERE oid = $1 AND ended_at IS NULL AND expires_at > $2 AND seen_at > $3 ORDER BY seen_at DESC LIMIT 100`,
			oid, now, now.Add(-v.SessionIdle.D()))
		for _, r := range rows {
			out = append(out, r.session(v.SessionIdle.D()))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}

// Erase removes what a deleted account leaves: wired into person.Persons.OnDelete.
func (s *Sessions) Erase(ctx context.Context, tx *db.Tx, oid person.OID) error {
	if err := s.EndOthers(ctx, tx, oid, "", EndDeletion); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM session.session WHERE oid = $1`, oid)
	return err
}

// kept is how long an ended session can be looked at in a dispute.
const kept = 90 * 24 * time.Hour

// EraseEnded deletes rows that ended or expired long ago: the sweep session.erase.
func (s *Sessions) EraseEnded(ctx context.Context) (int, error) {
	var n int64
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM session.session WHERE id IN
			(SELECT id FROM session.session WHERE ended_at < $1 OR (ended_at IS NULL AND expires_at < $1) LIMIT 1000)`, s.Clock.Now().Add(-kept))
		return err
	})
	return int(n), err
}

// DeviceName makes the short name of a browser that people recognise in the
// list of devices: «Firefox, Windows». Nothing finer is kept.
func DeviceName(userAgent string) string {
	find := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := find("YaBrowser", "Яндекс Браузер", "Edg", "Edge", "OPR", "Opera", "Firefox", "Firefox", "FxiOS", "Firefox",
		"SamsungBrowser", "Samsung Internet", "Chrome", "Chrome", "CriOS", "Chrome", "Safari", "Safari")
	system := find("Windows", "Windows", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Mac OS", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return browser + ", " + system
	case browser != "":
		return browser
	}
	return system
}
