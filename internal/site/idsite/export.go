package idsite

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// exportFormat names the shape of the file; who changes it takes the next number.
const exportFormat = "okno-person-export/1"

// export is everything that the identity provider keeps about a person, but for
// secrets and for the names of its own staff (152-ФЗ art. 14; ID-CNS-10).
type export struct {
	Format     string            `json:"format"`
	MadeAt     time.Time         `json:"made_at"`
	Account    exportAccount     `json:"account"`
	Data       []exportData      `json:"personal_data"` // the newest first, with those of before
	Proofing   *exportProofing   `json:"proofing,omitempty"`
	Contacts   []exportContact   `json:"contacts"`
	Addresses  []exportAddress   `json:"addresses"`
	Documents  []exportDocument  `json:"documents"`
	Children   []exportChild     `json:"children"`
	Vehicles   []exportVehicle   `json:"vehicles"`
	Processing []exportAgreed    `json:"consents_to_processing"`
	Consents   []consent.Consent `json:"consents"`
	Portals    []exportPortal    `json:"portals"`
	Sessions   []exportSession   `json:"sessions"`
	Journal    []exportEntry     `json:"journal"`                  // the newest first
	Cut        bool              `json:"journal_is_cut,omitempty"` // there is more than fits
}

type exportAccount struct {
	Number       string    `json:"number"`
	Level        string    `json:"level"`
	LevelSince   time.Time `json:"level_since"`
	RegisteredAt time.Time `json:"registered_at"`
	Language     string    `json:"language"`
	Look         string    `json:"look,omitempty"`
	SignInLetter bool      `json:"letter_about_each_sign_in"`
	SecondFactor bool      `json:"second_factor"`
	Picture      bool      `json:"picture"`
}

type exportData struct {
	State        string     `json:"state"`
	EnteredAt    time.Time  `json:"entered_at"`
	EnteredBy    string     `json:"entered_by"` // self or centre
	EndedAt      *time.Time `json:"ended_at,omitempty"`
	VerifiedBy   string     `json:"verified_by,omitempty"`
	Surname      string     `json:"surname"`
	Given        string     `json:"given"`
	Patronymic   string     `json:"patronymic,omitempty"`
	Sex          string     `json:"sex"`
	BirthDate    string     `json:"birth_date"`
	BirthPlace   string     `json:"birth_place"`
	SNILS        string     `json:"snils"`
	Citizenship  string     `json:"citizenship"`
	DocumentType string     `json:"document_type"`
	person.DocumentData
}

type exportProofing struct {
	Method   string    `json:"method"`
	Place    string    `json:"place"`
	Document string    `json:"document"`
	At       time.Time `json:"at"`
}

type exportContact struct {
	Kind        string     `json:"kind"`
	Value       string     `json:"value"`
	AddedAt     time.Time  `json:"added_at"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
}

type exportAddress struct {
	Kind      string    `json:"kind"`
	UpdatedAt time.Time `json:"updated_at"`
	person.AddressData
}

type exportDocument struct {
	Type       string    `json:"type"`
	State      string    `json:"state"`
	StateAt    time.Time `json:"state_at"`
	VerifiedBy string    `json:"verified_by,omitempty"`
	EnteredAt  time.Time `json:"entered_at"`
	person.DocumentData
}

type exportChild struct {
	BirthDate string    `json:"birth_date"`
	State     string    `json:"state"`
	AddedAt   time.Time `json:"added_at"`
	person.ChildData
}

type exportVehicle struct {
	AddedAt time.Time `json:"added_at"`
	person.VehicleData
}

type exportAgreed struct {
	Version  string    `json:"text_version"`
	Language string    `json:"language"`
	Channel  string    `json:"channel"`
	At       time.Time `json:"given_at"`
}

type exportPortal struct {
	Name    string    `json:"name"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Count   int64     `json:"count"`
}

