package person

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/event"
)

// Profile is everything that pages and the profile API show of a person.
type Profile struct {
	Person
	// SNILS and the identity document are those in force: verified, or entered
	// while nothing was verified. Empty and nil: not given yet.
	SNILS         string // 11 digits
	SNILSVerified bool
	Identity      *Document
	VerifiedAt    *time.Time // when the data in force were verified
	VerifiedBy    string     // "registers" or "centre"
	// Pending is a newer set of data that is being checked or failed.
	Pending   *Version
	Proofing  *Proofing
	Contacts  []Contact
	Documents []Document // in force and newer sets, identity document among them
	Addresses []Address
	Children  []Child
	Vehicles  []Vehicle
}

// Contact returns the contact of a kind, the confirmed one first; nil if none.
func (p *Profile) Contact(kind ContactKind) *Contact {
	for i := range p.Contacts { // confirmed ones lead the list
		if p.Contacts[i].Kind == kind {
			return &p.Contacts[i]
		}
	}
	return nil
}

// Address returns the address of a kind, nil if none.
func (p *Profile) Address(kind AddressKind) *Address {
	for i := range p.Addresses {
		if p.Addresses[i].Kind == kind {
			return &p.Addresses[i]
		}
	}
	return nil
}

// Profile reads everything at once; fault NotFound person.not_found.
func (p *Persons) Profile(ctx context.Context, oid OID) (*Profile, error) {
	var out *Profile
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = p.ProfileTx(ctx, tx, oid); return err })
	return out, err
}

