package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/term"
)

// Take makes the officer the holder of a registered case. Of several who take
// it at once one wins; the others learn his name. Taking one's own is nothing.
func (c *Cases) Take(ctx context.Context, a Act) error {
	return c.lockedBy(ctx, a, c.joiner, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		return c.take(ctx, tx, a, o, app)
	})
}

func (c *Cases) take(ctx context.Context, tx *db.Tx, a Act, o *officer.Officer, app *application.Application) error {
	switch {
	case app.Officer == o.ID:
		return nil
	case app.Officer != "":
		return fault.Conflict("casework.held_by").With("name", app.OfficerName)
	case app.Status == application.StatusSent:
		return fault.Conflict("casework.not_registered")
	}
	now := c.Clock.Now()
	app.Officer, app.OfficerName, app.TakenAt = o.ID, shortName(o), &now
	switch {
	case app.Status == application.StatusRegistered:
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusInWork))
	case app.Status.Open(): // its holder has left while the citizen is asked, or since
		return c.Applications.Hold(ctx, tx, app, a.Key)
	}
	return fault.Conflict("application.moved_meanwhile")
}

// TakeNext takes the free case whose term ends first and answers its id;
// NotFound when there is none.
func (c *Cases) TakeNext(ctx context.Context, officerID, key string) (string, error) {
	var id string
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := c.joiner(ctx, tx, officerID)
		if err != nil {
			return err
		}
		app, err := c.Applications.NextFree(ctx, tx, o.Agency)
		if err != nil {
			return err
		}
		id = app.ID
		return c.take(ctx, tx, Act{Key: key}, o, app)
	})
	return id, err
}

// PutBack gives a case back to the queue of the agency.
func (c *Cases) PutBack(ctx context.Context, a Act) error {
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		app.Officer, app.OfficerName, app.TakenAt = "", "", nil
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusRegistered))
	})
}

// HandOver gives a case to a colleague of the same agency.
func (c *Cases) HandOver(ctx context.Context, a Act, to string) error {
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		if !app.Status.Open() {
			return fault.Conflict("application.moved_meanwhile")
		}
		other, err := c.joiner(ctx, tx, to)
		if err != nil || other.Agency != o.Agency {
			return fault.Invalid("casework.colleague_unknown", fault.F("to", "casework.colleague_unknown"))
		}
		now := c.Clock.Now()
		app.Officer, app.OfficerName, app.TakenAt = other.ID, shortName(other), &now
		if err := c.addNote(ctx, tx, app.ID, a.Key, o, a.Text); err != nil {
			return err
		}
		return c.Applications.Keep(ctx, tx, app)
	})
}

// Ask asks the citizen for more and gives him time: until is the last day in
// the portal's zone, nil the usual term.
func (c *Cases) Ask(ctx context.Context, a Act, until *time.Time) error {
	if err := text(a.Text, true); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		today := term.Date(c.Clock.Now(), c.Zone)
		var end time.Time
		if until != nil {
			if day := term.Date(*until, time.UTC); !day.After(today) || day.After(today.AddDate(0, 0, 365)) {
				return fault.Invalid("casework.day_invalid", fault.F("until", "casework.day_invalid"))
			}
			end = term.EndOf(*until, c.Zone)
		} else {
			days, err := setting.Get(ctx, tx, application.AnswerDays)
			if err != nil {
				return err
			}
			end = term.EndOf(c.Calendar.AddWorkingDays(today, days), c.Zone)
		}
		m := move(o, a, application.StatusMoreInfo)
		m.AnswerBy = &end
		return c.Applications.Apply(ctx, tx, app, m)
	})
}

// Invite invites the citizen to receive the service (SVC-14): the text says
// where, when and what to bring.
func (c *Cases) Invite(ctx context.Context, a Act) error {
	if err := text(a.Text, true); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusInvited))
	})
}

// Resume goes on without waiting for the citizen any longer.
func (c *Cases) Resume(ctx context.Context, a Act) error {
	if err := text(a.Text, false); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusInWork))
	})
}

// answerHolder holds the files of an answer that is being prepared.
func answerHolder(id string) string { return "answer/" + id }

// UploadAnswer receives a file of the answer. It is scanned at once where the
// scanner is there.
func (c *Cases) UploadAnswer(ctx context.Context, officerID, id string, u document.Upload) (*document.Document, error) {
	err := c.DB.Read(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		app, err := c.Applications.Read(ctx, tx, o.Agency, id)
		if err != nil {
			return err
		}
		if app.Officer == "" || !o.ActsFor(app.Officer) || !application.Permits(app.Status, application.StatusGranted, application.ActorOfficer) {
			return fault.Conflict("casework.take_first")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	u.Owner, u.Holder, u.Side, u.Slot = "", answerHolder(id), document.SideAgency, ""
	doc, err := c.Documents.Upload(ctx, u)
	if err != nil {
		return nil, err
	}
	return c.Documents.ScanNow(ctx, doc)
}

// AnswerFiles lists the files of an answer that is being prepared.
func (c *Cases) AnswerFiles(ctx context.Context, officerID, id string) (out []document.Document, err error) {
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		if _, err := c.Applications.Read(ctx, tx, o.Agency, id); err != nil {
			return err
		}
		out, err = c.Documents.Held(ctx, tx, answerHolder(id))
		return err
	})
	return out, err
}

