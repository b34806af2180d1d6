package person

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// DocumentType is ESIA's mnemonic of a document.
type DocumentType string

// The documents that a profile holds.
const (
	RFPassport      DocumentType = "RF_PASSPORT"
	ForeignID       DocumentType = "FID_DOC"
	DrivingLicence  DocumentType = "RF_DRIVING_LICENSE"
	ForeignPassport DocumentType = "FRGN_PASS"
	MilitaryID      DocumentType = "MLTR_ID"
	MedicalPolicy   DocumentType = "MDCL_PLCY"
	INN             DocumentType = "INN"
)

// Identity tells whether the type proves identity (ID-VER-02).
func (t DocumentType) Identity() bool { return t == RFPassport || t == ForeignID }

// DocumentState is what is known of a document's truth (ID-VER-13).
type DocumentState string

// The four states of documents and of child cards.
const (
	DocumentEntered  DocumentState = "entered"
	DocumentChecking DocumentState = "checking"
	DocumentVerified DocumentState = "verified"
	DocumentNotFound DocumentState = "not_found"
)

// DocumentData is what stands in a document.
type DocumentData struct {
	Series     string `json:"series,omitempty"` // digits or letters without spaces
	Number     string `json:"number"`
	IssueDate  string `json:"issue_date,omitempty"`  // 2006-01-02
	ExpiryDate string `json:"expiry_date,omitempty"` // 2006-01-02
	IssuedBy   string `json:"issued_by,omitempty"`
	IssueID    string `json:"issue_id,omitempty"` // code of division: six digits
	Categories string `json:"categories,omitempty"`
	// Latin names of a foreign passport.
	SurnameLatin string `json:"surname_latin,omitempty"`
	GivenLatin   string `json:"given_latin,omitempty"`
}

// Document is one set of values of one document.
type Document struct {
	ID    string
	OID   OID
	Type  DocumentType
	State DocumentState
	// StateAt is when the state began; with VerifiedBy «проверено МВД 3 сентября 2026».
	StateAt    time.Time
	VerifiedBy string // register's or centre's code: mvd, sfr, centre; empty unless verified
	EnteredAt  time.Time
	Replaced   bool
	DocumentData
}

type documentRow struct {
	ID         string     `db:"id"`
	OID        OID        `db:"oid"`
	Type       string     `db:"type"`
	Sealed     []byte     `db:"sealed"`
	State      string     `db:"state"`
	StateAt    time.Time  `db:"state_at"`
	VerifiedBy string     `db:"verified_by"`
	EnteredAt  time.Time  `db:"entered_at"`
	ReplacedAt *time.Time `db:"replaced_at"`
}

const documentColumns = `id::text, oid, type, sealed, state, state_at, verified_by, entered_at, replaced_at`

func documentAAD(oid OID, id string) string { return "person.document:" + id + ":" + FormatOID(oid) }

// numberKey is the form of series and number by which documents are found.
func numberKey(t DocumentType, series, number string) string {
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r == '№' || r == '\u00a0' {
				return -1
			}
			return r
		}, strings.ToUpper(s))
	}
	return string(t) + "|" + clean(series) + "|" + clean(number)
}

func (p *Persons) openDocument(r documentRow) (Document, error) {
	d := Document{
		ID: r.ID, OID: r.OID, Type: DocumentType(r.Type), State: DocumentState(r.State), StateAt: r.StateAt,
		VerifiedBy: r.VerifiedBy, EnteredAt: r.EnteredAt, Replaced: r.ReplacedAt != nil,
	}
	if err := p.openJSON(r.Sealed, documentAAD(r.OID, r.ID), &d.DocumentData); err != nil {
		return Document{}, fmt.Errorf("open document %s: %w", r.ID, err)
	}
	return d, nil
}

func (p *Persons) sealJSON(v any, aad string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return p.Keys.Seal(raw, aad), nil
}

