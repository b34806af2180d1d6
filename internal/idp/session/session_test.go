package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
)

var start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

const anna, ivan = person.OID(1_000_000_001), person.OID(1_000_000_002)

func setUp(t *testing.T) *session.Sessions {
	t.Helper()
	d := dbtest.New(t, session.Migrations(), setting.Migrations())
	c := clock.At(start)
	return &session.Sessions{DB: d, Clock: c, Keys: crypt.NewTestKeyring(), Settings: &setting.Settings{DB: d, Clock: c}}
}

func open(t *testing.T, s *session.Sessions, oid person.OID) (string, *session.Session) {
	t.Helper()
	var token string
	var opened *session.Session
	inTx(t, s, func(ctx context.Context, tx *db.Tx) (err error) {
		token, opened, err = s.Open(ctx, tx, session.Opening{
			OID: oid, Level: person.Simplified, AMR: []string{session.AMRPassword},
			Visit: session.Visit{Device: "d", Network: "203.0.113.7", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"},
		})
		return err
	})
	return token, opened
}

func inTx(t *testing.T, s *session.Sessions, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

func alive(t *testing.T, s *session.Sessions, token string) *session.Session {
	t.Helper()
	got, err := s.ByToken(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ID-LOG-14: sessions end by themselves, when idle and at the latest after twelve hours.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	token, _ := open(t, s, anna)
	s.Clock.Advance(29 * time.Minute)
	if alive(t, s, token) == nil {
		t.Fatal("ended before the idle time")
	}
	s.Clock.Advance(29 * time.Minute)
	if alive(t, s, token) == nil {
		t.Fatal("use did not prolong")
	}
	s.Clock.Advance(30 * time.Minute)
	if alive(t, s, token) != nil {
		t.Error("lives after thirty minutes without use")
	}
	token, _ = open(t, s, anna)
	for range 12*60/20 - 1 {
		s.Clock.Advance(20 * time.Minute)
		if alive(t, s, token) == nil {
			t.Fatal("ended in use")
		}
	}
	s.Clock.Advance(20 * time.Minute)
	if alive(t, s, token) != nil {
		t.Error("lives after twelve hours")
	}
}

func TestUnknownTokens(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	for _, bad := range []string{"", "x", crypt.Token()} {
		if alive(t, s, bad) != nil {
			t.Errorf("%q is a session", bad)
		}
	}
}

// ID-SEC-10: a device's session can be ended; a foreign one is not found. ID-LOG-13: an ended session is gone.
func TestEnd(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	var ended []string
	s.OnEnd = append(s.OnEnd, func(_ context.Context, _ *db.Tx, _ person.OID, ids []string) error {
		ended = append(ended, ids...)
		return nil
	})
	first, one := open(t, s, anna)
	second, two := open(t, s, anna)
	foreign, three := open(t, s, ivan)
	list, err := s.List(ctx, anna)
	if err != nil || len(list) != 2 || list[0].DeviceName != "Firefox, Windows" {
		t.Fatalf("list %+v, %v", list, err)
	}
	inTx(t, s, func(ctx context.Context, tx *db.Tx) error {
		if err := s.End(ctx, tx, anna, three.ID, session.EndDevice); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a foreign session: %v", err)
		}
		if err := s.End(ctx, tx, anna, "not-an-id", session.EndDevice); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("nonsense: %v", err)
		}
		return s.EndOthers(ctx, tx, anna, two.ID, session.EndPassword)
	})
	if alive(t, s, first) != nil || alive(t, s, second) == nil || alive(t, s, foreign) == nil {
		t.Error("EndOthers ended the wrong ones")
	}
	inTx(t, s, func(ctx context.Context, tx *db.Tx) error { return s.End(ctx, tx, anna, two.ID, session.EndLogout) })
	inTx(t, s, func(ctx context.Context, tx *db.Tx) error { return s.End(ctx, tx, anna, two.ID, session.EndLogout) })
	if alive(t, s, second) != nil || len(ended) != 2 || ended[0] != one.ID || ended[1] != two.ID {
		t.Errorf("ended %v", ended)
	}
}

// ID-VER-12: a session keeps the level of its sign-in. ID-SEC-13: an old proof is not fresh.
func TestLevelAndFreshness(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	token, opened := open(t, s, anna)
	if got := alive(t, s, token).Effective(person.Standard); got != person.Simplified {
		t.Errorf("acts with level %s", got)
	}
	if err := s.MustBeFresh(ctx, opened); err != nil {
		t.Errorf("just signed in: %v", err)
	}
	s.Clock.Advance(10 * time.Minute)
	if err := s.MustBeFresh(ctx, alive(t, s, token)); !fault.Is(err, fault.KindUnauthenticated) {
		t.Errorf("ten minutes later: %v", err)
	}
	var renewed string
	inTx(t, s, func(ctx context.Context, tx *db.Tx) (err error) {
		renewed, err = s.Renew(ctx, tx, opened.ID, person.Standard, []string{session.AMRPassword, session.AMROTP})
		return err
	})
	if alive(t, s, token) != nil {
		t.Error("the token from before the new proof still works")
	}
	got := alive(t, s, renewed)
	if got == nil || got.ID != opened.ID || got.Level != person.Standard || got.ACR() != "2fa" || s.MustBeFresh(ctx, got) != nil {
		t.Errorf("renewed %+v", got)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	ctx := context.Background()
	token, _ := open(t, s, anna)
	open(t, s, ivan)
	inTx(t, s, func(ctx context.Context, tx *db.Tx) error { return s.Erase(ctx, tx, anna) })
	if alive(t, s, token) != nil {
		t.Error("a deleted person's session lives")
	}
	s.Clock.Advance(91 * 24 * time.Hour)
	if n, err := s.EraseEnded(ctx); err != nil || n != 1 {
		t.Errorf("erased %d, %v", n, err)
	}
}
