package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// seedDemo makes what the demo's people have already done. It goes by the same
// use cases as they would, and a second run changes nothing.
func (a *App) seedDemo(ctx context.Context) error {
	if err := a.seedCentres(ctx); err != nil {
		return err
	}
	for _, p := range demo.Persons() {
		if p.Account.State == demo.NoAccount {
			continue
		}
		oid, err := a.seedPerson(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Phone, err)
		}
		if err := a.seedRole(ctx, oid, p); err != nil {
			return fmt.Errorf("%s: %w", p.Phone, err)
		}
	}
	return nil
}

func (a *App) seedPerson(ctx context.Context, p demo.Person) (person.OID, error) {
	known, err := a.idp.persons.FindByLogin(ctx, person.LoginPhone, p.Phone)
	if err != nil {
		return 0, err
	}
	if known != nil {
		return known.OID, nil
	}
	hash, err := a.idp.creds.Hash(ctx, demo.Password)
	if err != nil {
		return 0, err
	}
	var oid person.OID
	err = a.idp.db.InTx(ctx, func(tx *db.Tx) error {
		var err error
		oid, err = a.idp.persons.Create(ctx, tx, person.New{Surname: p.Surname, Given: p.Name, Patronymic: p.Patronymic, Locale: p.Account.Locale})
		if err != nil {
			return err
		}
		if err := a.seedContacts(ctx, tx, oid, p); err != nil {
			return err
		}
		if err := a.idp.creds.SetPassword(ctx, tx, oid, hash); err != nil {
			return err
		}
		if p.Account.TOTP != "" {
			if err := a.idp.creds.SetTOTP(ctx, tx, oid, p.Account.TOTP); err != nil {
				return err
			}
		}
		if p.Account.State == demo.Standard || p.Account.State == demo.Confirmed {
			return a.seedVerified(ctx, tx, oid, p)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if p.Account.State == demo.Checking || p.Account.State == demo.Failed {
		return oid, a.seedCheck(ctx, oid, p)
	}
	return oid, nil
}

func (a *App) seedContacts(ctx context.Context, tx *db.Tx, oid person.OID, p demo.Person) error {
	for kind, value := range map[person.ContactKind]string{person.Phone: p.Phone, person.Email: p.Email} {
		c, err := a.idp.persons.AddContact(ctx, tx, oid, kind, value)
		if err != nil {
			return err
		}
		if _, err := a.idp.persons.ConfirmContact(ctx, tx, oid, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// seedVerified gives data that both registers have confirmed, the children, an
// address and, for confirmed accounts, the proof of identity.
func (a *App) seedVerified(ctx context.Context, tx *db.Tx, oid person.OID, p demo.Person) error {
	persons := a.idp.persons
	data, err := personData(p)
	if err != nil {
		return err
	}
	n, err := persons.Enter(ctx, tx, oid, data, "self")
	if err != nil {
		return err
	}
	if err := persons.Verify(ctx, tx, oid, n, "registers", "mvd"); err != nil {
		return err
	}
	for _, c := range p.Children {
		birth, err := time.Parse(time.DateOnly, c.BirthDate)
		if err != nil {
			return err
		}
		id, err := persons.PutChild(ctx, tx, oid, "", birth, person.ChildData{
			Surname: c.Surname, Given: c.Name, Patronymic: c.Patronymic, Sex: c.Sex, SNILS: c.SNILS,
			CertificateSeries: c.Series, CertificateNumber: c.Number, CertificateDate: c.IssueDate, CertificateBy: c.IssuedBy,
		})
		if err != nil {
			return err
		}
		if err := persons.SetChildState(ctx, tx, oid, id, person.DocumentVerified); err != nil {
			return err
		}
	}
	for _, kind := range []person.AddressKind{person.Registration, person.Residence} {
		err := persons.PutAddress(ctx, tx, oid, kind, person.AddressData{
			Text: "625000, Тюменская область, г. Тюмень, ул. Республики, д. 24, кв. " + strconv.Itoa(int(oid%90)+1),
			Zip:  "625000", Country: "RUS", Region: "Тюменская область", City: "Тюмень", Street: "Республики", House: "24", Flat: strconv.Itoa(int(oid%90) + 1),
		})
		if err != nil {
			return err
		}
	}
	if p.Account.State != demo.Confirmed {
		return nil
	}
	return persons.Confirm(ctx, tx, oid, person.Proofing{
		Method: "centre", Provider: demo.Centre, Place: "МФЦ, г. Тюмень, ул. Первомайская, д. 50", Document: p.DocumentType,
	})
}

func personData(p demo.Person) (person.Data, error) {
	birth, err := time.Parse(time.DateOnly, p.BirthDate)
	if err != nil {
		return person.Data{}, err
	}
	return person.Data{
		Surname: p.Surname, Given: p.Name, Patronymic: p.Patronymic, Sex: p.Sex, BirthDate: birth, BirthPlace: p.BirthPlace,
		SNILS: p.SNILS, Citizenship: p.Citizenship, DocumentType: person.DocumentType(p.DocumentType),
		Document: person.DocumentData{Series: p.Series, Number: p.Number, IssueDate: p.IssueDate, IssuedBy: p.IssuedBy, IssueID: digits(p.IssuerCode)},
	}, nil
}

func digits(s string) string {
	var out []rune
	for _, c := range s {
		if c >= '0' && c <= '9' {
			out = append(out, c)
		}
	}
	return string(out)
}

// seedCheck sends the personal data to the registers, as the person did: one
// register never comes to an end, the other one finds another birth date.
func (a *App) seedCheck(ctx context.Context, oid person.OID, p demo.Person) error {
	birth := p.BirthDate
	if p.Account.State == demo.Failed {
		birth = "1990-03-12"
	}
	day, err := time.Parse(time.DateOnly, birth)
	if err != nil {
		return err
	}
	issued, err := time.Parse(time.DateOnly, p.IssueDate)
	if err != nil {
		return err
	}
	return a.idp.enrol.SubmitForm(ctx, oid, enrol.Form{
		Surname: p.Surname, Given: p.Name, Patronymic: p.Patronymic, Sex: p.Sex, BirthDate: day.Format("02.01.2006"), BirthPlace: p.BirthPlace,
		SNILS: p.SNILS, Citizenship: p.Citizenship, Document: p.Series + " " + p.Number, IssueDate: issued.Format("02.01.2006"),
		IssuerCode: p.IssuerCode, IssuedBy: p.IssuedBy,
	}, session.Visit{Device: "demo", UserAgent: "demo", Network: "127.0.0.1"})
}

// demoAccounts tells the desk the numbers and levels of the demo's people.
func (a *App) demoAccounts(ctx context.Context) (map[string]demo.AccountState, error) {
	out := map[string]demo.AccountState{}
	for _, p := range demo.Persons() {
		known, err := a.idp.persons.FindByLogin(ctx, person.LoginPhone, p.Phone)
		if err != nil {
			return nil, err
		}
		if known != nil {
			out[p.Phone] = demo.AccountState{OID: person.FormatOID(known.OID), Level: int(known.Level)}
		}
	}
	return out, nil
}
