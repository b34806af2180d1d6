package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/app"
)

// populace fills the database of the identity provider with accounts of the standard
// level as the product would have written them: sealed values and blind indexes
// are real, so that each of these people can sign in, be found at a desk and be
// read. It runs in the child, which holds the keys.
type populace struct {
	demo   *app.Demo
	url    string // of the database
	client string // that everybody has consented to
	hash   string // of everybody's password
	taken  map[int64]bool
	now    time.Time
}

// Each number below is one account. The mappings are the same in the measuring
// process, which names people by them.

func crowdOID(i int) int64    { return 1_000_000_000 + (int64(i)*7_368_787+12_345)%1_147_483_648 }
func crowdPhone(i int) string { return fmt.Sprintf("+793%08d", i) }
func crowdEmail(i int) string { return fmt.Sprintf("person%d@example.org", i) }
func crowdPassport(i int) (series, number string) {
	return fmt.Sprintf("9%03d", i/1_000_000), fmt.Sprintf("%06d", i%1_000_000)
}

// crowdSNILS has a right check number: the digits weighted 9…1, modulo 101.
func crowdSNILS(i int) string {
	s := fmt.Sprintf("%09d", 100_000_000+i)
	sum := 0
	for k, c := range s {
		sum += int(c-'0') * (9 - k)
	}
	return fmt.Sprintf("%s%02d", s, sum%101%100)
}

func crowdID(kind string, i int) (id [16]byte) {
	sum := sha256.Sum256([]byte(kind + strconv.Itoa(i)))
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}

