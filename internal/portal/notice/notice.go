package notice

import (
	"context"
	"embed"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema notice.
func Migrations() db.Source { return db.Source{Context: "notice", FS: migrations, Tables: tables} }

// Category is a filter of the feed. Its name for people is the message
// "notice.category.<category>".
type Category string

// The six categories (NTF-03).
const (
	CategoryPayment     Category = "payment"     // Платёж
	CategoryApplication Category = "application" // Заявление
	CategoryDraft       Category = "draft"       // Черновик
	CategoryAppointment Category = "appointment" // Запись на приём
	CategoryLetter      Category = "letter"      // Госпочта
	CategorySupport     Category = "support"     // Техподдержка
)

// CategoryAccount is word about the account itself, such as the result of a data
// check (NTF-06). It is no filter: it is seen among all.
const CategoryAccount Category = "account"

// CategoryNews is news of the portal, to those who have asked for them. No filter either.
const CategoryNews Category = "news"

// Categories are all categories in the order of the filter.
var Categories = []Category{
	CategoryPayment, CategoryApplication, CategoryDraft, CategoryAppointment, CategoryLetter, CategorySupport,
}

// Type is a row of the settings: what a person switches on and off (NTS-02).
// Its name for people is the message "notice.type.<type>".
type Type string

// The types that have producers.
const (
	TypeApplication Type = "application" // processing of applications
	TypeDraft       Type = "draft"       // drafts that expire
	TypeSupport     Type = "support"     // answers of technical support
	TypeNews        Type = "news"        // news of the portal
)

// TypeAccount is word about the account: the identity provider sends it by its
// own ways, so it is in no row of the settings.
const TypeAccount Type = "account"

// Types are all types in the order of the settings page.
var Types = []Type{TypeApplication, TypeDraft, TypeSupport, TypeNews}

// Channel is a column of the settings.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
)

// Channels are all channels in the order of the settings page.
var Channels = []Channel{ChannelEmail, ChannelSMS}

// wanted is what goes out while a person has not chosen: what needs an answer
// by both ways, what is only good to know by e-mail, news not at all (NTS-09).
var wanted = map[Type]map[Channel]bool{
	TypeApplication: {ChannelEmail: true, ChannelSMS: true},
	TypeDraft:       {ChannelEmail: true},
	TypeSupport:     {ChannelEmail: true},
	TypeNews:        {},
}

// Post is something that a person shall know.
type Post struct {
	Owner    string // account id
	Key      string // stable: the same event has the same key
	Category Category
	Type     Type
	// Topic names the texts: "notice.<topic>.title", ".sms", ".subject", ".email".
	Topic string
	// Args are arguments of the texts, no personal data. A value of an argument
	// named date or ending in _date is a day as 2006-01-02 and shown as people
	// write it; one that begins with "key:" is itself a message key. A value named
	// service.tt stands for service in Tatar, and so on; service is the Russian one.
	Args map[string]string
	// Object is what the entry leads to: "application/<id>", "draft/<id>", "ticket/<id>",
	// "news/<code>".
	Object string
	// Words are what the entry is found by: name of the service, number,
	// agency (NTF-07).
	Words []string
	keys  *string // of Words, once computed
	// Action tells that the person must act; Due is the last day for it.
	Action bool
	Due    *time.Time
	// Quiet makes an entry that is born read and goes nowhere: drafts.
	Quiet bool
	// Silent makes an unread entry that goes nowhere: what the person has just
	// done and seen confirmed.
	Silent bool
}

// Entry is one line of the feed.
type Entry struct {
	ID       string
	Owner    string
	Category Category
	Type     Type
	Topic    string
	Args     map[string]string
	Object   string
	Action   bool
	Due      *time.Time
	DoneAt   *time.Time // the action is no longer needed
	At       time.Time
	ReadAt   *time.Time
}

// Waiting tells whether the entry still asks the person to act.
func (e *Entry) Waiting() bool { return e.Action && e.DoneAt == nil }

// Title is the line of the feed in the person's language.
func (e *Entry) Title(l *i18n.Localizer) string { return e.text(l, "title") }

// Note is the smaller line below the title.
func (e *Entry) Note(l *i18n.Localizer) string { return e.text(l, "note") }

func (e *Entry) text(l *i18n.Localizer, part string) string {
	key := "notice." + e.Topic + "." + part
	if part == "note" && !l.Has(key) {
		key = "notice." + string(e.Category) + ".note"
	}
	return l.T(key, arguments(l, e.Args)...)
}

func arguments(l *i18n.Localizer, args map[string]string) []any {
	names := make([]string, 0, len(args))
	for name := range args {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]any, 0, 2*len(names))
	for _, name := range names {
		if strings.Contains(name, ".") {
			continue
		}
		v := args[name]
		if in, ok := args[name+"."+l.Lang()]; ok {
			v = in
		}
		if key, is := strings.CutPrefix(v, "key:"); is {
			v = l.T(key)
		}
		if name == "date" || strings.HasSuffix(name, "_date") {
			if day, err := time.Parse(time.DateOnly, v); err == nil {
				v = l.Date(day)
			}
		}
		out = append(out, name, v)
	}
	return out
}

// Notices owns the feed of one portal.
type Notices struct {
	DB       *db.DB
	Clock    *clock.Clock
	Queue    *job.Queue
	Accounts *account.Accounts
	Outbox   *outbound.Outbox
	Bundle   *i18n.Bundle
	Zone     *time.Location // the portal's: convenient hours, printed days
	BaseURL  string         // https://uslugi.example.org, for links in messages
	// Public tells whether what a mailing tells of may still be read by everybody.
	Public func(ctx context.Context, object string) (bool, error)
	// Portal is the portal's name in a language, for subjects of e-mails.
	Portal func(ctx context.Context, lang string) string

	kept keptCounts
}

// Path is the address of what an entry leads to; empty where there is none.
func Path(object string) string {
	kind, id, _ := strings.Cut(object, "/")
	switch kind {
	case "application":
		return "/lk/applications/" + id
	case "draft":
		return "/lk/drafts/" + id
	case "ticket":
		return "/lk/support/" + id
	case "news":
		return "/news/" + id
	}
	return ""
}
