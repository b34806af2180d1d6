package application

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
)

// Get answers an owner's application with its history, messages and files.
func (a *Applications) Get(ctx context.Context, owner, id string) (*Details, error) {
	var out *Details
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		app, err := own(ctx, tx, owner, id, "")
		if err != nil {
			return err
		}
		out, err = a.details(ctx, tx, app)
		return err
	})
	return out, err
}

// recentDays is what the list of applications shows without the archive: 30
// days since the last change (SVC-13, C-38).
const recentDays = 30

// Filter chooses a page of «Мои заявления».
type Filter struct {
	Archive bool   // of all time; otherwise what changed in the last 30 days
	Query   string // words of service, number or agency (SVC-20)
	After   string // cursor of the page before
	Limit   int    // 0: 20, at most 100
}

// Page is a part of a list, the last changed first. Next is empty on the last.
type Page struct {
	Applications []Application
	Next         string
}

// List reads an owner's applications.
func (a *Applications) List(ctx context.Context, owner string, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 100 {
		f.Limit = 20
	}
	below, ok := db.ParseCursor(f.After)
	if !ok {
		return Page{}, fault.NotFound("application.not_found")
	}
	since := time.Time{}
	if !f.Archive {
		since = a.Clock.Now().AddDate(0, 0, -recentDays)
	}
	var rows []applicationRow
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[applicationRow](ctx, tx, `
			SELECT `+applicationColumns+` FROM application.application
			 WHERE owner_id = $1 AND changed_at >= $2 AND ($3 = '' OR words LIKE '%' || $3 || '%')
			   AND (changed_at, id) < ($4, $5::uuid)
			 ORDER BY changed_at DESC, id DESC LIMIT $6`,
			owner, since, likeEscape(rutext.MatchKey(f.Query)), below.At, below.ID, f.Limit+1)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list applications: %w", err)
	}
	var page Page
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[len(rows)-1]
		page.Next = db.Cursor{At: last.ChangedAt, ID: last.ID}.String()
	}
	for i := range rows {
		page.Applications = append(page.Applications, *rows[i].application())
	}
	return page, nil
}

// Withdraw takes an application back while nothing is decided. A second click
// changes nothing.
func (a *Applications) Withdraw(ctx context.Context, owner, id string) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		app, err := own(ctx, tx, owner, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if app.Status == StatusWithdrawn {
			return nil
		}
		if !Permits(app.Status, StatusWithdrawn, ActorApplicant) {
			return fault.Conflict("application.cannot_withdraw")
		}
		app.Unseen = true
		return a.move(ctx, tx, app, Move{To: StatusWithdrawn, Actor: ActorApplicant, Key: "withdraw"})
	})
}

// Reply is the citizen's answer to a question, or a message of his own.
type Reply struct {
	Owner       string
	Application string
	Key         string // of the form: sent twice, it is one
	Text        string
	// Files are documents uploaded with [Applications.UploadReply] for this
	// application.
	Files []string
}

// replyHolder holds the files of an answer that is being written.
func replyHolder(app string) string { return "reply/" + app }

// UploadReply receives a file for an answer to the agency's question.
func (a *Applications) UploadReply(ctx context.Context, owner, id string, u document.Upload) (*document.Document, error) {
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		app, err := own(ctx, tx, owner, id, "")
		if err == nil && app.Status != StatusMoreInfo {
			return fault.Conflict("application.nothing_asked")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	u.Owner, u.Holder, u.Side, u.Slot = owner, replyHolder(id), document.SideCitizen, ""
	return a.Documents.Upload(ctx, u)
}

// ReplyFiles lists the files that wait for the answer to be sent.
func (a *Applications) ReplyFiles(ctx context.Context, owner, id string) (out []document.Document, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := own(ctx, tx, owner, id, ""); err != nil {
			return err
		}
		out, err = a.Documents.Held(ctx, tx, replyHolder(id))
		return err
	})
	return out, err
}

// DropReplyFile deletes a file of an answer that is being written.
func (a *Applications) DropReplyFile(ctx context.Context, owner, id, file string) error {
	if !db.IsID(file) {
		return fault.NotFound("document.not_found")
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := own(ctx, tx, owner, id, ""); err != nil {
			return err
		}
		return a.Documents.Release(ctx, tx, replyHolder(id), file)
	})
}

// Answer sends what the agency asked for: text, files or both. The application
// goes back to work.
func (a *Applications) Answer(ctx context.Context, r Reply) error {
	text, err := checkText(r.Text, "comment", len(r.Files) == 0)
	if err != nil {
		return err
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		app, again, err := a.replyTo(ctx, tx, r)
		if err != nil || again {
			return err
		}
		if app.Status != StatusMoreInfo {
			return fault.Conflict("application.nothing_asked")
		}
		if err := a.addFiles(ctx, tx, app, replyHolder(app.ID), document.SideCitizen, "", r.Files); err != nil {
			return err
		}
		if text != "" {
			if err := a.insertMessage(ctx, tx, app.ID, r.Key+"/text", Message{Side: document.SideCitizen, Text: text}, ""); err != nil {
				return err
			}
		}
		app.Unseen, app.AnswerBy = true, nil
		return a.move(ctx, tx, app, Move{To: StatusInWork, Actor: ActorApplicant, Key: r.Key})
	})
}

