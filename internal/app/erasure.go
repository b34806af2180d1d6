package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/application"
)

// Reasons of an act of erasure; erasure.reason.<reason> is the text.
const (
	erasedAccount = "account_deleted" // by its owner
	erasedTerm    = "term_over"       // of retention
	erasedLink    = "case_over"       // the last link of a deleted account
)

// witness counts what the tables hold of a person before an erasure; what it
// returns counts again and writes the act. subject is whose journal is erased,
// key what the other tables name the person by.
func witness(l *ledger.Ledger, tables []db.Table, subject string) func(ctx context.Context, tx *db.Tx, key any) (func(ctx context.Context) error, error) {
	return func(ctx context.Context, tx *db.Tx, key any) (func(ctx context.Context) error, error) {
		before, err := census(ctx, tx, tables, subject, key)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			after, err := census(ctx, tx, tables, subject, key)
			if err != nil {
				return err
			}
			act := ledger.Act{Object: subject, Actor: subject, Reason: erasedAccount}
			for i := range tables {
				t := &tables[i]
				if before[t.Name] > 0 {
					act.Lines = append(act.Lines, ledger.ActLine{Table: t.Name, Data: dataOf(t), Rows: before[t.Name], Left: after[t.Name], Stays: t.Stays})
				}
			}
			return l.AppendAct(ctx, tx, act)
		}, nil
	}
}

func census(ctx context.Context, tx *db.Tx, tables []db.Table, subject string, key any) (map[string]int64, error) {
	out := map[string]int64{}
	for i := range tables {
		t := &tables[i]
		if t.Person == "" {
			continue
		}
		who := key
		if t.Name == "ledger.entry" {
			who = subject
		}
		n, err := db.Get[int64](ctx, tx, `SELECT count(*) FROM `+pgx.Identifier(strings.Split(t.Name, ".")).Sanitize()+
			` WHERE `+pgx.Identifier{t.Person}.Sanitize()+` = $1`, who)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", t.Name, err)
		}
		out[t.Name] = n
	}
	return out, nil
}

func dataOf(t *db.Table) []string {
	out := make([]string, 0, len(t.Holds))
	for _, h := range t.Holds {
		out = append(out, string(h))
	}
	return out
}

// witnessPerson writes the act of a deleted account of the identity provider.
func (p *idp) witnessPerson(ctx context.Context, tx *db.Tx, oid person.OID) (func(ctx context.Context) error, error) {
	return witness(p.journal.Ledger(), db.Tables(idpMigrations()...), "person:"+strconv.FormatInt(oid, 10))(ctx, tx, oid)
}

// witnessAccount writes the act of a closed account of a portal.
func (p *portal) witnessAccount(ctx context.Context, tx *db.Tx, owner string) (func(ctx context.Context) error, error) {
	return witness(p.journal.Ledger(), db.Tables(portalMigrations()...), "account:"+owner)(ctx, tx, owner)
}

// forgetJournal clears the journal of a closed account, unless an open case
// still needs it (G-22); then [portal.parted] does.
func (p *portal) forgetJournal(ctx context.Context, tx *db.Tx, owner string) error {
	open, err := p.applications.HasOpen(ctx, tx, owner)
	if err != nil || open {
		return err
	}
	return p.journal.Forget(ctx, tx, owner)
}

// parted writes the act of a case that has lost its link to a person.
func (p *portal) parted(ctx context.Context, tx *db.Tx, c application.Parted) error {
	if c.Last {
		if err := p.journal.Forget(ctx, tx, c.Owner); err != nil {
			return err
		}
	}
	return p.journal.Ledger().AppendAct(ctx, tx, ledger.Act{
		Object: "application:" + c.Application, Reason: erasedLink,
		Lines: []ledger.ActLine{{Table: "application.application", Data: []string{string(db.Names)}, Rows: 1, Left: 1, Stays: "the case under an owner who is nobody"}},
	})
}

// caseErased writes the act of a case whose term of retention is over.
func (p *portal) caseErased(ctx context.Context, tx *db.Tx, id string, rows map[string]int64) error {
	act := ledger.Act{Object: "application:" + id, Reason: erasedTerm}
	tables := db.Tables(portalMigrations()...)
	for i := range tables {
		t := &tables[i]
		n := rows[t.Name]
		if n == 0 {
			continue
		}
		line := ledger.ActLine{Table: t.Name, Data: dataOf(t), Rows: n}
		if t.Kept != "" {
			line.Left, line.Stays = n, t.Kept
		}
		act.Lines = append(act.Lines, line)
	}
	return p.journal.Ledger().AppendAct(ctx, tx, act)
}
