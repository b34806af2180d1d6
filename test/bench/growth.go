package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

const fewAccounts = 10_000

// growth is P10: the same work with few accounts and with many. Both stand side
// by side, each with a server of its own, and are measured in turn.
func (b *bench) growth() error {
	var small, large *grown
	for _, n := range []struct {
		to       **grown
		accounts int
	}{{&small, fewAccounts}, {&large, b.accounts}} {
		s, err := b.startSide("demo")
		if err != nil {
			return err
		}
		g := &grown{b: b, s: s}
		if g.p, err = b.newParty(s); err != nil {
			return err
		}
		if err := g.load(n.accounts); err != nil {
			return err
		}
		if g.t, err = g.p.signIn(b, drive.NewPerson()); err != nil {
			return err
		}
		if _, _, err := g.work(); err != nil { // warm
			return err
		}
		*n.to = g
	}
	var p99s, rates []float64
	var p99, rate [2][]float64
	for range b.rounds {
		lp, lr, err := large.work()
		if err != nil {
			return err
		}
		sp, sr, err := small.work()
		if err != nil {
			return err
		}
		p99s, rates = append(p99s, lp/sp), append(rates, lr/sr)
		p99[0], p99[1], rate[0], rate[1] = append(p99[0], lp), append(p99[1], sp), append(rate[0], lr), append(rate[1], sr)
	}
	sides := fmt.Sprintf("%d accounts against %d; refresh, userinfo, introspection", b.accounts, fewAccounts)
	b.add(row{
		goal: "P10", what: "p99", unit: "ms", ours: median(p99[0]), floor: median(p99[1]), ratio: median(p99s), want: "≤ 1.30", ok: median(p99s) <= 1.3, note: sides,
	})
	b.add(row{
		goal: "P10", what: "throughput", unit: "per second", ours: median(rate[0]), floor: median(rate[1]), ratio: median(rates), want: "≥ 0.80",
		ok: median(rates) >= 0.8, note: sides,
	})
	return b.profiled(large.s, "P10", func() error { _, _, err := large.work(); return err })
}

// grown is a side with accounts.
type grown struct {
	b *bench
	s *side
	p *party
	t tokens
}

// load makes accounts with a phone, a password and an open session each, as the
// product would have written them; what is sealed is as long as the real thing.
func (g *grown) load(n int) error {
	const sql = `
SET synchronous_commit = off; SET maintenance_work_mem = '256MB';
INSERT INTO person.person (oid, level, level_at, surname, given, patronymic, name_key, created_at, updated_at)
SELECT 1500000000 + i, 1, t, 'Тестов' || i %% 5000, 'Иван', 'Петрович', 'тестов' || i %% 5000, t, t
  FROM generate_series(1, %[1]d) i, (SELECT timestamptz '2026-01-01' t) x;
INSERT INTO person.contact (id, oid, kind, value_sealed, value_index, state, created_at, confirmed_at)
SELECT gen_random_uuid(), 1500000000 + i, 'phone', sha256(i::text::bytea) || sha256('s'::bytea) || sha256('t'::bytea), sha256(('v' || i)::bytea), 'confirmed', t, t
  FROM generate_series(1, %[1]d) i, (SELECT timestamptz '2026-01-01' t) x;
INSERT INTO credential.password (oid, hash, set_at)
SELECT 1500000000 + i, '$argon2id$v=19$m=19456,t=2,p=1$' || substr(md5(i::text), 1, 22) || '$' || md5(i::text) || substr(md5('x' || i), 1, 11), timestamptz '2026-01-01'
  FROM generate_series(1, %[1]d) i;
ANALYZE person.person; ANALYZE person.contact; ANALYZE credential.password;
CHECKPOINT;`
	_, err := g.s.tool(g.b.ctx, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", fmt.Sprintf(sql, n), "okno_idp")
	return err
}

// work asks what apps and portals ask, and signs somebody in now and then.
func (g *grown) work() (p99, perSecond float64, err error) {
	const n = 400
	took := make([]float64, n)
	start := time.Now()
	err = each(n, 2, func(i int) error {
		at := time.Now()
		defer func() { took[i] = float64(time.Since(at).Microseconds()) / 1000 }()
		switch i % 4 {
		case 0:
			_, err := g.p.call("/oauth2/introspect", url.Values{"token": {g.t.Access}})
			return err
		case 1: // a token that nobody has
			res, err := g.p.http.Post(g.s.url("esia", "/oauth2/token"), "application/x-www-form-urlencoded",
				bytes.NewBufferString(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"none"}, "client_id": {g.p.id}}.Encode()))
			if err != nil {
				return err
			}
			if res.StatusCode == http.StatusOK {
				err = fmt.Errorf("a made-up token was taken")
			}
			_ = res.Body.Close()
			return err
		default:
			return g.p.userInfo(g.t)
		}
	})
	perSecond = n / time.Since(start).Seconds()
	slices.Sort(took)
	return took[n*99/100], perSecond, err
}