// Write sends a message to the agency while it still owes a decision.
func (a *Applications) Write(ctx context.Context, r Reply) error {
	text, err := checkText(r.Text, "message", true)
	if err != nil {
		return err
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		app, again, err := a.replyTo(ctx, tx, r)
		if err != nil || again {
			return err
		}
		if !app.Status.Open() {
			return fault.Conflict("application.ended")
		}
		n, err := db.Get[int](ctx, tx, `
			SELECT count(*) FROM application.message WHERE application_id = $1 AND side = 'citizen' AND at > $2`,
			app.ID, a.Clock.Now().Add(-24*time.Hour))
		if err != nil {
			return fmt.Errorf("count messages: %w", err)
		}
		if n >= 20 {
			return fault.Limited("application.too_many_messages", time.Hour)
		}
		app.Unseen = true
		if err := a.insertMessage(ctx, tx, app.ID, r.Key, Message{Side: document.SideCitizen, Text: text}, ""); err != nil {
			return err
		}
		return save(ctx, tx, app)
	})
}

// replyTo locks the application of a reply and tells whether the same reply is
// there already.
func (a *Applications) replyTo(ctx context.Context, tx *db.Tx, r Reply) (*Application, bool, error) {
	if r.Key == "" {
		return nil, false, fault.Invalid("application.key_missing")
	}
	app, err := own(ctx, tx, r.Owner, r.Application, "FOR UPDATE")
	if err != nil {
		return nil, false, err
	}
	again, err := done(ctx, tx, app.ID, r.Key)
	return app, again, err
}

// Rate keeps the owner's rating of a decided application: one, which he may
// change (SVC-23, G-07).
func (a *Applications) Rate(ctx context.Context, owner, id string, stars int, comment string) error {
	if stars < 1 || stars > 5 {
		return fault.Invalid("application.stars_invalid", fault.F("stars", "application.stars_invalid"))
	}
	comment, err := checkText(comment, "comment", false)
	if err != nil {
		return err
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		app, err := own(ctx, tx, owner, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if app.Outcome == "" {
			return fault.Conflict("application.not_decided")
		}
		_, err = tx.Exec(ctx, `UPDATE application.application SET stars = $2, stars_comment = $3 WHERE id = $1`,
			app.ID, stars, a.sealText("rating", app.ID, comment))
		if err != nil {
			return fmt.Errorf("rate application: %w", err)
		}
		return nil
	})
}

// OpenFile gives a citizen a file of his application.
func (a *Applications) OpenFile(ctx context.Context, owner, id, file string) (*document.Document, *blob.Reader, error) {
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := own(ctx, tx, owner, id, "")
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.Documents.Get(ctx, Holder(id), file); err != nil {
		return nil, nil, err
	}
	return a.Documents.OpenOwn(ctx, owner, file)
}

// OpenDraftFile gives a citizen a file of his draft.
func (a *Applications) OpenDraftFile(ctx context.Context, owner, draft, file string) (*document.Document, *blob.Reader, error) {
	if _, err := a.Documents.Get(ctx, holderOfDraft(draft), file); err != nil {
		return nil, nil, err
	}
	return a.Documents.OpenOwn(ctx, owner, file)
}

// Looks lists who opened the application or its files; who saw it in a list is
// in the journal.
func (a *Applications) Looks(ctx context.Context, owner, id string) ([]journal.Entry, error) {
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := own(ctx, tx, owner, id, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	page, err := a.Journal.ListObject(ctx, object(id), journal.Filter{
		Kinds: []journal.Kind{journal.Looked, journal.FileOpened}, Limit: 50,
	})
	return page.Entries, err
}

// checkText trims a text and holds it to the limit.
func checkText(s, field string, required bool) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return "", fault.Invalid("application.text_invalid", fault.F(field, "application.text_invalid"))
	case n == 0 && required:
		return "", fault.Invalid("application.text_missing", fault.F(field, "application.text_missing"))
	case n > MaxText:
		return "", fault.Invalid("application.text_too_long", fault.F(field, "application.text_too_long", "n", MaxText))
	}
	return s, nil
}

// words are the arguments of an application's notices, names in each language: people are written to in theirs.
func (a *Applications) words(ctx context.Context, app *Application) map[string]string {
	args := titled(app.Title)
	args["number"], args["agency"] = app.Number, app.Body
	// The agency is called as it was at filing; its other names fit while that has not changed.
	if agency, err := a.Directory.Known(ctx, app.Agency); err == nil && agency.Name == app.Body {
		args["agency.tt"], args["agency.en"] = agency.In("tt").Name, agency.In("en").Name
	}
	return args
}

// titled is the title of a service as arguments of a notice, see [notice.Post].
func titled(t form.Text) map[string]string {
	return map[string]string{"service": t.RU, "service.tt": t.In("tt"), "service.en": t.In("en")}
}

// tell posts an application's notice; change may adjust it.
func (a *Applications) tell(ctx context.Context, tx *db.Tx, app *Application, topic string, change func(*notice.Post)) error {
	p := a.post(ctx, app, topic)
	if change != nil {
		change(&p)
	}
	return a.Notices.Post(ctx, tx, p)
}

// post is an application's notice of a topic.
func (a *Applications) post(ctx context.Context, app *Application, topic string) notice.Post {
	return notice.Post{
		Owner: app.Owner, Key: Holder(app.ID) + "/" + topic + "/" + strconv.Itoa(app.Version),
		Category: notice.CategoryApplication, Type: notice.TypeApplication, Topic: "application." + topic,
		Args:   a.words(ctx, app),
		Object: Holder(app.ID), Words: []string{app.Title.RU, app.Number, app.Body},
	}
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
