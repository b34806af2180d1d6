package demo

import (
	"strconv"

	"github.com/okno-gov/okno/internal/base/ruid"
)

// Password of every demo account.
const Password = "Okno-2026!"

// Person is somebody of the demo: what the registers know, and whether the
// identity provider has an account for them.
type Person struct {
	Surname     string `json:"surname"`
	Name        string `json:"name"`
	Patronymic  string `json:"patronymic"`
	Sex         string `json:"sex"` // M or F
	BirthDate   string `json:"birth_date"`
	BirthPlace  string `json:"birth_place"`
	SNILS       string `json:"snils"`
	Citizenship string `json:"citizenship"` // ISO 3166-1 alpha-3

	DocumentType string `json:"document_type"` // RF_PASSPORT or FID_DOC
	Series       string `json:"series"`
	Number       string `json:"number"`
	IssueDate    string `json:"issue_date"`
	IssuerCode   string `json:"issuer_code"`
	IssuedBy     string `json:"issued_by"`

	Phone    string  `json:"phone"`
	Email    string  `json:"email"`
	Children []Child `json:"children,omitempty"`

	Account Account `json:"account"`
}

// INN is the taxpayer's number by which the Tax Service of the demo knows the person.
func (p *Person) INN() string {
	n, err := strconv.ParseUint(p.SNILS[:min(9, len(p.SNILS))], 10, 64)
	if err != nil {
		return ""
	}
	return string(ruid.SamplePersonINN(n))
}

// Child is a child card of the profile.
type Child struct {
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Patronymic string `json:"patronymic"`
	Sex        string `json:"sex"`
	BirthDate  string `json:"birth_date"`
	BirthPlace string `json:"birth_place"`
	SNILS      string `json:"snils"`
	Series     string `json:"series"` // of the birth certificate, such as II-ФР
	Number     string `json:"number"`
	IssueDate  string `json:"issue_date"`
	IssuedBy   string `json:"issued_by"`
}

// Account says how far a demo account has come.
type Account struct {
	State  State  `json:"state"`
	Role   Role   `json:"role,omitempty"`
	Agency string `json:"agency,omitempty"` // code, of clerks
	Portal string `json:"portal,omitempty"` // region whose portal a clerk works for, "72" by default
	Centre string `json:"centre,omitempty"` // code, of operators
	Locale string `json:"locale,omitempty"`
	// TOTP is the fixed secret of staff, base32: their second factor.
	TOTP string `json:"totp,omitempty"`
}

// State of a demo account.
type State string

// The states. NoAccount persons are known to the registers alone.
const (
	NoAccount  State = "none"
	Simplified State = "simplified"
	Checking   State = "checking"
	Failed     State = "failed"
	Standard   State = "standard"
	Confirmed  State = "confirmed"
)

// Role of a staff account.
type Role string

// The roles.
const (
	Citizen     Role = ""
	Clerk       Role = "clerk"
	Operator    Role = "operator"
	IDPAdmin    Role = "idp_admin"
	PortalAdmin Role = "portal_admin"
)

// Codes that seed data and services/ share.
const (
	AgencyPolice    = "mvd"
	AgencyEducation = "edu"
	Centre          = "mfc-tyumen-1"
)

// Persons are all persons of the demo, the ones without an account first.
func Persons() []Person {
	return append(strangers(), append(citizens(), staff()...)...)
}

const (
	rus     = "RUS"
	umvd    = "УМВД России по Тюменской области"
	tyumen  = "г. Тюмень"
	tobolsk = "г. Тобольск Тюменской области"
)

func strangers() []Person {
	return []Person{
		{
			Surname: "Тестова", Name: "Анна", Patronymic: "Сергеевна", Sex: "F", BirthDate: "1991-04-17", BirthPlace: tyumen,
			SNILS: "14390561762", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7111", Number: "904513", IssueDate: "2011-05-06",
			IssuerCode: "720-002", IssuedBy: umvd, Phone: "+79120000101", Email: "anna.testova@example.com", Account: Account{State: NoAccount},
		},
		{
			Surname: "Пробный", Name: "Иван", Patronymic: "Петрович", Sex: "M", BirthDate: "1979-11-30", BirthPlace: tobolsk,
			SNILS: "12964487198", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7199", Number: "115260", IssueDate: "1999-12-21",
			IssuerCode: "722-001", IssuedBy: umvd, Phone: "+79120000102", Email: "ivan.probny@example.com", Account: Account{State: NoAccount},
		},
		{
			Surname: "Рахимов", Name: "Тимур", Sex: "M", BirthDate: "1986-08-09", BirthPlace: "г. Ташкент, Узбекистан",
			SNILS: "15520394648", Citizenship: "UZB", DocumentType: "FID_DOC", Series: "AD", Number: "4471029", IssueDate: "2022-02-14",
			IssuedBy: "МВД Республики Узбекистан", Phone: "+79120000103", Email: "timur.rahimov@example.com", Account: Account{State: NoAccount},
		},
	}
}

