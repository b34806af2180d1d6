package person

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/event"
)

// Data is the personal-data form, validated and normalised: 12 fields (C-55).
type Data struct {
	Surname, Given, Patronymic string
	Sex                        string // M or F
	BirthDate                  time.Time
	BirthPlace                 string
	SNILS                      string // 11 digits
	Citizenship                string // three letters, RUS
	DocumentType               DocumentType
	Document                   DocumentData
}

// VersionState is the state of one set of personal data.
type VersionState string

// The four states of a version.
const (
	VersionChecking   VersionState = "checking"
	VersionVerified   VersionState = "verified"
	VersionFailed     VersionState = "failed"
	VersionSuperseded VersionState = "superseded"
)

// Version is one set of personal data with what became of it.
type Version struct {
	OID        OID
	Number     int
	State      VersionState
	EnteredAt  time.Time
	EnteredBy  string // "self", or the operator's oid
	EndedAt    *time.Time
	VerifiedBy string // "registers" or "centre"; empty unless verified
	DocumentID string
	Data
}

type versionRow struct {
	OID         OID        `db:"oid"`
	Version     int        `db:"version"`
	State       string     `db:"state"`
	Surname     string     `db:"surname"`
	Given       string     `db:"given"`
	Patronymic  string     `db:"patronymic"`
	Sex         string     `db:"sex"`
	BirthDate   time.Time  `db:"birth_date"`
	BirthPlace  string     `db:"birth_place"`
	Citizenship string     `db:"citizenship"`
	SNILSSealed []byte     `db:"snils_sealed"`
	DocumentID  string     `db:"document_id"`
	EnteredAt   time.Time  `db:"entered_at"`
	EnteredBy   string     `db:"entered_by"`
	EndedAt     *time.Time `db:"ended_at"`
	VerifiedBy  string     `db:"verified_by"`
}

const versionColumns = `oid, version, state, surname, given, patronymic, sex, birth_date, birth_place, citizenship,
	snils_sealed, document_id::text, entered_at, entered_by, ended_at, verified_by`

func snilsAAD(oid OID) string { return "person.snils:" + FormatOID(oid) }

func (p *Persons) openVersion(ctx context.Context, tx *db.Tx, r versionRow) (*Version, error) {
	snils, err := p.Keys.Open(r.SNILSSealed, snilsAAD(r.OID))
	if err != nil {
		return nil, fmt.Errorf("open version %d: %w", r.Version, err)
	}
	v := &Version{
		OID: r.OID, Number: r.Version, State: VersionState(r.State), EnteredAt: r.EnteredAt, EnteredBy: r.EnteredBy,
		EndedAt: r.EndedAt, VerifiedBy: r.VerifiedBy, DocumentID: r.DocumentID,
		Data: Data{
			Surname: r.Surname, Given: r.Given, Patronymic: r.Patronymic, Sex: r.Sex, BirthDate: r.BirthDate,
			BirthPlace: r.BirthPlace, SNILS: string(snils), Citizenship: r.Citizenship,
		},
	}
	row, err := db.Find[documentRow](ctx, tx, `SELECT `+documentColumns+` FROM person.document WHERE oid = $1 AND id = $2`, r.OID, r.DocumentID)
	if err != nil {
		return nil, fmt.Errorf("get version's document: %w", err)
	}
	if row != nil {
		d, err := p.openDocument(*row)
		if err != nil {
			return nil, err
		}
		v.DocumentType, v.Document = d.Type, d.DocumentData
	}
	return v, nil
}