func crowdUUID(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// crowdRefresh is the refresh token of an account: family, secret, and the tag of
// whoever gave it out.
func crowdRefresh(demo *app.Demo, i int) string {
	id := crowdID("family", i)
	raw := append(id[:], digest(id)...)
	return base64.RawURLEncoding.EncodeToString(append(raw, demo.Keyring().MAC("token.refresh_tag", string(raw))[:16]...))
}

// bulk is one table with its columns and the rows of one account.
type bulk struct {
	table   string
	columns string
	rows    func(i int) [][]any
}

func (c *populace) tables() []bulk {
	seal, index := c.demo.Keyring().Seal, c.demo.Keyring().Index
	long := c.now.AddDate(0, -6, 0)
	oid := func(i int) string { return strconv.FormatInt(crowdOID(i), 10) }
	name := func(i int) (string, string, string) {
		return "Тестов" + string(rune('а'+i%32)), "Иван", "Петрович"
	}
	scopes := strings.Fields(growthScopes)
	document := func(i int) [16]byte { return crowdID("document", i) }
	return []bulk{
		{"person.person", "oid,level,level_at,surname,given,patronymic,name_key,sex,birth_date,birth_place,citizenship,version,created_at,updated_at", func(i int) [][]any {
			s, g, p := name(i)
			return [][]any{{crowdOID(i), int16(2), long, s, g, p, strings.ToLower(s + " " + g + " " + p), "M", long.AddDate(-40, 0, 0), "г. Тюмень", "RUS", int32(1), long, long}}
		}},
		{"person.contact", "id,oid,kind,value_sealed,value_index,state,created_at,confirmed_at", func(i int) [][]any {
			row := func(kind, value string) []any {
				return []any{crowdID(kind, i), crowdOID(i), kind, seal([]byte(value), "person.contact:"+kind+":"+oid(i)), index(kind, value), "confirmed", long, long}
			}
			return [][]any{row("phone", crowdPhone(i)), row("email", crowdEmail(i))}
		}},
		{"person.claim", "kind,value_index,oid,claimed_at", func(i int) [][]any {
			row := func(kind, value string) []any { return []any{kind, index(kind, value), crowdOID(i), long} }
			return [][]any{row("phone", crowdPhone(i)), row("email", crowdEmail(i)), row("snils", crowdSNILS(i))}
		}},
		{"person.version", "oid,version,state,surname,given,patronymic,sex,birth_date,birth_place,citizenship,snils_sealed,snils_index,document_id,entered_at,entered_by,ended_at,verified_by", func(i int) [][]any {
			s, g, p := name(i)
			return [][]any{{
				crowdOID(i), int32(1), "verified", s, g, p, "M", long.AddDate(-40, 0, 0), "г. Тюмень", "RUS",
				seal([]byte(crowdSNILS(i)), "person.snils:"+oid(i)), index("snils", crowdSNILS(i)), document(i), long, "self", long, "registers",
			}}
		}},
		{"person.document", "id,oid,type,sealed,number_index,state,state_at,verified_by,entered_at", func(i int) [][]any {
			series, number := crowdPassport(i)
			data, _ := json.Marshal(map[string]string{"series": series, "number": number, "issue_date": "2014-06-21", "issued_by": "УМВД России по Тюменской области", "issue_id": "720001"})
			id := document(i)
			return [][]any{{
				id, crowdOID(i), "RF_PASSPORT", seal(data, "person.document:"+crowdUUID(id)+":"+oid(i)),
				index("document", "RF_PASSPORT|"+series+"|"+number), "verified", long, "mvd", long,
			}}
		}},
		{"credential.password", "oid,hash,set_at", func(i int) [][]any { return [][]any{{crowdOID(i), c.hash, long}} }},
		{"credential.device", "oid,device_hash,used_at", func(i int) [][]any {
			id := crowdID("device", i)
			return [][]any{{crowdOID(i), append(id[:], id[:]...), c.now}}
		}},
		{"session.session", "id,oid,token_hash,level,amr,auth_at,opened_at,seen_at,expires_at,foreign_computer,device_hash,device_name,network,ended_at,end_reason", func(i int) [][]any {
			id, at := crowdID("session", i), c.now.AddDate(0, 0, -1)
			return [][]any{{
				id, crowdOID(i), digest(id), int16(2),
				[]string{"pwd"},
				at, at, at, at.Add(12 * time.Hour), false,
				digest(crowdID("device", i)), "Firefox, Windows", digest(crowdID("network", i%1000)), at.Add(time.Hour), "logout",
			}}
		}},
		{"consent.consent", "oid,id,chain,client_id,client_name,scopes,purpose,text_version,locale,given_at,expires_at", func(i int) [][]any {
			id := crowdID("consent", i)
			return [][]any{{crowdOID(i), id, id, c.client, "Bench", scopes, "", "login-2026-11", "ru", long, long.AddDate(3, 0, 0)}}
		}},
		{"consent.visit", "oid,client_id,first_at,last_at,count", func(i int) [][]any { return [][]any{{crowdOID(i), c.client, long, c.now, int64(3)}} }},
		{"token.family", "oid,id,client_id,session_id,consent_id,scopes,nonce,auth_time,level,acr,amr,offline,created_at,expires_at,refresh_hash,refreshed_at", func(i int) [][]any {
			at, hash := c.now.AddDate(0, 0, -1), sha256.Sum256([]byte(crowdRefresh(c.demo, i)))
			return [][]any{{
				crowdOID(i), crowdID("family", i), c.client, crowdID("session", i), crowdID("consent", i), scopes, "n", at, int16(2), "2",
				[]string{"pwd"},
				true, at, at.AddDate(0, 0, 20),
				hash[:], at,
			}}
		}},
		{"ledger.entry", "id,subject,actor,kind,object,at,payload,payload_hash,hash,key_id,batch", func(i int) [][]any {
			id := crowdID("entry", i)
			salted := append(digest(id), `{"device":"Firefox, Windows"}`...)
			sealed := seal(salted, "ledger.entry:"+crowdUUID(id))
			// Already in a batch: the sealer of the journal has nothing to catch up with.
			return [][]any{{id, "person:" + oid(i), "person:" + oid(i), "person.signed_in", "", c.now.AddDate(0, 0, -1), sealed, digest(id), digest(id), c.demo.Keyring().ActiveID(), int64(-1 - i/1000)}}
		}},
	}
}

func digest(id [16]byte) []byte {
	sum := sha256.Sum256(id[:])
	return sum[:]
}

// fill copies n accounts in, without the indexes, which are built afterwards.
func (c *populace) fill(ctx context.Context, n int) error {
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := c.look(ctx, conn); err != nil {
		return err
	}
	tables := c.tables()
	indexes, err := dropIndexes(ctx, conn, tables)
	if err != nil {
		return err
	}
	err = c.atOnce(ctx, len(tables), func(conn *pgx.Conn, k int) error { return c.copyIn(ctx, conn, tables[k], n) })
	if err != nil {
		return err
	}
	err = c.atOnce(ctx, len(indexes), func(conn *pgx.Conn, k int) error { _, err := conn.Exec(ctx, indexes[k]); return err })
	if err != nil {
		return err
	}
	// The statistics stand, and no vacuum starts amid the measuring.
	err = c.atOnce(ctx, len(tables), func(conn *pgx.Conn, k int) error {
		_, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+tables[k].table)
		return err
	})
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CHECKPOINT")
	return err
}