func (p *Persons) openJSON(sealed []byte, aad string, v any) error {
	raw, err := p.Keys.Open(sealed, aad)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// PutDocument adds a set of values in state entered or checking. Identity
// documents belong to a version and go through [Persons.Enter].
func (p *Persons) PutDocument(ctx context.Context, tx *db.Tx, oid OID, t DocumentType, d DocumentData) (*Document, error) {
	if t.Identity() {
		return nil, fault.Invalid("person.document_through_form")
	}
	if _, err := lock(ctx, tx, oid); err != nil {
		return nil, err
	}
	doc, err := p.insertDocument(ctx, tx, oid, t, d, DocumentEntered)
	if err != nil {
		return nil, err
	}
	// A verified document stays in force until its successor is verified too.
	_, err = tx.Exec(ctx, `UPDATE person.document SET replaced_at = $4
		WHERE oid = $1 AND type = $2 AND id <> $3 AND replaced_at IS NULL AND state <> 'verified'`,
		oid, t, doc.ID, p.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("put document: %w", err)
	}
	return doc, nil
}

func (p *Persons) insertDocument(ctx context.Context, tx *db.Tx, oid OID, t DocumentType, d DocumentData, s DocumentState) (*Document, error) {
	now := p.Clock.Now()
	doc := &Document{ID: db.NewID(), OID: oid, Type: t, State: s, StateAt: now, EnteredAt: now, DocumentData: d}
	sealed, err := p.sealJSON(d, documentAAD(oid, doc.ID))
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO person.document (id, oid, type, sealed, number_index, state, state_at, entered_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
		doc.ID, oid, t, sealed, p.Keys.Index("document", numberKey(t, d.Series, d.Number)), s, now)
	if err != nil {
		return nil, fmt.Errorf("insert document: %w", err)
	}
	return doc, nil
}

// SetDocumentState records what a register said. A verified document replaces
// the older sets of its type. One that newer values have replaced meanwhile is
// fault NotFound person.document_not_found: the answer came too late to matter.
func (p *Persons) SetDocumentState(ctx context.Context, tx *db.Tx, oid OID, id string, s DocumentState, by string) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	if s != DocumentVerified {
		by = ""
	}
	now := p.Clock.Now()
	t, err := db.Find[string](ctx, tx, `UPDATE person.document SET state = $3, state_at = $4, verified_by = $5
		WHERE oid = $1 AND id::text = $2 AND replaced_at IS NULL RETURNING type`, oid, id, s, now, by)
	if err != nil {
		return fmt.Errorf("set document state: %w", err)
	}
	if t == nil {
		return fault.NotFound("person.document_not_found")
	}
	if s == DocumentVerified {
		types := []string{*t}
		if DocumentType(*t).Identity() { // one identity document is in force
			types = []string{string(RFPassport), string(ForeignID)}
		}
		_, err = tx.Exec(ctx, `UPDATE person.document SET replaced_at = $4
			WHERE oid = $1 AND type = ANY($2) AND id::text <> $3 AND replaced_at IS NULL`, oid, types, id, now)
	}
	return err
}

// RemoveDocument takes a document out of the profile. The identity document in
// force stays as long as the account lives.
func (p *Persons) RemoveDocument(ctx context.Context, tx *db.Tx, oid OID, id string) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `DELETE FROM person.document WHERE oid = $1 AND id::text = $2 AND type <> ALL($3)`,
		oid, id, []string{string(RFPassport), string(ForeignID)})
	if err != nil {
		return fmt.Errorf("remove document: %w", err)
	}
	if n == 0 {
		return fault.NotFound("person.document_not_found")
	}
	return nil
}

// Documents lists a person's documents, those in force first, the newest first.
func (p *Persons) Documents(ctx context.Context, tx *db.Tx, oid OID) ([]Document, error) {
	rows, err := db.List[documentRow](ctx, tx, `SELECT `+documentColumns+` FROM person.document
		WHERE oid = $1 AND replaced_at IS NULL ORDER BY type, state = 'verified' DESC, entered_at DESC LIMIT 200`, oid)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	out := make([]Document, 0, len(rows))
	for _, r := range rows {
		d, err := p.openDocument(r)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// Document returns one document; a foreign one is fault NotFound person.document_not_found.
func (p *Persons) Document(ctx context.Context, tx *db.Tx, oid OID, id string) (*Document, error) {
	row, err := db.Find[documentRow](ctx, tx, `SELECT `+documentColumns+` FROM person.document WHERE oid = $1 AND id::text = $2`, oid, id)
	if err != nil {
		return nil, fmt.Errorf("get document: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("person.document_not_found")
	}
	d, err := p.openDocument(*row)
	return &d, err
}

// FindByDocument lists the living accounts whose profile names this document
// with this series and number, whatever its state. At most 20.
func (p *Persons) FindByDocument(ctx context.Context, tx *db.Tx, t DocumentType, series, number string) ([]OID, error) {
	out, err := db.List[OID](ctx, tx, `SELECT DISTINCT d.oid FROM person.document d JOIN person.person p ON p.oid = d.oid
		WHERE d.number_index = $1 AND d.replaced_at IS NULL AND p.status = 'registered' ORDER BY d.oid LIMIT 20`,
		p.Keys.Index("document", numberKey(t, series, number)))
	if err != nil {
		return nil, fmt.Errorf("find by document: %w", err)
	}
	return out, nil
}

// FindByVerifiedDocument returns the one account that a verified document
// belongs to, nil if none or more than one (recovery, ID-REC-03).
func (p *Persons) FindByVerifiedDocument(ctx context.Context, tx *db.Tx, t DocumentType, series, number string) (*OID, error) {
	out, err := db.List[OID](ctx, tx, `SELECT DISTINCT d.oid FROM person.document d JOIN person.person p ON p.oid = d.oid
		WHERE d.number_index = $1 AND d.replaced_at IS NULL AND d.state = 'verified' AND p.status = 'registered' LIMIT 2`,
		p.Keys.Index("document", numberKey(t, series, number)))
	if err != nil {
		return nil, fmt.Errorf("find by verified document: %w", err)
	}
	if len(out) != 1 {
		return nil, nil
	}
	return &out[0], nil
}
