package support

import (
	"context"
	"embed"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema support.
func Migrations() db.Source { return db.Source{Context: "support", FS: migrations, Tables: tables} }

// MaxText is how long a text may be, in characters (HLP-06, G-06).
const MaxText = 2000

// What an administrator may change.
var (
	// PortalHours and IdentityHours are the terms of an answer in hours (HLP-07,
	// C-63: one for each queue).
	PortalHours   = setting.Int("support.portal_hours", 24, 1, 240)
	IdentityHours = setting.Int("support.identity_hours", 24, 1, 240)
	// CloseDays is how long an answered ticket waits for a further question.
	CloseDays = setting.Int("support.close_days", 14, 1, 90)
	// DeviceHourly, FreshHourly, NetworkHourly and AccountHourly limit requests
	// of an hour: by a known browser, by all browsers of a network that were not
	// seen before, by a whole network, and by an account. A town sits behind one
	// mobile address, so that a network's limit is generous.
	DeviceHourly  = setting.Int("support.device_hourly", 5, 1, 1000)
	FreshHourly   = setting.Int("support.fresh_hourly", 20, 1, 10000)
	NetworkHourly = setting.Int("support.network_hourly", 120, 1, 100000)
	AccountHourly = setting.Int("support.account_hourly", 10, 1, 1000)
)

// Queue is who answers. Its name for people is the message "support.queue.<queue>".
type Queue string

// The queues (C-63).
const (
	QueuePortal   Queue = "portal"
	QueueIdentity Queue = "identity"
)

// Queues are all queues.
var Queues = []Queue{QueuePortal, QueueIdentity}

// Topic is what a request is about. Its name is "support.topic.<topic>".
type Topic string

// The topics; the first two are the identity provider's matters.
const (
	TopicSignIn   Topic = "sign_in"   // registration, sign-in, password
	TopicProfile  Topic = "profile"   // personal data, level, proof of identity
	TopicService  Topic = "service"   // services and applications
	TopicInPerson Topic = "in_person" // services that are given only in person (HLP-10)
	TopicNotices  Topic = "notices"   // feed, letters, settings
	TopicCentre   Topic = "centre"    // service centres
	TopicSite     Topic = "site"      // the site itself: errors, convenience
	TopicOther    Topic = "other"     // all the rest
)

// Topics are all topics in the order of the form.
var Topics = []Topic{TopicSignIn, TopicProfile, TopicService, TopicInPerson, TopicNotices, TopicCentre, TopicSite, TopicOther}

// Queue is who answers questions on the topic.
func (t Topic) Queue() Queue {
	if t == TopicSignIn || t == TopicProfile {
		return QueueIdentity
	}
	return QueuePortal
}

// Kind is the type of a request (HLP-05). Its name is "support.kind.<kind>".
type Kind string

// The kinds.
const (
	KindQuestion   Kind = "question"
	KindProblem    Kind = "problem"
	KindSuggestion Kind = "suggestion"
)

// Kinds are all kinds in the order of the form.
var Kinds = []Kind{KindQuestion, KindProblem, KindSuggestion}

// Channel is the way by which a request came. Its name is "support.channel.<channel>".
type Channel string

// The channels; an officer registers those from phone on (BO-21).
const (
	ChannelForm   Channel = "form"
	ChannelReport Channel = "report" // «Сообщить об ошибке»
	ChannelPhone  Channel = "phone"
	ChannelSocial Channel = "social" // social networks (HLP-09)
	ChannelLetter Channel = "letter"
	ChannelVisit  Channel = "visit"
)

// Registered are the channels of requests that an officer writes down.
var Registered = []Channel{ChannelPhone, ChannelSocial, ChannelLetter, ChannelVisit}

// Status is where a ticket stands. Its name is "support.status.<status>".
type Status string

// The statuses.
const (
	StatusNew      Status = "new"
	StatusInWork   Status = "in_work"
	StatusAnswered Status = "answered"
	StatusClosed   Status = "closed"
)

// Open tells that support owes an answer.
func (s Status) Open() bool { return s == StatusNew || s == StatusInWork }

// Ending is why a ticket was closed. Its name is "support.ending.<ending>".
type Ending string

// The endings; officers choose from [Endings].
const (
	EndingSolved  Ending = "solved"  // the citizen says so
	EndingQuiet   Ending = "quiet"   // no further question in time
	EndingPhone   Ending = "phone"   // settled in a conversation
	EndingDouble  Ending = "double"  // the same is asked in another ticket
	EndingForeign Ending = "foreign" // no matter of this support: abuse, advertising
)

// Endings are those that an officer may choose.
var Endings = []Ending{EndingPhone, EndingDouble, EndingForeign}

// Ticket is one request to the support.
type Ticket struct {
	ID      string
	Number  string // for people: «4821-0937»; never a key
	Owner   string // account; empty: somebody without an account
	Channel Channel
	Queue   Queue
	Topic   Topic
	Kind    Kind
	ErrorID string // of an error page
	Locale  string
	Status  Status
	Ending  Ending
	Version int

	CreatedAt  time.Time
	ChangedAt  time.Time
	DueAt      time.Time
	AnsweredAt *time.Time
	ClosedAt   *time.Time
	Overdue    bool // an answer was late at least once

	Officer     string // holder's id
	OfficerName string

	Content
}

// Content is what is sealed.
type Content struct {
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"` // of somebody without an account: where the answer goes
	Page    string `json:"page,omitempty"`  // address without query
	Browser string `json:"browser,omitempty"`
}

// Late tells whether support owes an answer whose term is over.
func (t *Ticket) Late(now time.Time) bool { return t.Status.Open() && !now.Before(t.DueAt) }

// Reachable tells whether an answer can get to the citizen from here.
func (t *Ticket) Reachable() bool { return t.Owner != "" || t.Email != "" }

// Side is who wrote a message.
type Side string

// The sides. A note is internal: the citizen never sees it. So is an act, the
// trace of what an officer did; its text is the act, with ":" and where to or why.
const (
	SideCitizen Side = "citizen"
	SideSupport Side = "support"
	SideNote    Side = "note"
	SideAct     Side = "act"
)

// Message is one text of a ticket.
type Message struct {
	ID      string
	Side    Side
	Officer string // name
	At      time.Time
	Text    string
}

// Details is a ticket with its texts.
type Details struct {
	Ticket
	Messages []Message
	Acts     []Act // what the officer who reads it may do
}

// Has tells whether an act is among those possible.
func (d *Details) Has(a Act) bool { return slices.Contains(d.Acts, a) }

// Tickets owns the support of one portal.
type Tickets struct {
	DB       *db.DB
	Clock    *clock.Clock
	Keys     *crypt.Keyring
	Officers *officer.Officers
	Notices  *notice.Notices
	Outbox   *outbound.Outbox
	Journal  *journal.Journal
	Bundle   *i18n.Bundle
	// Portal is the portal's name in a language, for e-mails.
	Portal  func(ctx context.Context, lang string) string
	BaseURL string // https://uslugi.example.org, for links in e-mails
}

// Object is what journal and feed name a ticket by.
func Object(id string) string { return "ticket/" + id }
