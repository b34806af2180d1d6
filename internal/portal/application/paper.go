package application

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/portal/form"
)

// PT Sans, ParaType Free Font License (font/LICENSE).
var (
	//go:embed font/PTSans-Regular.ttf
	fontRegular []byte
	//go:embed font/PTSans-Bold.ttf
	fontBold []byte
)

// Receipt prints the receipt of an application with the code of the public
// check page, as PDF (SVC-11).
func (a *Applications) Receipt(ctx context.Context, owner, id string, l *i18n.Localizer) ([]byte, error) {
	d, sig, err := a.printable(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	p := a.newPaper(ctx, l, d.SubmittedAt)
	p.head(l.T("application.paper.receipt"), d.Title.In(l.Lang()))
	p.fact("application.paper.number", d.Number)
	p.fact("application.paper.sent", l.DateTime(d.SubmittedAt, a.Zone))
	p.fact("application.paper.agency", d.Body)
	p.fact("application.paper.applicant", d.Content.Applicant)
	if d.Content.Subject != d.Content.Applicant {
		p.fact("application.paper.subject", d.Content.Subject)
	}
	if day := d.DueDay(a.Zone); day != nil {
		p.fact("application.paper.due", l.Date(*day))
	} else {
		p.fact("application.paper.register_by", l.Date(*dayBefore(&d.RegisterBy, a.Zone)))
	}
	p.files(d.Files)
	p.signature(sig, a.Zone)
	if err := p.proof(a.proofURL(sig.proof)); err != nil {
		return nil, err
	}
	return p.bytes()
}

// Print prints the whole application as it was signed, as PDF.
func (a *Applications) Print(ctx context.Context, owner, id string, l *i18n.Localizer) ([]byte, error) {
	d, sig, err := a.printable(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	return a.print(ctx, d, sig, d.Content.Form, l)
}

func (a *Applications) print(ctx context.Context, d *Details, sig *signature, f form.Application, l *i18n.Localizer) ([]byte, error) {
	p := a.newPaper(ctx, l, d.SubmittedAt)
	p.head(d.Title.In(f.Lang), d.Body)
	p.fact("application.paper.number", d.Number)
	p.fact("application.paper.sent", l.DateTime(d.SubmittedAt, a.Zone))
	p.fact("application.paper.applicant", d.Content.Applicant)
	for _, s := range f.Sections {
		p.section(s.Title)
		for _, answer := range s.Answers {
			p.answer(answer)
		}
	}
	p.files(d.Files)
	p.signature(sig, a.Zone)
	if err := p.proof(a.proofURL(sig.proof)); err != nil {
		return nil, err
	}
	return p.bytes()
}

// signature is the record of «Подписать и отправить».
type signature struct {
	Digest   []byte
	SignedAt time.Time
	ACR      string
	proof    string
}

func (a *Applications) printable(ctx context.Context, owner, id string) (*Details, *signature, error) {
	d, err := a.Get(ctx, owner, id)
	if err != nil {
		return nil, nil, err
	}
	if d.ErasedAt != nil {
		return nil, nil, fault.NotFound("application.erased")
	}
	var sig *signature
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sig, err = a.signatureOf(ctx, tx, &d.Application)
		return err
	})
	return d, sig, err
}

func (a *Applications) signatureOf(ctx context.Context, tx *db.Tx, app *Application) (*signature, error) {
	type row struct {
		Digest   []byte
		SignedAt time.Time
		ACR      string `db:"acr"`
		Proof    []byte
	}
	r, err := db.Get[row](ctx, tx, `
		SELECT s.digest, s.signed_at, s.acr, a.proof
		  FROM application.signature s JOIN application.application a ON a.id = s.application_id
		 WHERE s.application_id = $1 AND s.version = $2`, app.ID, app.Contents)
	if err != nil {
		return nil, fmt.Errorf("read signature of %s: %w", app.ID, err)
	}
	proof, err := a.Keys.Open(r.Proof, proofAAD(app.ID))
	if err != nil {
		return nil, fmt.Errorf("open proof of %s: %w", app.ID, err)
	}
	return &signature{Digest: r.Digest, SignedAt: r.SignedAt, ACR: r.ACR, proof: string(proof)}, nil
}

