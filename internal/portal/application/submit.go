package application

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/term"
)

// Submission is «Подписать и отправить».
type Submission struct {
	Owner   string // account id; also who files
	Draft   string
	Version int // of the draft as the page of checking showed it: only what was seen is signed
	Consent string
	Auth    Auth
	Words   form.Words // the citizen's language: what is signed is what was read
}

// Auth is the sign-in that the simple signature rests on (SVC-10, G-03).
type Auth struct {
	Session string    // id of the portal's session, not its token
	ACR     string    // level of the sign-in as the provider said
	AMR     []string  // ways of the sign-in
	Time    time.Time // of the sign-in
}

// What is signed is a JSON object, stored byte for byte: signedHead, then
// "answers" with the filled form, then signedTail.
type signedHead struct {
	Format      string    `json:"format"`
	Application string    `json:"application"`
	Number      string    `json:"number"`
	Service     string    `json:"service"`
	Revision    string    `json:"revision"`
	Agency      string    `json:"agency"`
	Owner       string    `json:"owner"`
	FiledBy     string    `json:"filed_by"`
	Capacity    string    `json:"capacity"`
	Channel     string    `json:"channel"`
	SignedAt    time.Time `json:"signed_at"`
	Consent     string    `json:"consent"`
}

type signedTail struct {
	Profile string       `json:"profile_sha256"`
	Files   []signedFile `json:"files"`
}

type signedFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Submit signs and sends a draft in one transaction: application, content,
// signature, history, journal, feed and the job that routes it. However often
// and from however many windows it is called, one draft makes one application;
// every call answers the same one.
//
// What it reads it reads before: the draft's version at its end, in the
// transaction, tells that all of it still holds (see write). Those who send at the
// same moment are read and written together; each fails alone.
func (a *Applications) Submit(ctx context.Context, s Submission) (*Application, error) {
	if !db.IsID(s.Draft) || !db.IsID(s.Owner) {
		return nil, fault.NotFound("application.draft_not_found")
	}
	s.Draft, s.Owner = strings.ToLower(s.Draft), strings.ToLower(s.Owner)
	app, err := a.submit(ctx, s)
	if err == nil {
		return app, nil
	}
	// Whatever stands in the way, the draft may be an application already: gone, or
	// read in the moment in which a twin took its files away.
	if earlier, ferr := a.findByDraft(ctx, s.Owner, s.Draft); ferr != nil || earlier != nil {
		return earlier, ferr
	}
	if errors.Is(err, errDraftGone) {
		return nil, a.whyGone(ctx, s)
	}
	return nil, err
}

// errDraftGone says that there was no draft to end in the version that was read.
var errDraftGone = errors.New("application: the draft is gone")

// whyGone is the fault of a draft that was changed or deleted while it was sent.
func (a *Applications) whyGone(ctx context.Context, s Submission) error {
	if _, err := a.Open(ctx, s.Owner, s.Draft, s.Words); err != nil {
		return err
	}
	return fault.Conflict("application.draft_changed")
}

func (a *Applications) submit(ctx context.Context, s Submission) (*Application, error) {
	v, acc, err := a.ready(ctx, s)
	if err != nil {
		return nil, err
	}
	agency, err := a.Directory.Known(ctx, v.Card.Agency)
	if err != nil {
		return nil, fmt.Errorf("submit draft %s: %w", v.ID, err)
	}
	number, err := a.number(ctx)
	if err != nil {
		return nil, err
	}
	app := a.compose(v, acc, number)
	app.Body = agency.Name
	p, err := a.pack(ctx, v, app, s)
	if err != nil {
		return nil, fmt.Errorf("submit draft %s: %w", v.ID, err)
	}
	if err := a.send(ctx, p); err != nil {
		return nil, fmt.Errorf("submit draft %s: %w", v.ID, err)
	}
	return app, nil
}