// GetVersion returns one version; fault NotFound person.version_not_found.
func (p *Persons) GetVersion(ctx context.Context, tx *db.Tx, oid OID, number int) (*Version, error) {
	row, err := db.Find[versionRow](ctx, tx, `SELECT `+versionColumns+` FROM person.version WHERE oid = $1 AND version = $2`, oid, number)
	if err != nil {
		return nil, fmt.Errorf("get version: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("person.version_not_found")
	}
	return p.openVersion(ctx, tx, *row)
}

// History lists a person's sets of personal data, the newest first, at most 50.
func (p *Persons) History(ctx context.Context, oid OID) ([]Version, error) {
	var out []Version
	err := p.DB.Read(ctx, func(tx *db.Tx) error {
		latest, err := p.LatestVersion(ctx, tx, oid)
		if err != nil || latest == nil {
			return err
		}
		out = append(out, *latest)
		for n := latest.Number - 1; n > 0 && len(out) < 50; n-- {
			v, err := p.GetVersion(ctx, tx, oid, n)
			switch {
			case fault.Is(err, fault.KindNotFound): // erased when its term ended
			case err != nil:
				return err
			default:
				out = append(out, *v)
			}
		}
		return nil
	})
	return out, err
}

// LatestVersion is the newest set of data, nil when the form was never sent.
func (p *Persons) LatestVersion(ctx context.Context, tx *db.Tx, oid OID) (*Version, error) {
	row, err := db.Find[versionRow](ctx, tx, `SELECT `+versionColumns+` FROM person.version WHERE oid = $1 ORDER BY version DESC LIMIT 1`, oid)
	if err != nil || row == nil {
		return nil, err
	}
	return p.openVersion(ctx, tx, *row)
}

// VerifiedVersion is the set of data in force, nil when never verified.
func (p *Persons) VerifiedVersion(ctx context.Context, tx *db.Tx, oid OID) (*Version, error) {
	row, err := db.Find[versionRow](ctx, tx, `SELECT `+versionColumns+` FROM person.version WHERE oid = $1 AND state = 'verified'`, oid)
	if err != nil || row == nil {
		return nil, err
	}
	return p.openVersion(ctx, tx, *row)
}

// SNILSOwner is the account in which this SNILS is verified, nil if none.
func (p *Persons) SNILSOwner(ctx context.Context, tx *db.Tx, snils string) (*OID, error) {
	oid, err := p.claimant(ctx, tx, LoginSNILS, p.Keys.Index("snils", snils))
	if err != nil {
		return nil, fmt.Errorf("find owner of SNILS: %w", err)
	}
	return oid, nil
}

// FindBySNILS lists the living accounts whose data in force, or data being checked,
// name this SNILS, verified or not. At most 20.
func (p *Persons) FindBySNILS(ctx context.Context, tx *db.Tx, snils string) ([]OID, error) {
	out, err := db.List[OID](ctx, tx, `SELECT DISTINCT v.oid FROM person.version v JOIN person.person p ON p.oid = v.oid
		WHERE v.snils_index = $1 AND v.state <> 'superseded' AND p.status = 'registered' ORDER BY v.oid LIMIT 20`, p.Keys.Index("snils", snils))
	if err != nil {
		return nil, fmt.Errorf("find by SNILS: %w", err)
	}
	return out, nil
}

// Enter stores a complete set of data for checking and returns its number. A
// set that was being checked or had failed is superseded. Verified values stay
// in force until this set is verified (ID-VER-15).
func (p *Persons) Enter(ctx context.Context, tx *db.Tx, oid OID, d Data, by string) (int, error) {
	who, err := lock(ctx, tx, oid)
	if err != nil {
		return 0, err
	}
	now := p.Clock.Now()
	_, err = tx.Exec(ctx, `UPDATE person.version SET state = 'superseded', ended_at = coalesce(ended_at, $2)
		WHERE oid = $1 AND state IN ('checking', 'failed')`, oid, now)
	if err != nil {
		return 0, fmt.Errorf("enter data: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE person.document SET replaced_at = $2
		WHERE oid = $1 AND type = ANY($3) AND state <> 'verified' AND replaced_at IS NULL`,
		oid, now, []string{string(RFPassport), string(ForeignID)})
	if err != nil {
		return 0, fmt.Errorf("enter data: %w", err)
	}
	doc, err := p.insertDocument(ctx, tx, oid, d.DocumentType, d.Document, DocumentChecking)
	if err != nil {
		return 0, err
	}
	number, err := db.Get[int](ctx, tx, `INSERT INTO person.version (oid, version, state, surname, given, patronymic, sex,
		birth_date, birth_place, citizenship, snils_sealed, snils_index, document_id, entered_at, entered_by)
		SELECT $1, coalesce(max(version), 0) + 1, 'checking', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::uuid, $12, $13
		FROM person.version WHERE oid = $1 RETURNING version`,
		oid, d.Surname, d.Given, d.Patronymic, d.Sex, d.BirthDate, d.BirthPlace, d.Citizenship,
		p.Keys.Seal([]byte(d.SNILS), snilsAAD(oid)), p.Keys.Index("snils", d.SNILS), doc.ID, now, by)
	if err != nil {
		return 0, fmt.Errorf("enter data: %w", err)
	}
	if who.Version == nil {
		if err := p.putInForce(ctx, tx, oid, d, nil); err != nil {
			return 0, err
		}
	}
	return number, nil
}

func (p *Persons) putInForce(ctx context.Context, tx *db.Tx, oid OID, d Data, version *int) error {
	_, err := tx.Exec(ctx, `UPDATE person.person SET surname = $2, given = $3, patronymic = $4, name_key = $5, sex = $6,
		birth_date = $7, birth_place = $8, citizenship = $9, version = coalesce($10, version), updated_at = $11 WHERE oid = $1`,
		oid, d.Surname, d.Given, d.Patronymic, nameKey(d.Surname, d.Given, d.Patronymic), d.Sex,
		d.BirthDate, d.BirthPlace, d.Citizenship, version, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("put data in force: %w", err)
	}
	return tell(ctx, tx, oid)
}

// Verify puts a version that is being checked in force, raises a simplified
// account to standard and emits the event. by is "registers" or "centre"; source
// is who verified the identity document, such as mvd. When another account holds
// the SNILS: fault Conflict person.snils_taken, and the transaction cannot go on.
func (p *Persons) Verify(ctx context.Context, tx *db.Tx, oid OID, number int, by, source string) error {
	who, err := lock(ctx, tx, oid)
	if err != nil {
		return err
	}
	v, err := p.GetVersion(ctx, tx, oid, number)
	if err != nil {
		return err
	}
	if v.State != VersionChecking {
		return fault.Conflict("person.version_ended")
	}
	now := p.Clock.Now()
	before, err := db.Find[[]byte](ctx, tx, `UPDATE person.version SET state = 'superseded' WHERE oid = $1 AND state = 'verified' RETURNING snils_index`, oid)
	if err != nil {
		return fmt.Errorf("verify data: %w", err)
	}
	if err := p.claimSNILS(ctx, tx, oid, p.Keys.Index("snils", v.SNILS), before); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE person.version SET state = 'verified', ended_at = $3, verified_by = $4
		WHERE oid = $1 AND version = $2`, oid, number, now, by)
	if db.IsUnique(err, "version_snils_key") {
		return fault.Conflict("person.snils_taken").Wrap(err)
	}
	if err != nil {
		return fmt.Errorf("verify data: %w", err)
	}
	if err := p.SetDocumentState(ctx, tx, oid, v.DocumentID, DocumentVerified, source); err != nil {
		return err
	}
	if err := p.putInForce(ctx, tx, oid, v.Data, &number); err != nil {
		return err
	}
	if err := p.Events.Emit(ctx, tx, event.Event{Type: event.CheckEnded, OID: oid, Payload: map[string]string{"result": "verified"}}); err != nil {
		return err
	}
	if who.Level < Standard {
		return p.setLevel(ctx, tx, oid, Standard)
	}
	return nil
}

// claimSNILS moves a person's claim from the number before, if there was one.
func (p *Persons) claimSNILS(ctx context.Context, tx *db.Tx, oid OID, index []byte, before *[]byte) error {
	if before != nil && !bytes.Equal(*before, index) {
		if err := unclaim(ctx, tx, LoginSNILS, *before, oid); err != nil {
			return fmt.Errorf("verify data: %w", err)
		}
	}
	free, err := p.claim(ctx, tx, LoginSNILS, index, oid)
	if err != nil {
		return fmt.Errorf("verify data: %w", err)
	}
	if !free {
		return fault.Conflict("person.snils_taken")
	}
	return nil
}

// Fail ends a version that is being checked without success (ID-VER-08). The
// level and the values in force stay.
func (p *Persons) Fail(ctx context.Context, tx *db.Tx, oid OID, number int) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	id, err := db.Find[string](ctx, tx, `UPDATE person.version SET state = 'failed', ended_at = $3
		WHERE oid = $1 AND version = $2 AND state = 'checking' RETURNING document_id::text`, oid, number, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("fail data: %w", err)
	}
	if id == nil {
		return fault.Conflict("person.version_ended")
	}
	if err := p.SetDocumentState(ctx, tx, oid, *id, DocumentEntered, ""); err != nil {
		return err
	}
	return p.Events.Emit(ctx, tx, event.Event{Type: event.CheckEnded, OID: oid, Payload: map[string]string{"result": "failed"}})
}

func (p *Persons) setLevel(ctx context.Context, tx *db.Tx, oid OID, l Level) error {
	now := p.Clock.Now()
	if _, err := tx.Exec(ctx, `UPDATE person.person SET level = $2, level_at = $3, updated_at = $3 WHERE oid = $1`, oid, l, now); err != nil {
		return fmt.Errorf("set level: %w", err)
	}
	if err := tell(ctx, tx, oid); err != nil {
		return err
	}
	return p.Events.Emit(ctx, tx, event.Event{Type: event.LevelRaised, OID: oid, Payload: map[string]string{"level": l.String()}})
}

// Proofing is how, where and by whom identity was proven (ID-CNF-18).
type Proofing struct {
	ID       string    `db:"id"`
	Method   string    `db:"method"`   // centre; later bank, post, signature
	Provider string    `db:"provider"` // the centre's id
	Place    string    `db:"place"`    // the centre's name and address on that day
	Actor    string    `db:"actor"`    // the operator's oid
	Document string    `db:"document"` // the kind of document shown
	Level    Level     `db:"level"`
	At       time.Time `db:"at"`
}

// Confirm records a proofing and raises the account to confirmed. Online ways
// start from the standard level (ID-LVL-10, C-14); a centre verifies first and
// then confirms, so it passes here too. Fault Conflict person.level_order.
func (p *Persons) Confirm(ctx context.Context, tx *db.Tx, oid OID, pr Proofing) error {
	who, err := lock(ctx, tx, oid)
	if err != nil {
		return err
	}
	switch {
	case who.Level == Confirmed:
		return fault.Conflict("person.already_confirmed")
	case who.Level != Standard || who.Version == nil:
		return fault.Conflict("person.level_order")
	}
	_, err = tx.Exec(ctx, `INSERT INTO person.proofing (id, oid, method, provider, place, actor, document, level, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		db.NewID(), oid, pr.Method, pr.Provider, pr.Place, pr.Actor, pr.Document, Confirmed, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("record proofing: %w", err)
	}
	return p.setLevel(ctx, tx, oid, Confirmed)
}

// Proofing is the newest proof of identity, nil below the confirmed level.
func (p *Persons) Proofing(ctx context.Context, tx *db.Tx, oid OID) (*Proofing, error) {
	return db.Find[Proofing](ctx, tx, `SELECT id::text, method, provider, place, actor, document, level, at
		FROM person.proofing WHERE oid = $1 ORDER BY at DESC LIMIT 1`, oid)
}