type exportSession struct {
	Device    string    `json:"device"`
	OpenedAt  time.Time `json:"opened_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type exportEntry struct {
	At      time.Time         `json:"at"`
	Kind    string            `json:"kind"`
	Actor   string            `json:"actor"` // person, operator, client:<id>, system
	Address string            `json:"address,omitempty"`
	Device  string            `json:"device,omitempty"`
	Details map[string]string `json:"details,omitempty"`
}

// maxExported bounds the journal of a file: more than ten entries a day for years.
const maxExported = 20_000

// everything gathers the export of a person.
func (s *Site) everything(ctx context.Context, m me) (*export, error) {
	p, err := s.Persons.Profile(ctx, m.who.OID)
	if err != nil {
		return nil, err
	}
	out := exportOf(p)
	out.MadeAt = s.Clock.Now()
	if out.Account.SignInLetter, err = s.Notices.WantsSignedIn(ctx, m.who.OID); err != nil {
		return nil, err
	}
	if out.Account.SecondFactor, err = s.Credentials.HasTOTP(ctx, m.who.OID); err != nil {
		return nil, err
	}
	versions, err := s.Persons.History(ctx, m.who.OID)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		out.Data = append(out.Data, exportDataOf(v))
	}
	if err := s.exportConsentsOf(ctx, m.who.OID, out); err != nil {
		return nil, err
	}
	sessions, err := s.Sessions.List(ctx, m.who.OID)
	if err != nil {
		return nil, err
	}
	for _, x := range sessions {
		out.Sessions = append(out.Sessions, exportSession{x.DeviceName, x.OpenedAt, x.SeenAt, x.ExpiresAt})
	}
	return out, s.exportJournal(ctx, m.who.OID, out)
}

// exportOf copies what stands in the profile. Lists are never nil: an empty one says
// that nothing is kept.
func exportOf(p *person.Profile) *export {
	out := &export{
		Format: exportFormat, Data: []exportData{}, Contacts: []exportContact{}, Addresses: []exportAddress{}, Documents: []exportDocument{},
		Children: []exportChild{}, Vehicles: []exportVehicle{}, Processing: []exportAgreed{}, Consents: []consent.Consent{},
		Portals: []exportPortal{}, Sessions: []exportSession{}, Journal: []exportEntry{},
		Account: exportAccount{
			Number: person.FormatOID(p.OID), Level: p.Level.String(), LevelSince: p.LevelAt, RegisteredAt: p.CreatedAt, Language: p.Locale,
			Look: p.Look, Picture: p.Avatar != "",
		},
	}
	if p.Proofing != nil {
		out.Proofing = &exportProofing{p.Proofing.Method, p.Proofing.Place, p.Proofing.Document, p.Proofing.At}
	}
	for _, c := range p.Contacts {
		out.Contacts = append(out.Contacts, exportContact{string(c.Kind), c.Value, c.CreatedAt, c.ConfirmedAt})
	}
	for _, a := range p.Addresses {
		out.Addresses = append(out.Addresses, exportAddress{string(a.Kind), a.UpdatedAt, a.AddressData})
	}
	for _, d := range p.Documents {
		out.Documents = append(out.Documents, exportDocument{string(d.Type), string(d.State), d.StateAt, d.VerifiedBy, d.EnteredAt, d.DocumentData})
	}
	for _, c := range p.Children {
		out.Children = append(out.Children, exportChild{c.BirthDate.Format(time.DateOnly), string(c.State), c.CreatedAt, c.ChildData})
	}
	for _, v := range p.Vehicles {
		out.Vehicles = append(out.Vehicles, exportVehicle{v.CreatedAt, v.VehicleData})
	}
	return out
}

func exportDataOf(v person.Version) exportData {
	by := "self"
	if strings.HasPrefix(v.EnteredBy, "operator:") {
		by = "centre"
	}
	return exportData{
		State: string(v.State), EnteredAt: v.EnteredAt, EnteredBy: by, EndedAt: v.EndedAt, VerifiedBy: v.VerifiedBy,
		Surname: v.Surname, Given: v.Given, Patronymic: v.Patronymic, Sex: v.Sex, BirthDate: v.BirthDate.Format(time.DateOnly),
		BirthPlace: v.BirthPlace, SNILS: v.SNILS, Citizenship: v.Citizenship, DocumentType: string(v.DocumentType), DocumentData: v.Document,
	}
}

func (s *Site) exportConsentsOf(ctx context.Context, oid person.OID, out *export) error {
	agreed, err := s.Enrolments.Agreements(ctx, oid)
	if err != nil {
		return err
	}
	for _, a := range agreed {
		out.Processing = append(out.Processing, exportAgreed{a.Version, a.Locale, a.Channel, a.At})
	}
	list, err := s.Consents.List(ctx, oid, 1000, 0)
	if err != nil {
		return err
	}
	out.Consents = append(out.Consents, list...)
	portals, err := s.Consents.Portals(ctx, oid)
	if err != nil {
		return err
	}
	for _, p := range portals {
		out.Portals = append(out.Portals, exportPortal{p.Name, p.FirstAt, p.LastAt, p.Count})
	}
	return nil
}

func (s *Site) exportJournal(ctx context.Context, oid person.OID, out *export) error {
	f := journal.Filter{Limit: 200}
	for {
		page, err := s.Journal.List(ctx, oid, f)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			out.Journal = append(out.Journal, exportEntry{e.At, string(e.Kind), actorOf(e.Actor), e.Address, e.Device, e.Details})
		}
		if f.After = page.Next; f.After == "" {
			return nil
		}
		if len(out.Journal) >= maxExported {
			out.Cut = true
			return nil
		}
	}
}

// actorOf leaves the numbers of staff out: the centre stands in the details.
func actorOf(actor string) string {
	switch {
	case actor == "":
		return "person"
	case strings.HasPrefix(actor, "operator:"):
		return "operator"
	}
	return actor
}

// downloadExport gives the file. That it was taken stands in the journal.
func (s *Site) downloadExport(w http.ResponseWriter, r *http.Request, m me) error {
	err := s.Persons.DB.InTx(r.Context(), func(tx *db.Tx) error {
		return s.Journal.Write(r.Context(), tx, journal.Entry{
			OID: m.who.OID, Kind: journal.DataExported, Address: addressOf(r), Device: m.sess.DeviceName,
		})
	})
	if err != nil {
		return err
	}
	all, err := s.everything(r.Context(), m)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", kit.Attachment("my-data-"+all.MadeAt.In(s.Zone).Format(time.DateOnly)+".json"))
	return kit.JSON(w, http.StatusOK, all)
}

// exportView is the same for people.
type exportView struct {
	Made   string
	Groups []exportGroup
}

// exportGroup is one kind of data; each card of it is a list of rows.
type exportGroup struct {
	Title string
	None  string // what to say when there is nothing
	Cards []ui.SummaryProps
}

func (s *Site) showExport(w http.ResponseWriter, r *http.Request, m me) error {
	all, err := s.everything(r.Context(), m)
	if err != nil {
		return err
	}
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	l := kit.L(r)
	p := kit.Base(r)
	p.Title = l.T("idsite.export.title")
	p.Back = &ui.Link{Href: "/profile/settings"}
	return kit.Render(w, r, http.StatusOK, p, exportPage(exportView{Made: l.DateTime(all.MadeAt, s.Zone), Groups: s.exportGroups(l, all, prof)}))
}

// exportGroups sets the export out in the words of the profile's own pages.
func (s *Site) exportGroups(l *i18n.Localizer, all *export, prof *person.Profile) []exportGroup {
	groups := []exportGroup{
		{Title: l.T("idsite.settings.account"), Cards: []ui.SummaryProps{{Rows: []ui.Row{
			{Key: l.T("idsite.export.number"), Value: all.Account.Number},
			{Key: l.T("idsite.settings.level"), Value: l.T("ui.level." + itoa(int(prof.Level)))},
			{Key: l.T("idsite.export.registered"), Value: l.DateTime(all.Account.RegisteredAt, s.Zone)},
		}}}},
		{Title: l.T("idsite.block.personal"), Cards: []ui.SummaryProps{{Rows: s.personalRows(l, prof)}}},
		{Title: l.T("idsite.block.contacts"), Cards: []ui.SummaryProps{{Rows: contactRows(l, prof)}}},
	}
	if n := len(all.Data); n > 1 {
		rows := []ui.Row{{Key: l.T("idsite.export.sets"), Value: itoa(n)}}
		groups[1].Cards = append(groups[1].Cards, ui.SummaryProps{Rows: rows})
	}
	docs := exportGroup{Title: l.T("idsite.block.documents"), None: l.T("idsite.export.none")}
	for _, c := range s.documentCards(l, prof) {
		docs.Cards = append(docs.Cards, ui.SummaryProps{Title: c.Title, Rows: rowsOf(
			l.T("idsite.export.value"), c.Num, l.T("idsite.export.state"), c.Tag.Text, l.T("idsite.export.details"), joined(c.Text, c.Note))})
	}
	kids := exportGroup{Title: l.T("idsite.block.children"), None: l.T("idsite.export.none")}
	for _, c := range prof.Children {
		f := enrol.ChildFormOf(c)
		kids.Cards = append(kids.Cards, ui.SummaryProps{Title: joinWords(c.Surname, c.Given, c.Patronymic), Rows: rowsOf(
			l.T("idsite.data.birthdate"), l.Date(c.BirthDate), l.T("idsite.data.snils"), f.SNILS, l.T("idsite.child.certificate"), f.Certificate,
			l.T("idsite.child.certificate_by"), joined(f.CertificateDate, f.CertificateBy))})
	}
	cars := exportGroup{Title: l.T("idsite.block.vehicles"), None: l.T("idsite.export.none")}
	if rows := vehicleRows(l, prof); len(rows) > 0 {
		cars.Cards = append(cars.Cards, ui.SummaryProps{Rows: rows})
	}
	return append(append(groups, docs, kids, cars), s.exportTraces(l, all)...)
}

// exportTraces are consents, portals, devices and the journal.
func (s *Site) exportTraces(l *i18n.Localizer, all *export) []exportGroup {
	given := exportGroup{Title: l.T("idsite.nav.consents"), None: l.T("idsite.export.none")}
	for _, a := range all.Processing {
		given.Cards = append(given.Cards, ui.SummaryProps{Title: l.T("idsite.text.processing"), Rows: rowsOf(
			l.T("idsite.consent.given"), l.DateTime(a.At, s.Zone), l.T("idsite.consent.version"), a.Version)})
	}
	for _, c := range all.Consents {
		rec := s.consentRecord(l, c)
		given.Cards = append(given.Cards, ui.SummaryProps{Title: rec.Client + ": " + rec.Tag.Text, Rows: rec.Rows})
	}
	portals := exportGroup{Title: l.T("idsite.nav.portals"), None: l.T("idsite.export.none")}
	var rows []ui.Row
	for _, p := range all.Portals {
		rows = append(rows, ui.Row{Key: p.Name, Value: l.T("idsite.portals.last", "at", l.DateTime(p.LastAt, s.Zone), "n", p.Count)})
	}
	if len(rows) > 0 {
		portals.Cards = []ui.SummaryProps{{Rows: rows}}
	}
	devices := exportGroup{Title: l.T("idsite.sessions.title")}
	rows = nil
	for _, x := range all.Sessions {
		rows = append(rows, ui.Row{Key: x.Device, Value: l.T("idsite.sessions.times", "opened", l.DateTime(x.OpenedAt, s.Zone), "seen", l.DateTime(x.SeenAt, s.Zone))})
	}
	devices.Cards = []ui.SummaryProps{{Rows: rows}}
	log := exportGroup{Title: l.T("idsite.journal.sections"), Cards: []ui.SummaryProps{{Rows: []ui.Row{
		{Key: l.T("idsite.export.entries"), Value: l.T("idsite.export.entries_text", "n", len(all.Journal))},
	}}}}
	return []exportGroup{given, portals, devices, log}
}

// rowsOf are rows of name, value, …; empty values are left out.
func rowsOf(pairs ...string) []ui.Row {
	var out []ui.Row
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, ui.Row{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return out
}
