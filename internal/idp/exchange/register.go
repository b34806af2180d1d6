package exchange

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/idp/enrol"
)

// MVD asks the register of identity documents (ID-VER-05): POST
// /identity-document/check with XML of the namespace urn:okno:register:mvd:1.
type MVD struct{ Endpoint }

type mvdRequest struct {
	XMLName    xml.Name    `xml:"urn:okno:register:mvd:1 identityDocumentRequest"`
	ID         string      `xml:"id,attr"`
	Surname    string      `xml:"surname"`
	Name       string      `xml:"name"`
	Patronymic string      `xml:"patronymic,omitempty"`
	BirthDate  string      `xml:"birthDate"`
	Document   mvdDocument `xml:"document"`
}

type mvdDocument struct {
	Type       string `xml:"type"`
	Series     string `xml:"series,omitempty"`
	Number     string `xml:"number"`
	IssueDate  string `xml:"issueDate,omitempty"`
	IssuerCode string `xml:"issuerCode,omitempty"`
}

type mvdResponse struct {
	XMLName xml.Name `xml:"urn:okno:register:mvd:1 identityDocumentResponse"`
	ID      string   `xml:"id,attr"`
	Result  string   `xml:"result"`
	Reason  struct {
		Code string `xml:"code,attr"`
	} `xml:"reason"`
}

// CheckDocument fills enrol.IdentityRegister.
func (m *MVD) CheckDocument(ctx context.Context, q enrol.DocumentQuery) (enrol.Answer, error) {
	body, err := xml.Marshal(mvdRequest{
		ID: q.ID, Surname: q.Surname, Name: q.Given, Patronymic: q.Patronymic, BirthDate: q.BirthDate.Format(time.DateOnly),
		Document: mvdDocument{
			Type: string(q.Type), Series: q.Document.Series, Number: q.Document.Number,
			IssueDate: q.Document.IssueDate, IssuerCode: dashed(q.Document.IssueID),
		},
	})
	if err != nil {
		return enrol.Answer{}, err
	}
	raw, err := m.post(ctx, "/identity-document/check", "application/xml; charset=utf-8", append([]byte(xml.Header), body...))
	if err != nil {
		return enrol.Answer{}, fmt.Errorf("ask МВД: %w", err)
	}
	var got mvdResponse
	if err := xml.Unmarshal(raw, &got); err != nil {
		return enrol.Answer{}, fmt.Errorf("ask МВД: unreadable answer")
	}
	a, err := answer(q.ID, got.ID, got.Result, got.Reason.Code)
	if err != nil {
		return a, fmt.Errorf("ask МВД: %w", err)
	}
	return a, nil
}

// dashed writes a code of division as printed: 720-002.
func dashed(code string) string {
	if len(code) != 6 {
		return code
	}
	return code[:3] + "-" + code[3:]
}

// SFR asks the Social Fund's register of insured persons (ID-VER-06): POST
// /snils/check with JSON.
type SFR struct{ Endpoint }

type sfrRequest struct {
	ID         string `json:"request_id"`
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Patronymic string `json:"patronymic,omitempty"`
	BirthDate  string `json:"birth_date"`
	Sex        string `json:"sex"`
	SNILS      string `json:"snils"`
}

type jsonResponse struct {
	ID     string `json:"request_id"`
	Result string `json:"result"`
	Reason struct {
		Code string `json:"code"`
	} `json:"reason"`
}

// CheckSNILS fills enrol.PensionRegister.
func (s *SFR) CheckSNILS(ctx context.Context, q enrol.SNILSQuery) (enrol.Answer, error) {
	body, err := json.Marshal(sfrRequest{
		ID: q.ID, Surname: q.Surname, Name: q.Given, Patronymic: q.Patronymic,
		BirthDate: q.BirthDate.Format(time.DateOnly), Sex: q.Sex, SNILS: q.SNILS,
	})
	if err != nil {
		return enrol.Answer{}, err
	}
	raw, err := s.post(ctx, "/snils/check", "application/json", body)
	if err != nil {
		return enrol.Answer{}, fmt.Errorf("ask СФР: %w", err)
	}
	a, err := readJSON(q.ID, raw)
	if err != nil {
		return a, fmt.Errorf("ask СФР: %w", err)
	}
	return a, nil
}

// FNS asks the Tax Service's register of natural persons about an ИНН: POST
// /inn/check with JSON.
type FNS struct{ Endpoint }

type fnsRequest struct {
	ID         string `json:"request_id"`
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Patronymic string `json:"patronymic,omitempty"`
	BirthDate  string `json:"birth_date"`
	INN        string `json:"inn"`
}

// CheckINN fills enrol.TaxRegister. The answer is written like that of the Social Fund.
func (f *FNS) CheckINN(ctx context.Context, q enrol.INNQuery) (enrol.Answer, error) {
	body, err := json.Marshal(fnsRequest{
		ID: q.ID, Surname: q.Surname, Name: q.Given, Patronymic: q.Patronymic, BirthDate: q.BirthDate.Format(time.DateOnly), INN: q.INN,
	})
	if err != nil {
		return enrol.Answer{}, err
	}
	raw, err := f.post(ctx, "/inn/check", "application/json", body)
	if err != nil {
		return enrol.Answer{}, fmt.Errorf("ask ФНС: %w", err)
	}
	a, err := readJSON(q.ID, raw)
	if err != nil {
		return a, fmt.Errorf("ask ФНС: %w", err)
	}
	return a, nil
}

// readJSON reads the answer of the registers that speak JSON.
func readJSON(id string, raw []byte) (enrol.Answer, error) {
	var got jsonResponse
	if err := json.Unmarshal(raw, &got); err != nil {
		return enrol.Answer{}, fmt.Errorf("unreadable answer")
	}
	return answer(id, got.ID, got.Result, got.Reason.Code)
}
