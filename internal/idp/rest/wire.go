package rest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Verified is our extension: by whom and when a value was verified.
type Verified struct {
	On     int64  `json:"vrfOn,omitempty"` // epoch seconds
	By     string `json:"vrfBy,omitempty"` // mvd, sfr, centre
	ByName string `json:"vrfByName,omitempty"`
}

// Person is /rs/prns/{oid}. Absent fields are unknown or not permitted.
type Person struct {
	StateFacts  []string `json:"stateFacts"`
	ETag        string   `json:"eTag"`
	FirstName   string   `json:"firstName,omitempty"`
	LastName    string   `json:"lastName,omitempty"`
	MiddleName  string   `json:"middleName,omitempty"`
	BirthDate   string   `json:"birthDate,omitempty"` // dd.MM.yyyy
	BirthPlace  string   `json:"birthPlace,omitempty"`
	Gender      string   `json:"gender,omitempty"` // M, F
	Trusted     bool     `json:"trusted"`
	Citizenship string   `json:"citizenship,omitempty"`
	SNILS       string   `json:"snils,omitempty"` // 000-000-600 06
	INN         string   `json:"inn,omitempty"`
	UpdatedOn   int64    `json:"updatedOn"`
	Status      string   `json:"status"`
	Verifying   bool     `json:"verifying"`
	RIDDoc      int64    `json:"rIdDoc,omitempty"`
	// Flags of the confirmation by code, which this provider has not.
	ContainsUpCfmCode bool     `json:"containsUpCfmCode"`
	RfgUOperatorCheck bool     `json:"rfgUOperatorCheck"`
	RegCtxCfmSte      string   `json:"regCtxCfmSte"`
	ChosenCfmTypes    []string `json:"chosenCfmTypes"`
	AvatarUUID        string   `json:"avatarUuid,omitempty"`

	OknoLevel     int       `json:"oknoLevel"`
	OknoProofing  string    `json:"oknoProofing,omitempty"`
	SNILSVerified *Verified `json:"oknoSnils,omitempty"`
	Verified

	Contacts  *Collection `json:"contacts,omitempty"`
	Addresses *Collection `json:"addresses,omitempty"`
	Documents *Collection `json:"documents,omitempty"`
	Vehicles  *Collection `json:"vehicles,omitempty"`
	Kids      *Collection `json:"kids,omitempty"`
}

// Collection is a list of addresses or of elements.
type Collection struct {
	StateFacts []string `json:"stateFacts"`
	Size       int      `json:"size"`
	ETag       string   `json:"eTag"`
	Elements   []any    `json:"elements"`
}

// Contact is one of /ctts.
type Contact struct {
	StateFacts       []string `json:"stateFacts"`
	ID               int64    `json:"id"`
	Type             string   `json:"type"` // MBT, EML, PHN
	VrfStu           string   `json:"vrfStu"`
	Value            string   `json:"value"`
	VerifyingValue   string   `json:"verifyingValue,omitempty"`
	VrfValStu        string   `json:"vrfValStu,omitempty"`
	IsCfmCodeExpired bool     `json:"isCfmCodeExpired"`
	ETag             string   `json:"eTag"`
	Verified
}

// Address is one of /addrs.
type Address struct {
	StateFacts []string `json:"stateFacts"`
	ID         int64    `json:"id"`
	Type       string   `json:"type"` // PLV, PRG
	AddressStr string   `json:"addressStr"`
	FiasCode   string   `json:"fiasCode,omitempty"`
	ZipCode    string   `json:"zipCode,omitempty"`
	CountryID  string   `json:"countryId,omitempty"`
	Region     string   `json:"region,omitempty"`
	Area       string   `json:"area,omitempty"`
	City       string   `json:"city,omitempty"`
	District   string   `json:"district,omitempty"`
	Settlement string   `json:"settlement,omitempty"`
	Street     string   `json:"street,omitempty"`
	House      string   `json:"house,omitempty"`
	Building   string   `json:"building,omitempty"`
	Frame      string   `json:"frame,omitempty"`
	Flat       string   `json:"flat,omitempty"`
	VrfStu     string   `json:"vrfStu"`
	ETag       string   `json:"eTag"`
}

// Document is one of /docs and of a child's /docs.
type Document struct {
	StateFacts []string `json:"stateFacts"`
	ID         int64    `json:"id"`
	Type       string   `json:"type"`
	VrfStu     string   `json:"vrfStu"`
	VrfValStu  string   `json:"vrfValStu,omitempty"`
	Series     string   `json:"series,omitempty"`
	Number     string   `json:"number"`
	IssueDate  string   `json:"issueDate,omitempty"`
	IssueID    string   `json:"issueId,omitempty"`
	IssuedBy   string   `json:"issuedBy,omitempty"`
	ExpiryDate string   `json:"expiryDate,omitempty"`
	FirstName  string   `json:"firstName,omitempty"`
	LastName   string   `json:"lastName,omitempty"`
	ActNo      string   `json:"actNo,omitempty"` // of a birth certificate
	ETag       string   `json:"eTag"`
	Verified
}

// Vehicle is one of /vhls.
type Vehicle struct {
	StateFacts     []string        `json:"stateFacts"`
	ID             int64           `json:"id"`
	Name           string          `json:"name"`
	NumberPlate    string          `json:"numberPlate"`
	RegCertificate *RegCertificate `json:"regCertificate,omitempty"`
	ETag           string          `json:"eTag"`
}

// RegCertificate is a vehicle's paper.
type RegCertificate struct {
	Series string `json:"series"`
	Number string `json:"number"`
}

// Kid is one of /kids.
type Kid struct {
	StateFacts []string `json:"stateFacts"`
	ID         int64    `json:"id"`
	FirstName  string   `json:"firstName,omitempty"`
	LastName   string   `json:"lastName,omitempty"`
	MiddleName string   `json:"middleName,omitempty"`
	BirthDate  string   `json:"birthDate,omitempty"`
	Gender     string   `json:"gender,omitempty"`
	SNILS      string   `json:"snils,omitempty"`
	Trusted    bool     `json:"trusted"`
	UpdatedOn  int64    `json:"updatedOn"`
	ETag       string   `json:"eTag"`
	Verified
	Documents *Collection `json:"documents,omitempty"`
}

const (
	verified    = "VERIFIED"
	notVerified = "NOT_VERIFIED"
	verifying   = "VERIFYING"
	failed      = "VERIFICATION_FAILED"
)

var identifiable = []string{"Identifiable"}

// number makes ESIA's numeric id of one of ours: 48 bits, so that it survives
// clients which hold numbers as floats.
func number(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8])>>16) | 1<<40
}

// etag is 40 upper-case hex digits over the content.
func etag(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // wire types always marshal
	}
	sum := sha256.Sum256(raw)
	return strings.ToUpper(hex.EncodeToString(sum[:20]))
}

func date(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("02.01.2006")
}

// isoDate turns 2006-01-02 into 02.01.2006; what is no date stays out.
func isoDate(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return ""
	}
	return date(&t)
}