// ProfileTx is Profile inside a transaction.
func (p *Persons) ProfileTx(ctx context.Context, tx *db.Tx, oid OID) (*Profile, error) {
	who, err := p.GetTx(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	out := &Profile{Person: *who}
	latest, err := p.LatestVersion(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	inForce := latest
	if who.Version != nil {
		if inForce, err = p.GetVersion(ctx, tx, oid, *who.Version); err != nil {
			return nil, err
		}
		out.SNILSVerified, out.VerifiedAt, out.VerifiedBy = true, inForce.EndedAt, inForce.VerifiedBy
	}
	if latest != nil && latest.State != VersionVerified && latest.State != VersionSuperseded {
		out.Pending = latest
	}
	if out.Documents, err = p.Documents(ctx, tx, oid); err != nil {
		return nil, err
	}
	if inForce != nil {
		out.SNILS = inForce.SNILS
		for i := range out.Documents {
			if out.Documents[i].ID == inForce.DocumentID {
				out.Identity = &out.Documents[i]
			}
		}
	}
	if out.Contacts, err = p.Contacts(ctx, tx, oid); err != nil {
		return nil, err
	}
	if out.Addresses, err = p.Addresses(ctx, tx, oid); err != nil {
		return nil, err
	}
	if out.Children, err = p.Children(ctx, tx, oid); err != nil {
		return nil, err
	}
	if out.Vehicles, err = p.Vehicles(ctx, tx, oid); err != nil {
		return nil, err
	}
	out.Proofing, err = p.Proofing(ctx, tx, oid)
	return out, err
}

// AddressKind is ESIA's mnemonic.
type AddressKind string

// The two addresses (ID-ACC-11).
const (
	Residence    AddressKind = "PLV" // where somebody lives
	Registration AddressKind = "PRG" // where somebody is registered
)

// AddressData is an address by its parts; Text is the whole line for people.
type AddressData struct {
	Text       string `json:"text"`
	FIAS       string `json:"fias,omitempty"`
	Zip        string `json:"zip,omitempty"`
	Country    string `json:"country,omitempty"` // RUS
	Region     string `json:"region,omitempty"`
	Area       string `json:"area,omitempty"`
	City       string `json:"city,omitempty"`
	District   string `json:"district,omitempty"`
	Settlement string `json:"settlement,omitempty"`
	Street     string `json:"street,omitempty"`
	House      string `json:"house,omitempty"`
	Building   string `json:"building,omitempty"`
	Frame      string `json:"frame,omitempty"`
	Flat       string `json:"flat,omitempty"`
}

// Address is one of the two.
type Address struct {
	ID        string
	Kind      AddressKind
	UpdatedAt time.Time
	AddressData
}

func addressAAD(oid OID, kind AddressKind) string {
	return "person.address:" + string(kind) + ":" + FormatOID(oid)
}

// Addresses lists the addresses.
func (p *Persons) Addresses(ctx context.Context, tx *db.Tx, oid OID) ([]Address, error) {
	rows, err := db.List[struct {
		ID        string    `db:"id"`
		Kind      string    `db:"kind"`
		Sealed    []byte    `db:"sealed"`
		UpdatedAt time.Time `db:"updated_at"`
	}](ctx, tx, `SELECT id::text, kind, sealed, updated_at FROM person.address WHERE oid = $1 ORDER BY kind`, oid)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	out := make([]Address, len(rows))
	for i, r := range rows {
		out[i] = Address{ID: r.ID, Kind: AddressKind(r.Kind), UpdatedAt: r.UpdatedAt}
		if err := p.openJSON(r.Sealed, addressAAD(oid, out[i].Kind), &out[i].AddressData); err != nil {
			return nil, fmt.Errorf("open address %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// PutAddress keeps one of the two addresses; an empty Text removes it.
func (p *Persons) PutAddress(ctx context.Context, tx *db.Tx, oid OID, kind AddressKind, a AddressData) error {
	if kind != Residence && kind != Registration {
		return fault.Invalid("person.address_kind")
	}
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	if a.Text == "" {
		if _, err := tx.Exec(ctx, `DELETE FROM person.address WHERE oid = $1 AND kind = $2`, oid, kind); err != nil {
			return fmt.Errorf("remove address: %w", err)
		}
		return p.changed(ctx, tx, oid, "addresses")
	}
	sealed, err := p.sealJSON(a, addressAAD(oid, kind))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO person.address (oid, id, kind, sealed, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (oid, kind) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`,
		oid, db.NewID(), kind, sealed, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("put address: %w", err)
	}
	return p.changed(ctx, tx, oid, "addresses")
}

// changed notes a change of a section and tells relying parties.
func (p *Persons) changed(ctx context.Context, tx *db.Tx, oid OID, section string) error {
	if _, err := tx.Exec(ctx, `UPDATE person.person SET updated_at = $2 WHERE oid = $1`, oid, p.Clock.Now()); err != nil {
		return fmt.Errorf("note change: %w", err)
	}
	if err := tell(ctx, tx, oid); err != nil {
		return err
	}
	return p.Events.Emit(ctx, tx, event.Event{Type: event.DataChanged, OID: oid, Payload: map[string]string{"section": section}})
}

// ChildData is a child's card (карточка ребёнка).
type ChildData struct {
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic,omitempty"`
	Sex        string `json:"sex"`             // M or F
	SNILS      string `json:"snils,omitempty"` // 11 digits
	// Birth certificate.
	CertificateSeries string `json:"cert_series,omitempty"` // I-АБ
	CertificateNumber string `json:"cert_number,omitempty"`
	CertificateDate   string `json:"cert_date,omitempty"` // 2006-01-02
	CertificateBy     string `json:"cert_by,omitempty"`
	RecordNumber      string `json:"record,omitempty"` // of the civil act
}

// Child is a card in «Семья и дети».
type Child struct {
	ID        string
	BirthDate time.Time
	State     DocumentState
	StateAt   time.Time
	CreatedAt time.Time
	ChildData
}

func childAAD(oid OID, id string) string { return "person.child:" + id + ":" + FormatOID(oid) }

// maxCards bounds children and vehicles of one person.
const maxCards = 50

// Children lists the cards, the oldest child first.
func (p *Persons) Children(ctx context.Context, tx *db.Tx, oid OID) ([]Child, error) {
	rows, err := db.List[struct {
		ID        string    `db:"id"`
		Sealed    []byte    `db:"sealed"`
		BirthDate time.Time `db:"birth_date"`
		State     string    `db:"state"`
		StateAt   time.Time `db:"state_at"`
		CreatedAt time.Time `db:"created_at"`
	}](ctx, tx, `SELECT id::text, sealed, birth_date, state, state_at, created_at FROM person.child WHERE oid = $1 ORDER BY birth_date, id LIMIT 50`, oid)
	if err != nil {
		return nil, fmt.Errorf("list children: %w", err)
	}
	out := make([]Child, len(rows))
	for i, r := range rows {
		out[i] = Child{ID: r.ID, BirthDate: r.BirthDate, State: DocumentState(r.State), StateAt: r.StateAt, CreatedAt: r.CreatedAt}
		if err := p.openJSON(r.Sealed, childAAD(oid, r.ID), &out[i].ChildData); err != nil {
			return nil, fmt.Errorf("open child %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// PutChild adds a card, or replaces the values of one; an empty id adds. The
// state starts anew as entered.
func (p *Persons) PutChild(ctx context.Context, tx *db.Tx, oid OID, id string, birth time.Time, c ChildData) (string, error) {
	if _, err := lock(ctx, tx, oid); err != nil {
		return "", err
	}
	fresh := id == ""
	if fresh {
		known, err := p.sameChild(ctx, tx, oid, birth, c)
		if known != "" || err != nil {
			return known, err
		}
		id = db.NewID()
	}
	sealed, err := p.sealJSON(c, childAAD(oid, id))
	if err != nil {
		return "", err
	}
	now := p.Clock.Now()
	var n int64
	if fresh {
		n, err = tx.Exec(ctx, `INSERT INTO person.child (oid, id, sealed, birth_date, state, state_at, created_at)
			SELECT $1, $2, $3, $4, 'entered', $5, $5 WHERE (SELECT count(*) FROM person.child WHERE oid = $1) < $6`, oid, id, sealed, birth, now, maxCards)
	} else {
		n, err = tx.Exec(ctx, `UPDATE person.child SET sealed = $3, birth_date = $4, state = 'entered', state_at = $5
			WHERE oid = $1 AND id::text = $2`, oid, id, sealed, birth, now)
	}
	if err != nil {
		return "", fmt.Errorf("put child: %w", err)
	}
	if n == 0 && fresh {
		return "", fault.Conflict("person.too_many_cards")
	}
	if n == 0 {
		return "", fault.NotFound("person.child_not_found")
	}
	return id, p.changed(ctx, tx, oid, "children")
}

// sameChild finds the card of a form that was sent twice. A card of the same child
// with other values is fault Conflict person.child_known: changing it is another act.
func (p *Persons) sameChild(ctx context.Context, tx *db.Tx, oid OID, birth time.Time, c ChildData) (id string, err error) {
	cards, err := p.Children(ctx, tx, oid)
	if err != nil {
		return "", err
	}
	name := rutext.MatchKey(c.Surname + " " + c.Given + " " + c.Patronymic)
	for _, x := range cards {
		switch {
		case x.ChildData == c && x.BirthDate.Equal(birth):
			return x.ID, nil
		case x.BirthDate.Equal(birth) && rutext.MatchKey(x.Surname+" "+x.Given+" "+x.Patronymic) == name:
			return "", fault.Conflict("person.child_known")
		}
	}
	return "", nil
}

// RemoveChild deletes a card.
func (p *Persons) RemoveChild(ctx context.Context, tx *db.Tx, oid OID, id string) error {
	return p.remove(ctx, tx, oid, id, "child", "children")
}

// SetChildState records what a register said about a card.
func (p *Persons) SetChildState(ctx context.Context, tx *db.Tx, oid OID, id string, s DocumentState) error {
	n, err := tx.Exec(ctx, `UPDATE person.child SET state = $3, state_at = $4 WHERE oid = $1 AND id::text = $2`, oid, id, s, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("set child state: %w", err)
	}
	if n == 0 {
		return fault.NotFound("person.child_not_found")
	}
	return nil
}

func (p *Persons) remove(ctx context.Context, tx *db.Tx, oid OID, id, table, section string) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `DELETE FROM person.`+table+` WHERE oid = $1 AND id::text = $2`, oid, id)
	if err != nil {
		return fmt.Errorf("remove %s: %w", table, err)
	}
	if n == 0 {
		return fault.NotFound("person." + table + "_not_found")
	}
	return p.changed(ctx, tx, oid, section)
}

// VehicleData is a vehicle as its owner entered it.
type VehicleData struct {
	Name              string `json:"name"`
	Plate             string `json:"plate"` // normalised by ruid
	CertificateSeries string `json:"cert_series,omitempty"`
	CertificateNumber string `json:"cert_number,omitempty"`
}

// Vehicle is one entry of the block «Транспортные средства».
type Vehicle struct {
	ID        string
	CreatedAt time.Time
	VehicleData
}

func vehicleAAD(oid OID, id string) string { return "person.vehicle:" + id + ":" + FormatOID(oid) }

// Vehicles lists the vehicles in the order of entry.
func (p *Persons) Vehicles(ctx context.Context, tx *db.Tx, oid OID) ([]Vehicle, error) {
	rows, err := db.List[struct {
		ID        string    `db:"id"`
		Sealed    []byte    `db:"sealed"`
		CreatedAt time.Time `db:"created_at"`
	}](ctx, tx, `SELECT id::text, sealed, created_at FROM person.vehicle WHERE oid = $1 ORDER BY created_at, id LIMIT 50`, oid)
	if err != nil {
		return nil, fmt.Errorf("list vehicles: %w", err)
	}
	out := make([]Vehicle, len(rows))
	for i, r := range rows {
		out[i] = Vehicle{ID: r.ID, CreatedAt: r.CreatedAt}
		if err := p.openJSON(r.Sealed, vehicleAAD(oid, r.ID), &out[i].VehicleData); err != nil {
			return nil, fmt.Errorf("open vehicle %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// AddVehicle adds a vehicle; the same form sent twice adds one. A number that is
// there with other values is fault Conflict person.vehicle_known.
func (p *Persons) AddVehicle(ctx context.Context, tx *db.Tx, oid OID, v VehicleData) (string, error) {
	if _, err := lock(ctx, tx, oid); err != nil {
		return "", err
	}
	known, err := p.Vehicles(ctx, tx, oid)
	if err != nil {
		return "", err
	}
	for _, x := range known {
		switch {
		case x.VehicleData == v:
			return x.ID, nil
		case x.Plate == v.Plate:
			return "", fault.Conflict("person.vehicle_known")
		}
	}
	id := db.NewID()
	sealed, err := p.sealJSON(v, vehicleAAD(oid, id))
	if err != nil {
		return "", err
	}
	n, err := tx.Exec(ctx, `INSERT INTO person.vehicle (oid, id, sealed, created_at)
		SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM person.vehicle WHERE oid = $1) < $5`, oid, id, sealed, p.Clock.Now(), maxCards)
	if err != nil {
		return "", fmt.Errorf("add vehicle: %w", err)
	}
	if n == 0 {
		return "", fault.Conflict("person.too_many_cards")
	}
	return id, p.changed(ctx, tx, oid, "vehicles")
}

// RemoveVehicle deletes a vehicle.
func (p *Persons) RemoveVehicle(ctx context.Context, tx *db.Tx, oid OID, id string) error {
	return p.remove(ctx, tx, oid, id, "vehicle", "vehicles")
}
