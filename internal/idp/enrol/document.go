package enrol

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
)

// DocumentForm is a further document as typed (ID-VER-13).
type DocumentForm struct {
	Type       person.DocumentType
	Number     string // series and number in one field, as printed
	IssueDate  string
	ExpiryDate string
	IssuedBy   string
}

// DocumentTypes are the further documents that the profile takes.
func DocumentTypes() []person.DocumentType {
	return []person.DocumentType{person.DrivingLicence, person.ForeignPassport, person.MilitaryID, person.MedicalPolicy, person.INN}
}

// registerOf names the register that knows a kind of document; empty: none, and
// the document stays as entered.
func (e *Enrolments) registerOf(t person.DocumentType) string {
	switch {
	case t == person.DrivingLicence || t == person.ForeignPassport:
		return RegisterMVD
	case t == person.INN && e.Tax != nil:
		return RegisterFNS
	}
	return ""
}

// checkEntered asks about the documents that were entered before there were verified
// personal data to compare their holder with (ID-VER-13).
func (e *Enrolments) checkEntered(ctx context.Context, tx *db.Tx, oid person.OID) error {
	list, err := e.Persons.Documents(ctx, tx, oid)
	if err != nil {
		return err
	}
	for _, d := range list {
		register := e.registerOf(d.Type)
		if d.State != person.DocumentEntered || register == "" {
			continue
		}
		if err := e.askAbout(ctx, tx, oid, d.ID, register); err != nil {
			return err
		}
	}
	return nil
}

func (e *Enrolments) askAbout(ctx context.Context, tx *db.Tx, oid person.OID, document, register string) error {
	if err := e.Persons.SetDocumentState(ctx, tx, oid, document, person.DocumentChecking, ""); err != nil {
		return err
	}
	return e.startCheck(ctx, tx, Check{OID: oid, DocumentID: &document, Register: register})
}

// Read checks the fields by the kind of document and normalises them.
func (f *DocumentForm) Read(today time.Time) (person.DocumentData, error) {
	var d person.DocumentData
	var bad []fault.Field
	var err error
	switch f.Type {
	case person.DrivingLicence:
		var l ruid.DriverLicence
		if l, err = ruid.ParseDriverLicence(f.Number); err == nil {
			runes := []rune(string(l))
			d.Series, d.Number = string(runes[:4]), string(runes[4:])
		}
	case person.MedicalPolicy:
		var p ruid.ENP
		if p, err = ruid.ParseENP(f.Number); err == nil {
			d.Number = string(p)
		}
	case person.INN:
		var n ruid.INN
		if n, err = ruid.ParseINN(f.Number); err == nil {
			if d.Number = string(n); !n.IsPerson() {
				bad = append(bad, fault.F("number", "enrol.inn_person"))
			}
		}
	case person.ForeignPassport:
		d.Series, d.Number, err = readTravelNumber(f.Number)
	case person.MilitaryID:
		d.Series, d.Number, err = ReadForeignNumber(f.Number)
	default:
		return d, fault.Invalid("enrol.document_type", fault.F("type", "enrol.document_type"))
	}
	if err != nil {
		bad = documentNumber(bad, f.Number, err)
	}
	var issued, expires time.Time
	if strings.TrimSpace(f.IssueDate) != "" {
		if issued, _, bad = readDate(bad, "issue_date", f.IssueDate, today); !issued.IsZero() {
			d.IssueDate = issued.Format(time.DateOnly)
		}
	}
	if strings.TrimSpace(f.ExpiryDate) != "" {
		if expires, err = rutext.ParseDate(f.ExpiryDate); err != nil {
			bad = append(bad, fault.F("expiry_date", "enrol.date_format"))
		} else {
			d.ExpiryDate = expires.Format(time.DateOnly)
			if !issued.IsZero() && expires.Before(issued) {
				bad = append(bad, fault.F("expiry_date", "enrol.expiry_before_issue"))
			}
		}
	}
	if strings.TrimSpace(f.IssuedBy) != "" {
		d.IssuedBy, bad = readText(bad, "issued_by", f.IssuedBy, 300)
	}
	if len(bad) > 0 {
		return d, fault.Invalid("enrol.form_invalid", bad...)
	}
	return d, nil
}

func documentNumber(bad []fault.Field, s string, err error) []fault.Field {
	if strings.TrimSpace(s) == "" {
		return append(bad, fault.F("number", "enrol.number_missing"))
	}
	var e *ruid.Error
	if errors.As(err, &e) {
		return append(bad, fault.F("number", e.Key()))
	}
	return append(bad, fault.F("number", "enrol.number_format"))
}

// readTravelNumber reads a passport for travel: two digits and seven.
func readTravelNumber(s string) (series, number string, err error) {
	d := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '№' || r == '\u00a0' {
			return -1
		}
		return r
	}, s)
	if len(d) != 9 || strings.Trim(d, "0123456789") != "" {
		return "", "", errForeignNumber
	}
	return d[:2], d[2:], nil
}

