package oidcrp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/oidcrp"
)

// elsewhere is the same site in another process: a database handle of its own.
func (w *world) elsewhere() *world {
	w.t.Helper()
	d, err := db.Open(w.t.Context(), db.Config{URL: w.party.DB.URL(), MaxConns: 4})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(d.Close)
	return &world{w.issuer, &oidcrp.Party{DB: d, Clock: w.clock, Keys: w.party.Keys, Config: w.party.Config}, w.clock}
}

// remember has sessions kept in memory from now on, whatever stops the machine.
func (w *world) remember() {
	w.t.Helper()
	w.party.DB.BelieveFor(time.Hour)
	w.catchUp()
}

func (w *world) catchUp() {
	w.t.Helper()
	if err := w.party.DB.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// Pages do not ask the database who is signed in; leaving is seen at once where
// it happens and by the next question elsewhere, which is asked four times a
// second (ID-LOG-13).
func TestLeavingIsSeenByEveryProcess(t *testing.T) {
	t.Parallel()
	here := open(t)
	there := here.elsewhere()
	here.remember()
	there.remember()
	c := here.signIn()
	if here.session(c) == nil || there.session(c) == nil {
		t.Fatal("not signed in")
	}
	// Nobody tells of this: whoever is asked still must know the person by heart.
	ctx := t.Context()
	touch := func(sql string) {
		t.Helper()
		if err := here.party.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, sql); return err }); err != nil {
			t.Fatal(err)
		}
	}
	touch(`ALTER TABLE rp.session RENAME TO hidden`)
	s := here.session(c)
	if s == nil || there.session(c) == nil {
		t.Fatal("the database was asked for a session that is kept")
	}
	// What a caller gets is his own.
	s.Subject = "changed"
	if here.session(c).Subject != "1000000001" {
		t.Error("two requests share one session")
	}
	touch(`ALTER TABLE rp.hidden RENAME TO session`)
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.AddCookie(c)
	if err := here.party.Logout(httptest.NewRecorder(), r); err != nil {
		t.Fatal(err)
	}
	if here.session(c) != nil {
		t.Error("signed in after leaving")
	}
	there.catchUp()
	if there.session(c) != nil {
		t.Error("another process did not hear that the person has left")
	}
}

// A session that one process sees in use does not end as idle in another that
// keeps it since earlier.
func TestUseElsewhereKeepsASessionAlive(t *testing.T) {
	t.Parallel()
	here := open(t)
	there := here.elsewhere()
	here.remember()
	there.remember()
	c := here.signIn()
	if there.session(c) == nil {
		t.Fatal("not signed in")
	}
	here.clock.Advance(20 * time.Minute)
	if here.session(c) == nil {
		t.Fatal("ended too early")
	}
	here.clock.Advance(15 * time.Minute)
	if there.session(c) == nil {
		t.Error("idle for 35 minutes there, used 15 minutes ago here: it must live")
	}
	here.clock.Advance(31 * time.Minute)
	if here.session(c) != nil || there.session(c) != nil {
		t.Error("idle for 31 minutes everywhere, and it lives")
	}
}