// ready reads a draft and its owner's account and checks that it may be sent.
func (a *Applications) ready(ctx context.Context, s Submission) (*DraftView, *account.Account, error) {
	r, err := a.read(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	v, err := a.viewOf(ctx, r.found, r.held, s.Words)
	switch {
	case err != nil:
		return nil, nil, err
	case v.Version != s.Version:
		return nil, nil, fault.Conflict("application.draft_changed")
	case !v.State.Complete():
		return nil, nil, fault.Invalid("application.incomplete")
	}
	level, err := a.Services.LevelOf(ctx, v.Card)
	if err != nil {
		return nil, nil, err
	}
	return v, r.account, permitted(r.account, v.Card, level)
}

// compose makes the application's row of a complete draft.
func (a *Applications) compose(v *DraftView, acc *account.Account, number ruid.AppNumber) *Application {
	now := a.Clock.Now()
	registration := v.Card.Registration
	if registration.IsZero() {
		registration = term.Term{Days: 1, Unit: term.WorkingDays} // 210-FZ: not later than the next working day
	}
	return &Application{
		ID: db.NewID(), Draft: v.ID, Number: number.String(), Owner: v.Owner, FiledBy: v.Owner,
		Capacity: v.State.Subject().Capacity, Channel: ChannelPortal, Service: v.Service, Revision: v.Revision,
		Title: v.Title, Agency: v.Card.Agency, Status: StatusSent, Version: 1, Level: acc.Level, Proofing: acc.Proofing,
		SubmittedAt: now, ChangedAt: now, RegisterBy: a.Calendar.Due(now, registration, a.Zone), Contents: 1,
	}
}

// contents makes what is sealed: a line with the JSON of a [Content], and below
// it the bytes that are signed. Form and profile stand in both, or in one and in
// the digest, and are written but once: a rush is bounded by such work.
func (a *Applications) contents(v *DraftView, app *Application, s Submission) (content, signed []byte, err error) {
	filled, subject := v.State.Application(), v.State.Subject().Person
	answers := filled.Bytes()
	profile, err := json.Marshal(v.Profile)
	if err != nil {
		return nil, nil, fmt.Errorf("seal application: %w", err)
	}
	c := Content{Applicant: applicantOf(v), Subject: rutext.FullName(subject.Surname, subject.Name, subject.Patronymic)}
	if filled.Lang != "ru" {
		russian := v.Card.Form.Evaluate(a.input(v, a.Bundle.For("ru"))).Application()
		c.Russian = &russian
	}
	names, err := json.Marshal(struct {
		Applicant, Subject string
		Russian            *form.Application
	}{c.Applicant, c.Subject, c.Russian})
	if err != nil {
		return nil, nil, fmt.Errorf("seal application: %w", err)
	}
	content = slices.Concat(names[:len(names)-1], []byte(`,"Form":`), answers, []byte(`,"Profile":`), profile, []byte{'}'})

	sum := sha256.Sum256(profile)
	head, err := plainJSON(signedHead{
		Format: "okno application 1", Application: app.ID, Number: app.Number, Service: app.Service, Revision: app.Revision,
		Agency: app.Agency, Owner: app.Owner, FiledBy: app.FiledBy, Capacity: app.Capacity, Channel: app.Channel,
		SignedAt: app.SubmittedAt, Consent: s.Consent,
	})
	if err != nil {
		return nil, nil, err
	}
	last := signedTail{Profile: hex.EncodeToString(sum[:]), Files: []signedFile{}}
	for _, id := range v.State.FileIDs() {
		f := v.Files[id]
		last.Files = append(last.Files, signedFile{ID: f.ID, Name: f.Name, Size: f.Size, SHA256: f.SHA256})
	}
	tail, err := plainJSON(last)
	if err != nil {
		return nil, nil, err
	}
	return content, slices.Concat(head[:len(head)-1], []byte(`,"answers":`), answers, []byte{','}, tail[1:], []byte{'\n'}), nil
}

func applicantOf(v *DraftView) string {
	p := v.Profile.Person
	return rutext.FullName(p.Surname, p.Name, p.Patronymic)
}

// plainJSON leaves names and texts as they were read: "&" and "<" are not escaped.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("sign application: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), nil
}

// takeFiles moves the files that the form names to the application and gives up
// the rest.
func (a *Applications) takeFiles(ctx context.Context, tx *db.Tx, app *Application, v *DraftView) error {
	ids := v.State.FileIDs()
	if err := a.Documents.Move(ctx, tx, holderOfDraft(v.ID), Holder(app.ID), "", ids...); err != nil {
		return err
	}
	for _, id := range ids {
		f := v.Files[id]
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil {
			return fmt.Errorf("take file %s: %w", id, err)
		}
		file := File{Document: id, Side: document.SideCitizen, Slot: slotOf(v, id), Name: f.Name, Ext: f.Type, Size: f.Size, SHA256: sum}
		if err := insertFile(ctx, tx, app.ID, file, app.SubmittedAt); err != nil {
			return err
		}
	}
	return a.Documents.Release(ctx, tx, holderOfDraft(v.ID))
}

func slotOf(v *DraftView, file string) string {
	for _, f := range v.Card.Form.Slots() {
		for _, id := range v.Answers[f.ID] {
			if id == file {
				return f.ID
			}
		}
	}
	return ""
}

// finders are the blind indexes by which an officer finds an applicant:
// surname, surname with name, full name, SNILS.
func (a *Applications) finders(p form.Person, snils string) [][]byte {
	var out [][]byte
	seen := map[string]bool{}
	for _, s := range []string{
		p.Surname, rutext.FullName(p.Surname, p.Name, ""), rutext.FullName(p.Surname, p.Name, p.Patronymic), snils,
	} {
		key := rutext.MatchKey(s)
		if key != "" && !seen[key] {
			seen[key] = true
			out = append(out, a.Keys.Index("application.finder", key))
		}
	}
	return out
}

func applicantAAD(id string) string      { return "application.applicant:" + id }
func proofAAD(id string) string          { return "application.proof:" + id }
func contentAAD(id string, v int) string { return fmt.Sprintf("application.content:%s:%d", id, v) }

func signedAAD(id string, v int) string { return fmt.Sprintf("application.signed:%s:%d", id, v) }
func textAAD(kind, id string) string    { return "application." + kind + ":" + id }

// Signed answers the exact bytes of a content that were signed, with their
// recorded digest: for whoever must prove what was filed. The caller has found
// the reader entitled.
func (a *Applications) Signed(ctx context.Context, id string, version int) (signed, digest []byte, err error) {
	type row struct{ Content, Signed, Digest []byte }
	var r row
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = db.Get[row](ctx, tx, `
			SELECT c.content, c.signed, s.digest FROM application.content c
			  JOIN application.signature s USING (application_id, version)
			 WHERE c.application_id = $1 AND c.version = $2`, id, version)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read signed bytes of %s: %w", id, err)
	}
	if len(r.Signed) > 0 { // from before both were one value
		signed, err = a.Keys.Open(r.Signed, signedAAD(id, version))
	} else {
		_, signed, err = a.openContent(r.Content, id, version)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open signed bytes of %s: %w", id, err)
	}
	return signed, r.Digest, nil
}

// openContent opens what is sealed of an application: a line of JSON, and below
// it the bytes that were signed.
func (a *Applications) openContent(sealed []byte, id string, version int) (content, signed []byte, err error) {
	plain, err := a.Keys.Open(sealed, contentAAD(id, version))
	content, signed, _ = bytes.Cut(plain, []byte{'\n'})
	return content, signed, err
}