// DropAnswerFile deletes a file of an answer that is being prepared.
func (c *Cases) DropAnswerFile(ctx context.Context, officerID, id, file string) error {
	if !db.IsID(file) {
		return fault.NotFound("document.not_found")
	}
	return c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		if _, err := c.Applications.Read(ctx, tx, o.Agency, id); err != nil {
			return err
		}
		return c.Documents.Release(ctx, tx, answerHolder(id), file)
	})
}

// Answer grants the service: with files uploaded before, words, or both. A file
// that the scanner has not let pass holds the answer back.
func (c *Cases) Answer(ctx context.Context, a Act, files []string) error {
	if err := text(a.Text, len(files) == 0); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		held, err := c.Documents.Held(ctx, tx, answerHolder(app.ID))
		if err != nil {
			return err
		}
		for _, d := range held {
			if !d.Scan.Readable() && slices.Contains(files, d.ID) {
				if d.Scan == document.ScanInfected {
					return fault.Conflict("document.infected")
				}
				return fault.Conflict("document.waiting")
			}
		}
		if err := c.Applications.AddFiles(ctx, tx, app, answerHolder(app.ID), files); err != nil {
			return err
		}
		if err := c.Documents.Release(ctx, tx, answerHolder(app.ID)); err != nil {
			return err
		}
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusGranted))
	})
}

// Refuse refuses the service on a legal ground of its card, with the reason in
// words (SVC-25).
func (c *Cases) Refuse(ctx context.Context, a Act, ground string) error {
	var wrong []fault.Field
	if strings.TrimSpace(a.Text) == "" {
		wrong = append(wrong, fault.F("text", "casework.reason_missing"))
	}
	if ground == "" {
		wrong = append(wrong, fault.F("ground", "casework.ground_missing"))
	}
	if len(wrong) > 0 {
		return fault.Invalid("casework.refusal_incomplete", wrong...)
	}
	if err := text(a.Text, true); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		card, err := c.Services.Revision(ctx, app.Revision)
		if err != nil {
			return fmt.Errorf("refuse application %s: %w", app.ID, err)
		}
		if _, ok := card.Ground(ground); !ok {
			return fault.Invalid("casework.refusal_incomplete", fault.F("ground", "casework.ground_missing"))
		}
		m := move(o, a, application.StatusRefused)
		m.Ground = ground
		return c.Applications.Apply(ctx, tx, app, m)
	})
}

// Close ends a decided case; one whose holder has left any clerk of the agency may end.
func (c *Cases) Close(ctx context.Context, a Act) error {
	return c.lockedBy(ctx, a, c.clerk, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		if !(app.Officer == "" && app.Status.Decided()) {
			if err := mine(o, app); err != nil {
				return err
			}
		}
		if app.Version != a.Version {
			return fault.Conflict("application.changed")
		}
		return c.Applications.Apply(ctx, tx, app, move(o, a, application.StatusClosed))
	})
}

// Write sends the citizen a message without changing the status.
func (c *Cases) Write(ctx context.Context, a Act) error {
	if err := text(a.Text, true); err != nil {
		return err
	}
	return c.do(ctx, a, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		if !app.Status.Open() {
			return fault.Conflict("application.ended")
		}
		app.Unseen = false
		return c.Applications.Say(ctx, tx, app, a.Key, o.ID, shortName(o), strings.TrimSpace(a.Text))
	})
}

// Note keeps an internal remark of any clerk of the agency.
func (c *Cases) Note(ctx context.Context, a Act) error {
	if err := text(a.Text, true); err != nil {
		return err
	}
	return c.lockedBy(ctx, a, c.clerk, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		return c.addNote(ctx, tx, app.ID, a.Key, o, a.Text)
	})
}

func (c *Cases) addNote(ctx context.Context, tx *db.Tx, app, key string, o *officer.Officer, words string) error {
	words = strings.TrimSpace(words)
	if words == "" {
		return nil
	}
	id := db.NewID()
	_, err := tx.Exec(ctx, `
		INSERT INTO casework.note (id, application_id, key, officer_id, officer_name, text, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT ON CONSTRAINT note_key DO NOTHING`,
		id, app, key, o.ID, shortName(o), c.Keys.Seal([]byte(words), noteAAD(id)), c.Clock.Now())
	if err != nil {
		return fmt.Errorf("keep note: %w", err)
	}
	return nil
}

// Erase deletes the notes of an old case whose personal data are taken out; wire
// it into application.Applications.OnErase.
func (c *Cases) Erase(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM casework.note WHERE application_id = $1`, id); err != nil {
		return fmt.Errorf("erase notes: %w", err)
	}
	return nil
}