// ProofURL is the address of the public check page of an application: for the
// code on its page.
func (a *Applications) ProofURL(ctx context.Context, owner, id string) (string, error) {
	_, sig, err := a.printable(ctx, owner, id)
	if err != nil {
		return "", err
	}
	return a.proofURL(sig.proof), nil
}

func (a *Applications) proofURL(token string) string { return a.BaseURL + "/check/" + token }

// Proof is what anyone who holds the paper may learn: that it is genuine, and
// nothing about the person.
type Proof struct {
	Number      string
	Title       form.Text
	Body        string
	SubmittedAt time.Time
	Status      Status
	Outcome     Status
	Digest      string // SHA-256 of what was signed, as printed
}

// Check answers the proof of a printed code.
func (a *Applications) Check(ctx context.Context, token string) (*Proof, error) {
	var out *Proof
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		app, err := findApplication(ctx, tx, `proof_hash = $1`, crypt.HashToken(token))
		if err != nil {
			return err
		}
		if app == nil || app.ErasedAt != nil {
			return fault.NotFound("application.proof_not_found")
		}
		sig, err := a.signatureOf(ctx, tx, app)
		if err != nil {
			return err
		}
		out = &Proof{
			Number: app.Number, Title: app.Title, Body: app.Body, SubmittedAt: app.SubmittedAt, Status: app.Status,
			Outcome: app.Outcome, Digest: hex.EncodeToString(sig.Digest),
		}
		return nil
	})
	return out, err
}

// paper is an A4 page with our type.
type paper struct {
	*fpdf.Fpdf
	l *i18n.Localizer
}

const (
	pageWidth  = 210.0 // mm
	margin     = 20.0
	labelWidth = 58.0
	lineHeight = 5.6
)

