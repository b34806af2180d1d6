package application

import (
	"context"
	"embed"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/term"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema application.
func Migrations() db.Source { return db.Source{Context: "application", FS: migrations, Tables: tables} }

// Settings of the context.
var (
	// DraftDays is how long an untouched draft is kept (DRF-05).
	DraftDays = setting.Int("application.draft_days", 90, 1, 3650)
	// DraftWarnDays is how long before its end the owner of a draft is told.
	DraftWarnDays = setting.Int("application.draft_warn_days", 7, 1, 365)
	// AnswerDays is how many working days a citizen has for a question of the
	// agency where the officer sets no day.
	AnswerDays = setting.Int("application.answer_days", 10, 1, 90)
)

// How an application came (party model).
const (
	ChannelPortal = "portal"
	ChannelCentre = "centre"
)

// Capacities in which one files (SVC-26).
const (
	CapacitySelf  = "self"
	CapacityChild = "child"
)

// MaxText is the limit of a message, an answer or a reason, in characters.
const MaxText = 4000

// Applications owns drafts and applications of one portal.
type Applications struct {
	DB        *db.DB
	Clock     *clock.Clock
	Keys      *crypt.Keyring
	Queue     *job.Queue
	Accounts  *account.Accounts
	Services  *catalogue.Services
	Directory *directory.Directory
	Documents *document.Documents
	Notices   *notice.Notices
	Journal   *journal.Journal
	Calendar  *term.Calendar
	Bundle    *i18n.Bundle
	Zone      *time.Location // rules legal days and the year of the number
	Region    int            // 1–99, first part of the number (G-02)
	BaseURL   string         // https://uslugi.example.org, for the code on printed papers
	// Portal is the portal's name on printed papers, in a language.
	Portal func(ctx context.Context, lang string) string

	// OnErase runs in the transaction that takes the personal data out of an
	// old case, with its id: for what other contexts keep of it.
	OnErase []func(ctx context.Context, tx *db.Tx, id string) error
	// Erased is told, in that transaction, how many rows of which table went.
	Erased func(ctx context.Context, tx *db.Tx, id string, rows map[string]int64) error
	// OnPart runs in the transaction that cuts a case's link to a person whose
	// account was deleted.
	OnPart []func(ctx context.Context, tx *db.Tx, p Parted) error

	numbers  numbers
	rush     rush
	rushOnce sync.Once
}

// Draft is an application that is not sent yet.
type Draft struct {
	ID        string
	Owner     string
	Service   string // code
	Revision  string // of the service, kept from the beginning on
	Title     form.Text
	Step      string // where the citizen was last; empty: at the beginning
	Status    Status // draft or awaiting_signature (C-26)
	Version   int    // grows with each change
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time
	ProfileAt time.Time // age of the profile's snapshot
}

// DraftView is a draft with everything that a page of its form needs.
type DraftView struct {
	Draft
	Card    *catalogue.Service // of the draft's revision
	Answers form.Answers
	Profile form.Profile
	Files   map[string]form.File
	State   *form.State
}

// Application is what was sent. Names and answers of people are in [Content].
type Application struct {
	ID       string
	Draft    string // id of the draft it came from
	Number   string // a label for people, never a key
	Owner    string // account id
	FiledBy  string // account id of who pressed the button
	Capacity string
	Channel  string

	Service  string // code
	Revision string
	Title    form.Text // of the service, as it was called then
	Agency   string    // code
	Body     string    // the agency's name, as it was called then

	Status  Status
	Outcome Status // granted or refused once decided, also when closed or later
	Ground  string // code of the ground of a refusal
	Version int

	Level    account.Level // of the applicant when he signed
	Proofing string

	SubmittedAt  time.Time
	RegisterBy   time.Time // end of the term of registration (SVC-27)
	RegisteredAt *time.Time
	DueAt        *time.Time // end of the term of the service
	AnswerBy     *time.Time // end of the citizen's time to answer
	DecidedAt    *time.Time
	ChangedAt    time.Time

	LateRegistration bool // the term of registration was broken
	Overdue          bool // the term of the service was broken

	Officer     string // who works on it; empty: nobody
	OfficerName string
	TakenAt     *time.Time
	Unseen      bool // the citizen wrote or answered since an officer last acted

	Contents int        // number of contents: 1, more after corrections
	ErasedAt *time.Time // the personal data are gone, the term of retention is over
	Stars    int        // the owner's rating, 1–5; 0: none (SVC-23)
}

// DueDay is the last day of the term, nil before registration.
func (a *Application) DueDay(zone *time.Location) *time.Time { return dayBefore(a.DueAt, zone) }

// AnswerDay is the last day of the citizen's time to answer.
func (a *Application) AnswerDay(zone *time.Location) *time.Time { return dayBefore(a.AnswerBy, zone) }

func dayBefore(t *time.Time, zone *time.Location) *time.Time {
	if t == nil {
		return nil
	}
	day := term.DueDay(*t, zone)
	return &day
}

// Content is what an application says: sealed at rest, read by its owner and
// by officers whose look is journalled.
type Content struct {
	Applicant string // full name
	Subject   string // full name of whom it is about
	Form      form.Application
	// Russian is the same in Russian where the citizen saw another language.
	Russian *form.Application
	Profile form.Profile
}

// ForAgency is the content in the language of the agency.
func (c *Content) ForAgency() form.Application {
	if c.Russian != nil {
		return *c.Russian
	}
	return c.Form
}

// Event is a line of «История обработки» (SVC-17).
type Event struct {
	ID      string
	At      time.Time
	Status  Status
	Actor   Actor
	Officer string // name, as citizens see it
	Body    string // the agency's name
	Comment string // public words of who acted
	Ground  string // code of the ground of a refusal
	Reason  Reason // of a line that tells of the holder, not of the status; else empty
}

// Reason is why the history has a line though the status may be what it was. Its name
// for people is the message "application.event.<reason>".
type Reason string

// The reasons.
const (
	ReasonReleased Reason = "released" // the holder may not go on: the case is in the queue again
	ReasonTaken    Reason = "taken"    // somebody took a released case that waited for the citizen
)

// Message is a line of the correspondence.
type Message struct {
	ID      string
	At      time.Time
	Side    document.Side
	Officer string // name; empty for the citizen's
	Text    string
}

// File is a file of an application.
type File struct {
	Document string // id
	Side     document.Side
	Slot     string // of the form; empty for answers and later papers
	Name     string
	Ext      string
	Size     int64
	SHA256   []byte
	At       time.Time
	Scan     document.ScanState
}

// Details is an application with everything around it.
type Details struct {
	Application
	Content  Content
	Events   []Event
	Messages []Message
	Files    []File
}

// Asked is the question that waits for the citizen's answer, nil without one.
func (d *Details) Asked() *Event {
	if d.Status != StatusMoreInfo {
		return nil
	}
	for i := len(d.Events) - 1; i >= 0; i-- {
		if d.Events[i].Status == StatusMoreInfo && d.Events[i].Reason == "" {
			return &d.Events[i]
		}
	}
	return nil
}

func holderOfDraft(id string) string { return "draft/" + id }

// Holder names an application towards package document and as the object of
// notices.
func Holder(id string) string { return "application/" + id }

// object names an application in the journal.
func object(id string) string { return "application:" + id }
