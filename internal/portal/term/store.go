package term

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema term.
func Migrations() db.Source { return db.Source{Context: "term", FS: migrations, Tables: tables} }

// Years keeps the production calendars of one portal and brings them into the Calendar by which its
// contexts count.
type Years struct {
	DB    *db.DB
	Clock *clock.Clock
	// Calendar is the shared one; Refresh changes it in place.
	Calendar *Calendar
	// Changed is called in the transaction of an import that changes days: contexts count the due
	// moments of open cases anew. May be nil.
	Changed func(ctx context.Context, tx *db.Tx, year int, new *Calendar) error
}

// Import takes the production calendar of a year in the format of xmlcalendar with the act that it
// follows («постановление Правительства РФ от 04.10.2024 № 1335»). A file that cannot be read is
// fault term.invalid; the same days again change nothing.
func (y *Years) Import(ctx context.Context, source, decree, actor string) (year int, err error) {
	parsed, err := ParseXML(strings.NewReader(source))
	if err != nil {
		return 0, fault.Invalid("term.invalid").With("problem", err.Error()).Wrap(err)
	}
	if strings.TrimSpace(decree) == "" {
		return 0, fault.Invalid("term.no_decree", fault.F("decree", "term.no_decree"))
	}
	err = y.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO term.year (year, version, source, decree, changed_at, changed_by)
			SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM term.year WHERE year = $1
			HAVING NOT EXISTS (SELECT FROM term.year t WHERE t.year = $1 AND t.source = $2 AND t.decree = $3
				AND t.version = (SELECT max(version) FROM term.year WHERE year = $1))`,
			parsed.Year, source, decree, y.Clock.Now(), actor)
		if err != nil || n == 0 || y.Changed == nil {
			return err
		}
		return y.Changed(ctx, tx, parsed.Year, y.Calendar.With(parsed))
	})
	if err != nil {
		return 0, fmt.Errorf("import calendar of %d: %w", parsed.Year, err)
	}
	return parsed.Year, y.Refresh(ctx)
}

// Refresh brings the imported years into the Calendar: at the start and every minute, since another
// process may have imported one.
func (y *Years) Refresh(ctx context.Context) error {
	type row struct {
		Source string `db:"source"`
		Decree string `db:"decree"`
	}
	var rows []row
	err := y.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[row](ctx, tx, `SELECT DISTINCT ON (year) source, decree FROM term.year ORDER BY year, version DESC LIMIT 300`)
		return err
	})
	if err != nil {
		return fmt.Errorf("read calendars: %w", err)
	}
	for _, r := range rows {
		parsed, err := ParseXML(strings.NewReader(r.Source))
		if err != nil {
			return fmt.Errorf("read calendars: %w", err)
		}
		parsed.Decree = r.Decree
		y.Calendar.set(parsed)
	}
	return nil
}

// Imported is one import of a calendar.
type Imported struct {
	Year    int       `db:"year"`
	Version int       `db:"version"`
	Decree  string    `db:"decree"`
	At      time.Time `db:"changed_at"`
	By      string    `db:"changed_by"`
}

// History answers the imports, the newest year and version first.
func (y *Years) History(ctx context.Context) (out []Imported, err error) {
	err = y.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Imported](ctx, tx, `SELECT year, version, decree, changed_at, changed_by FROM term.year
			ORDER BY year DESC, version DESC LIMIT 200`)
		return err
	})
	return out, err
}