// PutDocument keeps a further document and has it checked where a register knows
// its kind. A verified older one stays in force until then (ID-VER-15).
func (e *Enrolments) PutDocument(ctx context.Context, oid person.OID, f DocumentForm) (*person.Document, error) {
	d, err := f.Read(e.today())
	if err != nil {
		return nil, err
	}
	var doc *person.Document
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Persons.Lock(ctx, tx, oid); err != nil { // equal forms at once follow one another
			return err
		}
		who, err := e.Persons.GetTx(ctx, tx, oid)
		if err != nil {
			return err
		}
		// Without verified personal data there is nothing to compare the holder with.
		register := e.registerOf(f.Type)
		if who.Version == nil {
			register = ""
		}
		before, err := e.documentsOf(ctx, tx, oid, f.Type)
		if err != nil {
			return err
		}
		if doc = sameDocument(before, d, register != ""); doc != nil {
			return nil
		}
		if doc, err = e.Persons.PutDocument(ctx, tx, oid, f.Type, d); err != nil {
			return err
		}
		// What was asked about the values of before matters no more.
		for _, x := range before {
			if err := supersedeCheck(ctx, tx, x.ID); err != nil {
				return err
			}
		}
		err = e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.ProfileChanged, Details: map[string]string{"section": "documents"}})
		if err != nil {
			return err
		}
		if register == "" {
			return nil
		}
		sent, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM enrol.check WHERE oid = $1 AND document_id IS NOT NULL AND created_at > $2`,
			oid, e.Clock.Now().Add(-24*time.Hour))
		if err != nil {
			return fmt.Errorf("count checks: %w", err)
		}
		if sent >= maxSendsPerDay {
			return fault.Limited("enrol.too_many_checks", 24*time.Hour)
		}
		doc.State = person.DocumentChecking
		return e.askAbout(ctx, tx, oid, doc.ID, register)
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

func (e *Enrolments) documentsOf(ctx context.Context, tx *db.Tx, oid person.OID, t person.DocumentType) ([]person.Document, error) {
	list, err := e.Persons.Documents(ctx, tx, oid)
	return slices.DeleteFunc(list, func(d person.Document) bool { return d.Type != t }), err
}

// sameDocument finds the document of a form that was sent twice, unless sending it
// again asks a register once more; nil without one.
func sameDocument(list []person.Document, d person.DocumentData, asks bool) *person.Document {
	for i := range list {
		x := &list[i]
		settled := x.State == person.DocumentChecking || x.State == person.DocumentVerified || !asks && x.State == person.DocumentEntered
		if x.DocumentData == d && settled {
			return x
		}
	}
	return nil
}

func supersedeCheck(ctx context.Context, tx *db.Tx, document string) error {
	_, err := tx.Exec(ctx, `UPDATE enrol.check SET state = 'superseded' WHERE document_id::text = $1 AND state IN ('waiting', 'asked')`, document)
	if err != nil {
		return fmt.Errorf("supersede check: %w", err)
	}
	return nil
}

// RemoveDocument takes a further document out of the profile.
func (e *Enrolments) RemoveDocument(ctx context.Context, oid person.OID, id string) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Persons.RemoveDocument(ctx, tx, oid, id); err != nil {
			return err
		}
		if err := supersedeCheck(ctx, tx, id); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.ProfileChanged, Details: map[string]string{"section": "documents"}})
	})
}

func (e *Enrolments) documentQuestion(ctx context.Context, tx *db.Tx, c *Check) (func(context.Context) (Answer, error), error) {
	v, err := e.Persons.VerifiedVersion(ctx, tx, c.OID)
	if err != nil {
		return nil, err
	}
	doc, err := e.Persons.Document(ctx, tx, c.OID, *c.DocumentID)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fault.NotFound("person.version_not_found")
	}
	if c.Register == RegisterFNS {
		q := INNQuery{ID: c.ID, Surname: v.Surname, Given: v.Given, Patronymic: v.Patronymic, BirthDate: v.BirthDate, INN: doc.Number}
		return func(ctx context.Context) (Answer, error) {
			if e.Tax == nil { // switched off while the question waited
				return Answer{Result: Pending}, nil
			}
			return e.Tax.CheckINN(ctx, q)
		}, nil
	}
	q := DocumentQuery{
		ID: c.ID, Surname: v.Surname, Given: v.Given, Patronymic: v.Patronymic, BirthDate: v.BirthDate, Type: doc.Type, Document: doc.DocumentData,
	}
	return func(ctx context.Context) (Answer, error) { return e.Identity.CheckDocument(ctx, q) }, nil
}

func (e *Enrolments) answerDocument(ctx context.Context, tx *db.Tx, id string, a Answer, over bool) error {
	c, err := db.Get[Check](ctx, tx, `SELECT `+checkColumns+` FROM enrol.check WHERE id = $1 FOR UPDATE`, id)
	if err != nil {
		return fmt.Errorf("answer check: %w", err)
	}
	if !c.open() {
		return nil
	}
	if err := e.recordAnswer(ctx, tx, &c, a, over); err != nil {
		return err
	}
	state := person.DocumentNotFound
	switch c.State {
	case CheckMatched:
		state = person.DocumentVerified
	case CheckUnanswered:
		state = person.DocumentEntered
	}
	err = e.Persons.SetDocumentState(ctx, tx, c.OID, *c.DocumentID, state, c.Register)
	if fault.Is(err, fault.KindNotFound) { // removed, or replaced by newer values
		return nil
	}
	if err != nil {
		return err
	}
	doc, err := e.Persons.Document(ctx, tx, c.OID, *c.DocumentID)
	if err != nil {
		return err
	}
	return e.Notices.Tell(ctx, tx, c.OID, "document_"+string(state), "document", notify.Key("person.document."+string(doc.Type)))
}
