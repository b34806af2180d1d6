package support

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// Request is what somebody asks the support.
type Request struct {
	Key     string // of the form, a UUID: sent twice, it is one ticket
	Owner   string // account of who is signed in; empty: anybody
	Name    string
	Email   string // required of anybody in the form of the support, optional in a report
	Report  bool   // «Сообщить об ошибке»: topic and kind are given, a contact is not asked for
	Topic   Topic
	Kind    Kind
	Text    string
	Page    string // address where it happened; see [CleanPage]
	Browser string // User-Agent
	ErrorID string
	Locale  string

	// Device is the browser's random value, Known tells that it came with the
	// request and was not given just now; Network is the address's network. They
	// are counted, not kept.
	Device  string
	Known   bool
	Network string
}

// Open makes a ticket of a request (HLP-05, ERR-02). All faults of the form come
// together. A repeated key answers with the first ticket.
func (t *Tickets) Open(ctx context.Context, r Request) (*Ticket, error) {
	n, err := r.check()
	if err != nil {
		return nil, err
	}
	var out *Ticket
	err = t.DB.InTx(ctx, func(tx *db.Tx) error {
		if out, err = t.byKey(ctx, tx, r.Key, r.Owner); err != nil || out != nil {
			return err
		}
		if err := t.count(ctx, tx, r); err != nil {
			return err
		}
		if out, err = t.insert(ctx, tx, n); err != nil {
			return err
		}
		if err := t.addMessage(ctx, tx, out.ID, n.key, Message{Side: SideCitizen, Text: n.text}, ""); err != nil {
			return err
		}
		return t.tell(ctx, tx, out, "sent", n.key, func(p *notice.Post) { p.Silent = true })
	})
	if db.IsUnique(err, "ticket_form_key") { // the same form from two windows at once
		return t.again(ctx, r.Key, r.Owner)
	}
	if err != nil {
		return nil, fmt.Errorf("open ticket: %w", err)
	}
	return out, nil
}

func (t *Tickets) again(ctx context.Context, key, owner string) (out *Ticket, err error) {
	err = t.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = t.byKey(ctx, tx, key, owner)
		return err
	})
	if err == nil && out == nil {
		err = fault.Conflict("support.sent_elsewhere")
	}
	return out, err
}

// byKey finds what a form has made. A foreign ticket is no answer to anybody.
func (t *Tickets) byKey(ctx context.Context, tx *db.Tx, key, owner string) (*Ticket, error) {
	out, err := t.find(ctx, tx, `form_key = $1`, key)
	if err != nil || out == nil {
		return nil, err
	}
	if out.Owner != owner {
		return nil, fault.Conflict("support.sent_elsewhere")
	}
	return out, nil
}

// draft is a checked request.
type draft struct {
	key, owner, text, errorID, locale string
	channel                           Channel
	topic                             Topic
	kind                              Kind
	content                           Content
	officer                           string
	officerName                       string
}

const maxName = 200

func (r *Request) check() (*draft, error) {
	if !db.IsID(r.Key) {
		return nil, fault.Invalid("support.key_missing")
	}
	n := &draft{
		key: r.Key, owner: r.Owner, channel: ChannelForm, topic: r.Topic, kind: r.Kind, errorID: CleanErrorID(r.ErrorID), locale: localeOf(r.Locale),
		content: Content{Name: strings.TrimSpace(r.Name), Page: CleanPage(r.Page), Browser: printable(r.Browser, maxBrowser)},
	}
	if r.Report {
		n.channel, n.topic, n.kind = ChannelReport, TopicSite, KindProblem
	}
	var wrong []fault.Field
	wrong = append(wrong, checkAbout(n)...)
	if utf8.RuneCountInString(n.content.Name) > maxName {
		wrong = append(wrong, fault.F("name", "support.name_long", "n", maxName))
	}
	if r.Owner == "" {
		if n.content.Name == "" && !r.Report {
			wrong = append(wrong, fault.F("name", "support.name_missing"))
		}
		email, bad := checkEmail(r.Email, !r.Report)
		n.content.Email = email
		wrong = append(wrong, bad...)
	}
	var bad *fault.Field
	if n.text, bad = checkText(r.Text, "text", "support.text_missing"); bad != nil {
		wrong = append(wrong, *bad)
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid("support.invalid", wrong...)
	}
	return n, nil
}

func checkAbout(n *draft) (wrong []fault.Field) {
	if !slices.Contains(Topics, n.topic) {
		wrong = append(wrong, fault.F("topic", "support.topic_missing"))
	}
	if !slices.Contains(Kinds, n.kind) {
		wrong = append(wrong, fault.F("kind", "support.kind_missing"))
	}
	return wrong
}