func citizens() []Person {
	return []Person{
		{
			Surname: "Соколова", Name: "Анна", Patronymic: "Викторовна", Sex: "F", BirthDate: "1988-05-14", BirthPlace: tyumen,
			SNILS: "11223344595", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7114", Number: "482106", IssueDate: "2014-06-21",
			IssuerCode: "720-001", IssuedBy: umvd, Phone: "+79120000001", Email: "anna.sokolova@example.com",
			Children: []Child{
				{Surname: "Соколова", Name: "Мария", Patronymic: "Дмитриевна", Sex: "F", BirthDate: "2023-09-02", BirthPlace: tyumen, SNILS: "17223341031", Series: "III-ФР", Number: "512044", IssueDate: "2023-09-12", IssuedBy: "Отдел ЗАГС администрации города Тюмени"},
				{Surname: "Соколов", Name: "Илья", Patronymic: "Дмитриевич", Sex: "M", BirthDate: "2017-03-25", BirthPlace: tyumen, SNILS: "17334452159", Series: "II-ФР", Number: "803317", IssueDate: "2017-04-04", IssuedBy: "Отдел ЗАГС администрации города Тюмени"},
			},
			Account: Account{State: Confirmed},
		},
		{
			Surname: "Орлов", Name: "Николай", Patronymic: "Андреевич", Sex: "M", BirthDate: "1956-02-03", BirthPlace: tobolsk,
			SNILS: "16072233839", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7101", Number: "337718", IssueDate: "2001-03-15",
			IssuerCode: "722-001", IssuedBy: umvd, Phone: "+79120000002", Email: "nikolay.orlov@example.com", Account: Account{State: Confirmed},
		},
		{
			Surname: "Соколов", Name: "Дмитрий", Patronymic: "Павлович", Sex: "M", BirthDate: "1985-07-28", BirthPlace: tyumen,
			SNILS: "08765430300", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7108", Number: "317745", IssueDate: "2008-08-09",
			IssuerCode: "720-001", IssuedBy: umvd, Phone: "+79120000003", Email: "dmitry.sokolov@example.com", Account: Account{State: Standard},
		},
		{
			Surname: "Гиззатуллина", Name: "Алсу", Patronymic: "Ринатовна", Sex: "F", BirthDate: "1994-12-11", BirthPlace: "с. Аромашево Тюменской области",
			SNILS: "11845673274", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7115", Number: "640882", IssueDate: "2015-01-20",
			IssuerCode: "720-003", IssuedBy: umvd, Phone: "+79120000004", Email: "alsu.gizzatullina@example.com", Account: Account{State: Standard, Locale: "tt"},
		},
		{
			Surname: "Иванов", Name: "Пётр", Patronymic: "Сергеевич", Sex: "M", BirthDate: "2001-10-05", BirthPlace: tyumen,
			SNILS: "13459021649", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7121", Number: "228140", IssueDate: "2021-10-26",
			IssuerCode: "720-001", IssuedBy: umvd, Phone: "+79120000005", Email: "petr.ivanov@example.com", Account: Account{State: Simplified},
		},
		{
			Surname: "Белова", Name: "Ксения", Patronymic: "Олеговна", Sex: "F", BirthDate: "1999-01-19", BirthPlace: tyumen,
			SNILS: "14780236571", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7119", Number: "551307", IssueDate: "2019-02-12",
			IssuerCode: "720-002", IssuedBy: umvd, Phone: "+79120000006", Email: "ksenia.belova@example.com", Account: Account{State: Checking},
		},
		{
			// His account says 12 March, the registers say 21 March.
			Surname: "Кузнецов", Name: "Артём", Patronymic: "Игоревич", Sex: "M", BirthDate: "1990-03-21", BirthPlace: tyumen,
			SNILS: "12197654875", Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7110", Number: "773921", IssueDate: "2010-04-02",
			IssuerCode: "720-001", IssuedBy: umvd, Phone: "+79120000007", Email: "artem.kuznetsov@example.com", Account: Account{State: Failed},
		},
	}
}

func staff() []Person {
	base := func(surname, name, patronymic, sex, birth, snils, number, phone, email string, a Account) Person {
		a.State = Confirmed
		return Person{
			Surname: surname, Name: name, Patronymic: patronymic, Sex: sex, BirthDate: birth, BirthPlace: tyumen, SNILS: snils,
			Citizenship: rus, DocumentType: "RF_PASSPORT", Series: "7112", Number: number, IssueDate: "2012-09-03", IssuerCode: "720-001",
			IssuedBy: umvd, Phone: phone, Email: email, Account: a,
		}
	}
	return []Person{
		base("Гареева", "Лилия", "Маратовна", "F", "1983-06-07", "13940582774", "401001", "+79120000021", "gareeva@example.com",
			Account{Role: Clerk, Agency: AgencyPolice, TOTP: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}),
		base("Фёдорова", "Ольга", "Ильинична", "F", "1979-01-22", "16231495046", "401002", "+79120000022", "fedorova@example.com",
			Account{Role: Clerk, Agency: AgencyEducation, TOTP: "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"}),
		base("Ильина", "Марина", "Сергеевна", "F", "1990-11-15", "17025861356", "401003", "+79120000023", "ilina@example.com",
			Account{Role: Operator, Centre: Centre, TOTP: "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"}),
		base("Никитин", "Олег", "Викторович", "M", "1976-04-30", "15884120789", "401004", "+79120000024", "nikitin@example.com",
			Account{Role: IDPAdmin, TOTP: "NBSWY3DPO5XXE3DENBSWY3DPO5XXE3DE"}),
		base("Павлова", "Елена", "Юрьевна", "F", "1987-08-18", "14906732579", "401005", "+79120000025", "pavlova@example.com",
			Account{Role: PortalAdmin, TOTP: "ONSWG4TFORZWKY3SMV2HGZLDOJSXI43F"}),
		base("Шевченко", "Андрей", "Николаевич", "M", "1985-02-17", "15834092780", "401006", "+79120000026", "shevchenko@example.com",
			Account{Role: Clerk, Agency: AgencyEducation, Portal: "92", TOTP: "KNSXMYLTORXXA33MKNSXMYLTORXXA33M"}),
	}
}
