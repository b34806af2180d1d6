package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/locale"
)

// eachAct gives all acts of erasure of a configuration's databases, until do
// says stop.
func eachAct(ctx context.Context, cfg Config, do func(database string, d *db.DB, a *ledger.Act) (stop bool)) error {
	keys, closeDevice, err := loadKeys(cfg)
	if err != nil {
		return err
	}
	defer closeDevice()
	stopped := false
	return eachDatabase(ctx, cfg, func(name string, d *db.DB, _ []db.Source) error {
		l := &ledger.Ledger{DB: d, Clock: clock.New(), Keys: keys}
		for after := ""; !stopped; {
			var acts []ledger.Act
			err := d.Read(ctx, func(tx *db.Tx) (err error) {
				acts, after, err = l.Acts(ctx, tx, after, 200)
				return err
			})
			if err != nil {
				return err
			}
			for i := range acts {
				if stopped = do(name, d, &acts[i]); stopped {
					return nil
				}
			}
			if after == "" {
				return nil
			}
		}
		return nil
	})
}

// ListErasures prints one line for each act of erasure, the newest first by
// database.
func ListErasures(ctx context.Context, cfg Config, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DATABASE\tACT\tAT\tWHOSE\tREASON\tTABLES")
	err := eachAct(ctx, cfg, func(name string, _ *db.DB, a *ledger.Act) bool {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\n", name, a.ID, a.At.Format(time.RFC3339), a.Object, a.Reason, len(a.Lines))
		return false
	})
	return errors.Join(err, t.Flush())
}

// PrintErasure prints an act as the paper that the operator of personal data
// signs: order 179 of Roskomnadzor of 28.10.2022, points 3 and 5.
func PrintErasure(ctx context.Context, cfg Config, id string, out io.Writer) error {
	bundle, err := i18n.Load(locale.FS)
	if err != nil {
		return err
	}
	found := false
	err = eachAct(ctx, cfg, func(name string, d *db.DB, a *ledger.Act) bool {
		if found = a.ID == id; found {
			err = writeErasure(out, bundle.For("ru"), cfg.operatorOf(ctx, name, d), name, a)
		}
		return found
	})
	if err == nil && !found {
		return fmt.Errorf("there is no act %s", id)
	}
	return err
}

// operatorOf is who answers for a database's data: a portal as it calls itself now.
func (c *Config) operatorOf(ctx context.Context, database string, d *db.DB) string {
	if c.IDP != nil && database == idpDatabase {
		return c.IDP.Operator
	}
	for i := range c.Portals {
		if p := &c.Portals[i]; p.databaseName() == database {
			b := brandsOf(d, clock.New(), nil, p.Brand).Now(ctx)
			return strings.TrimSpace(b.Name.RU + " " + b.Sub.RU)
		}
	}
	return ""
}

func writeErasure(out io.Writer, l *i18n.Localizer, operator, system string, a *ledger.Act) error {
	if operator == "" {
		operator = "____________________"
	}
	lines := []string{
		l.T("erasure.title", "id", a.ID), "",
		l.T("erasure.operator", "operator", operator),
		l.T("erasure.system", "system", system),
		l.T("erasure.subject", "subject", a.Object),
		l.T("erasure.date", "date", a.At.UTC().Format("02.01.2006 15:04:05")),
		l.T("erasure.reason", "reason", l.T("erasure.reason."+a.Reason)),
		l.T("erasure.method"), "", l.T("erasure.lines"),
	}
	for i, one := range a.Lines {
		var data []string
		for _, d := range one.Data {
			data = append(data, l.T("erasure.data."+d))
		}
		if data == nil {
			data = []string{l.T("erasure.data.none")}
		}
		text := l.T("erasure.line", "table", one.Table, "data", strings.Join(data, ", "), "rows", int(one.Rows), "left", int(one.Left))
		if one.Stays != "" {
			text += "; " + l.T("erasure.stays", "what", l.T("erasure.stays."+one.Table))
		}
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, text))
	}
	lines = append(lines, "", l.T("erasure.proof", "id", a.ID), "", l.T("erasure.signed"))
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	return err
}