// look reads what the accounts share, and which numbers are taken.
func (c *populace) look(ctx context.Context, conn *pgx.Conn) error {
	c.now = time.Now().UTC()
	if err := conn.QueryRow(ctx, `SELECT hash FROM credential.password ORDER BY set_at LIMIT 1`).Scan(&c.hash); err != nil {
		return fmt.Errorf("hash of the demo's password: %w", err)
	}
	rows, err := conn.Query(ctx, `SELECT oid FROM person.person`)
	if err != nil {
		return err
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	c.taken = map[int64]bool{}
	for _, oid := range oids {
		c.taken[oid] = true
	}
	return err
}

func (c *populace) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, c.url)
	if err == nil {
		_, err = conn.Exec(ctx, `SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'`)
	}
	return conn, err
}

// atOnce works on two connections.
func (c *populace) atOnce(ctx context.Context, n int, f func(conn *pgx.Conn, k int) error) error {
	return each(n, 2, func(k int) error {
		conn, err := c.connect(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		return f(conn, k)
	})
}

func (c *populace) copyIn(ctx context.Context, conn *pgx.Conn, t bulk, n int) error {
	var waiting [][]any
	i := 0
	source := pgx.CopyFromFunc(func() ([]any, error) {
		for len(waiting) == 0 {
			if i == n {
				return nil, nil
			}
			if !c.taken[crowdOID(i)] {
				waiting = t.rows(i)
			}
			i++
		}
		row := waiting[0]
		waiting = waiting[1:]
		return row, nil
	})
	_, err := conn.CopyFrom(ctx, strings.Split(t.table, "."), strings.Split(t.columns, ","), source)
	if err != nil {
		return fmt.Errorf("copy %s: %w", t.table, err)
	}
	return nil
}

// dropIndexes drops the indexes that no constraint needs and returns what makes them again.
func dropIndexes(ctx context.Context, conn *pgx.Conn, tables []bulk) (again []string, err error) {
	var names []string
	for _, t := range tables {
		names = append(names, t.table)
	}
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', schemaname, indexname), indexdef FROM pg_indexes x
		WHERE schemaname || '.' || tablename = ANY($1)
		AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = format('%I.%I', x.schemaname, x.indexname)::regclass)`, names)
	if err != nil {
		return nil, err
	}
	var drops []string
	var name, def string
	_, err = pgx.ForEachRow(rows, []any{&name, &def}, func() error {
		drops, again = append(drops, "DROP INDEX "+name), append(again, def)
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, strings.Join(drops, ";"))
	return again, err
}

// fillCrowd is the child's command «crowd <accounts> <client>».
func fillCrowd(demo *app.Demo, rest string) error {
	count, client, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if demo == nil || err != nil {
		return errors.Join(err, errors.New("only the demo has accounts"))
	}
	c := &populace{demo: demo, client: client}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	_, socket, err := (&side{state: os.Getenv(stateEnv)}).postgres()
	if err != nil {
		return err
	}
	c.url = "host=" + socket + " user=postgres dbname=okno_idp"
	return c.fill(ctx, n)
}