func (a *Applications) newPaper(ctx context.Context, l *i18n.Localizer, at time.Time) *paper {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.AddUTF8FontFromBytes("PT", "", fontRegular)
	pdf.AddUTF8FontFromBytes("PT", "B", fontBold)
	// The same application gives the same bytes.
	pdf.SetCreationDate(at)
	pdf.SetModificationDate(at)
	pdf.SetCatalogSort(true)
	pdf.SetProducer("Okno", true)
	pdf.SetLang(l.Lang())
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(true, 22)
	portal := a.Portal(ctx, l.Lang())
	pdf.SetFooterFunc(func() {
		pdf.SetY(-15)
		pdf.SetFont("PT", "", 9)
		pdf.SetTextColor(75, 89, 108)
		pdf.CellFormat(0, 5, portal, "", 0, "L", false, 0, "")
		pdf.SetX(margin)
		pdf.CellFormat(0, 5, l.T("application.paper.page", "n", pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	pdf.AddPage()
	return &paper{pdf, l}
}

func (p *paper) ink()   { p.SetTextColor(20, 32, 51) }
func (p *paper) muted() { p.SetTextColor(75, 89, 108) }

func (p *paper) head(title, below string) {
	p.SetTitle(title, true)
	p.ink()
	p.SetFont("PT", "B", 20)
	p.MultiCell(0, 9, clean(title), "", "L", false)
	p.SetFont("PT", "", 12)
	p.muted()
	p.MultiCell(0, 6.5, clean(below), "", "L", false)
	p.Ln(4)
}

func (p *paper) section(title string) {
	if p.GetY() > 255 {
		p.AddPage()
	}
	p.Ln(4)
	p.ink()
	p.SetFont("PT", "B", 13)
	p.MultiCell(0, 7, clean(title), "", "L", false)
	p.Ln(1)
}

func (p *paper) fact(key, value string) { p.row(p.l.T(key), value) }

// row is a label with its value beside it, either of any length.
func (p *paper) row(label, value string) {
	valueWidth := pageWidth - 2*margin - labelWidth
	p.SetFont("PT", "", 11)
	lines := max(len(p.SplitText(clean(label), labelWidth-4)), len(p.SplitText(clean(value), valueWidth)), 1)
	if p.GetY()+float64(lines)*lineHeight > 297-22 && float64(lines)*lineHeight < 200 {
		p.AddPage()
	}
	top, page := p.GetY(), p.PageNo()
	p.muted()
	p.MultiCell(labelWidth-4, lineHeight, clean(label), "", "L", false)
	bottom, bottomPage := p.GetY(), p.PageNo()
	p.SetPage(page)
	p.SetXY(margin+labelWidth, top)
	p.ink()
	p.MultiCell(valueWidth, lineHeight, clean(value), "", "L", false)
	if p.PageNo() < bottomPage || (p.PageNo() == bottomPage && p.GetY() < bottom) {
		p.SetPage(bottomPage)
		p.SetY(bottom)
	}
	p.SetX(margin)
	p.Ln(1.4)
}

// answer prints a row for each line of an answer, with who vouches for it.
func (p *paper) answer(a form.Answer) {
	known := ""
	if a.Known && a.Source != "" {
		known = "\n" + p.l.T("application.paper.known", "source", a.Source, "date", p.l.Date(a.On))
	}
	for i, line := range a.Lines {
		value := line.Text
		if i == len(a.Lines)-1 {
			value += known
		}
		label := line.Label
		if label == "" {
			label = a.Label
		}
		p.row(label, value)
	}
	var names []string
	for _, f := range a.Files {
		names = append(names, f.Name)
	}
	switch {
	case len(names) > 0:
		p.row(a.Label, strings.Join(names, "\n"))
	case len(a.Lines) == 0:
		p.row(a.Label, "—")
	}
}

func (p *paper) files(files []File) {
	if len(files) == 0 {
		return
	}
	p.section(p.l.T("application.paper.files"))
	for _, f := range files {
		p.row(f.Name, fmt.Sprintf("%s\nSHA-256 %x", p.size(f.Size), f.SHA256))
	}
}

func (p *paper) size(n int64) string {
	if n < 1<<20 {
		return p.l.T("application.paper.kb", "n", p.l.N(max(1, (n+1023)>>10)))
	}
	whole := n * 10 >> 20
	return p.l.T("application.paper.mb", "n", fmt.Sprintf("%d,%d", whole/10, whole%10))
}

func (p *paper) signature(s *signature, zone *time.Location) {
	p.section(p.l.T("application.paper.signature"))
	p.fact("application.paper.signed_by", p.l.T("application.paper.simple"))
	p.fact("application.paper.signed_at", p.l.DateTime(s.SignedAt, zone))
	p.fact("application.paper.digest", hex.EncodeToString(s.Digest))
}

const codeSize = 34.0 // mm

// proof draws the code of the check page with the address below it.
func (p *paper) proof(url string) error {
	code, err := qr.Encode(url, qr.M)
	if err != nil {
		return fmt.Errorf("draw code: %w", err)
	}
	code.Scale = 6
	if p.GetY()+codeSize+6 > 297-22 {
		p.AddPage()
	}
	p.Ln(4)
	y := p.GetY()
	p.RegisterImageOptionsReader("code", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(code.PNG()))
	p.ImageOptions("code", margin, y, codeSize, codeSize, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, url)
	p.SetXY(margin+codeSize+6, y+3)
	p.SetFont("PT", "", 10)
	p.ink()
	p.MultiCell(0, 5, clean(p.l.T("application.paper.check")), "", "L", false)
	p.SetX(margin + codeSize + 6)
	p.muted()
	p.SetFont("PT", "", 8)
	p.MultiCell(0, 4.2, url, "", "L", false)
	return nil
}

func (p *paper) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("print application: %w", err)
	}
	return b.Bytes(), nil
}

// clean replaces what the font cannot draw: fpdf stops at runes beyond the
// basic plane.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xffff:
			return '□'
		case r < 0x20 && r != '\n':
			return ' '
		}
		return r
	}, s)
}