func checkEmail(s string, required bool) (string, []fault.Field) {
	s = strings.TrimSpace(s)
	if s == "" {
		if required {
			return "", []fault.Field{fault.F("email", "support.email_missing")}
		}
		return "", nil
	}
	e, err := ruid.ParseEmail(s)
	if err != nil {
		return "", []fault.Field{fault.F("email", "support.email_wrong")}
	}
	return string(e), nil
}

// checkText holds a text to the limit of characters (HLP-06); missing is what is
// said of none.
func checkText(s, field, missing string) (string, *fault.Field) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	var bad fault.Field
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		bad = fault.F(field, "support.text_invalid")
	case n == 0:
		bad = fault.F(field, missing)
	case n > MaxText:
		bad = fault.F(field, "support.text_long", "n", MaxText, "over", n-MaxText)
	default:
		return s, nil
	}
	return "", &bad
}

// textOf checks a text that is all there is in its form.
func textOf(s, field string) (string, error) {
	s, bad := checkText(s, field, "support.words_missing")
	if bad != nil {
		return "", fault.Invalid("support.invalid", *bad)
	}
	return s, nil
}

func localeOf(s string) string {
	switch s {
	case "tt", "en":
		return s
	}
	return "ru"
}

// count takes one from each limit that the request is under. Limits are rows, so
// that they hold over all processes and restarts; who is over one of them takes
// nothing from the others, because the transaction is given up.
func (t *Tickets) count(ctx context.Context, tx *db.Tx, r Request) error {
	type limit struct {
		kind, value string
		of          *setting.Key[int]
	}
	limits := []limit{{"network", r.Network, NetworkHourly}}
	switch {
	case r.Owner != "":
		limits = []limit{{"account", r.Owner, AccountHourly}}
	case r.Known && r.Device != "":
		limits = append(limits, limit{"device", r.Device, DeviceHourly})
	default:
		limits = append(limits, limit{"fresh", r.Network, FreshHourly})
	}
	now := t.Clock.Now()
	hour := now.Truncate(time.Hour)
	for _, l := range limits {
		most, err := setting.Get(ctx, tx, l.of)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			INSERT INTO support.quota (key, hour, taken) VALUES ($1, $2, 1)
			ON CONFLICT (key, hour) DO UPDATE SET taken = quota.taken + 1 WHERE quota.taken < $3`,
			t.Keys.MAC("support.quota", l.kind+":"+l.value), hour, most)
		if err != nil {
			return fmt.Errorf("count requests: %w", err)
		}
		if n == 0 {
			return fault.Limited("support.limited", hour.Add(time.Hour).Sub(now))
		}
	}
	return nil
}

// errNumbers says that no free number was found: far more tickets than digits.
var errNumbers = errors.New("no free number")

func (t *Tickets) insert(ctx context.Context, tx *db.Tx, n *draft) (*Ticket, error) {
	now := t.Clock.Now()
	id := db.NewID()
	due, err := t.due(ctx, tx, n.topic.Queue(), now)
	if err != nil {
		return nil, err
	}
	status := StatusNew
	var holder *string
	if n.officer != "" {
		status, holder = StatusInWork, &n.officer
	}
	var owner *string
	if n.owner != "" {
		owner = &n.owner
	}
	sealed, err := t.sealContent(id, n.content)
	if err != nil {
		return nil, err
	}
	for range 8 {
		rows, err := tx.Exec(ctx, `
			INSERT INTO support.ticket (id, number, form_key, owner_id, channel, queue, topic, kind, error_id, locale, content, finders, status,
			                            created_at, changed_at, due_at, officer_id, officer_name)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17)
			ON CONFLICT ON CONSTRAINT ticket_number_key DO NOTHING`,
			id, newNumber(), n.key, owner, n.channel, n.topic.Queue(), n.topic, n.kind, n.errorID, n.locale, sealed, t.finders(n.content.Email), status,
			now, due, holder, n.officerName)
		if err != nil {
			return nil, fmt.Errorf("insert ticket: %w", err)
		}
		if rows == 1 {
			return t.find(ctx, tx, `id = $1`, id)
		}
	}
	return nil, errNumbers
}

// newNumber is random: it is read out on the phone and says nothing about how
// many tickets there are.
func newNumber() string {
	c := crypt.Code(8)
	return c[:4] + "-" + c[4:]
}

// due is the moment until which the queue owes an answer: hours by the clock,
// nights and holidays included (HLP-07).
func (t *Tickets) due(ctx context.Context, tx *db.Tx, q Queue, from time.Time) (time.Time, error) {
	key := PortalHours
	if q == QueueIdentity {
		key = IdentityHours
	}
	hours, err := setting.Get(ctx, tx, key)
	return from.Add(time.Duration(hours) * time.Hour), err
}

func (t *Tickets) finders(email string) [][]byte {
	if email == "" {
		return [][]byte{}
	}
	return [][]byte{t.Keys.Index("support.email", email)}
}
