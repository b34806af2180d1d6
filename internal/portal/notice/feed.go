package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/recall"
	"github.com/okno-gov/okno/internal/base/rutext"
)

// Post adds an entry in the caller's transaction and has it delivered. An entry
// with the key is there already: nothing happens.
func (n *Notices) Post(ctx context.Context, tx *db.Tx, p Post) error {
	if p.Quiet || p.Silent {
		return n.Note(ctx, tx, p)
	}
	sql, args := n.insert(p, `DO NOTHING`)
	id, err := db.Find[string](ctx, tx, sql+` RETURNING id`, args...)
	if err != nil {
		return fmt.Errorf("post notice %s: %w", p.Topic, err)
	}
	if id == nil {
		return nil
	}
	if err := tx.Changed(ctx, Topic, p.Owner); err != nil {
		return err
	}
	return n.Queue.Enqueue(ctx, tx, deliverArgs{Entry: *id}, job.Unique())
}

// Note is [Notices.Post] for an entry that goes nowhere: quiet or silent.
func (n *Notices) Note(ctx context.Context, w db.Writer, p Post) error {
	sql, args := n.insert(p, `DO NOTHING`)
	if err := w.Write(ctx, sql, args...); err != nil {
		return fmt.Errorf("post notice %s: %w", p.Topic, err)
	}
	if p.Quiet { // it is read from the first: nothing to count
		return nil
	}
	return w.Changed(ctx, Topic, p.Owner)
}

// NoteAll adds silent or quiet entries, all of them new, in one statement.
func (n *Notices) NoteAll(ctx context.Context, w db.Writer, posts []Post) error {
	now := n.Clock.Now()
	var c struct {
		id, owner, key, category, kind, topic, args, object, words []string
		action                                                     []bool
		due, read                                                  []*time.Time
	}
	var counted []string // whose count of unread entries changes
	for _, p := range posts {
		args, err := json.Marshal(p.args())
		if err != nil {
			return fmt.Errorf("post notice %s: %w", p.Topic, err)
		}
		var read *time.Time
		if p.Quiet {
			read = &now
		} else {
			counted = append(counted, p.Owner)
		}
		c.id, c.owner, c.key = append(c.id, db.NewID()), append(c.owner, p.Owner), append(c.key, p.Key)
		c.category, c.kind, c.topic = append(c.category, string(p.Category)), append(c.kind, string(p.Type)), append(c.topic, p.Topic)
		c.args, c.object, c.words = append(c.args, string(args)), append(c.object, p.Object), append(c.words, p.Keys())
		c.action, c.due, c.read = append(c.action, p.Action), append(c.due, p.Due), append(c.read, read)
	}
	err := w.Write(ctx, `
		INSERT INTO notice.entry (id, owner_id, key, category, type, topic, args, object, words, action, due, at, read_at)
		SELECT id, owner_id, key, category, type, topic, args::jsonb, object, words, action, due, $13, read_at
		  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
		              $10::boolean[], $11::date[], $12::timestamptz[])
		    AS p (id, owner_id, key, category, type, topic, args, object, words, action, due, read_at)`,
		c.id, c.owner, c.key, c.category, c.kind, c.topic, c.args, c.object, c.words, c.action, c.due, c.read, now)
	if err != nil {
		return fmt.Errorf("post %d notices: %w", len(posts), err)
	}
	return w.Changed(ctx, Topic, counted...)
}

// Refresh is [Notices.Post] for an entry that follows its object, such as a
// draft's: it moves up with its new arguments and stays read.
func (n *Notices) Refresh(ctx context.Context, tx *db.Tx, p Post) error {
	p.Quiet = true
	sql, args := n.insert(p, `ON CONSTRAINT entry_key DO UPDATE
		SET topic = excluded.topic, args = excluded.args, words = excluded.words, action = excluded.action,
		    due = excluded.due, at = excluded.at`)
	if err := tx.Write(ctx, sql, args...); err != nil {
		return fmt.Errorf("post notice %s: %w", p.Topic, err)
	}
	return nil
}

// insert is the statement that adds an entry.
func (n *Notices) insert(p Post, conflict string) (sql string, args []any) {
	now := n.Clock.Now()
	var readAt *time.Time
	if p.Quiet {
		readAt = &now
	}
	return `
		INSERT INTO notice.entry (id, owner_id, key, category, type, topic, args, object, words, action, due, at, read_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT ` + conflict, []any{
		db.NewID(), p.Owner, p.Key, p.Category, p.Type, p.Topic, p.args(), p.Object, p.Keys(),
		p.Action, p.Due, now, readAt,
	}
}

func (p *Post) args() map[string]string {
	if p.Args == nil {
		return map[string]string{}
	}
	return p.Args
}

// Keys are the match keys of Words, a line each; Words do not change any more.
func (p *Post) Keys() string {
	if p.keys == nil {
		words := make([]string, len(p.Words))
		for i, w := range p.Words {
			words[i] = rutext.MatchKey(w)
		}
		all := strings.Join(words, "\n")
		p.keys = &all
	}
	return *p.keys
}

// Done tells that nothing is asked any more about an object: its entries lose
// their «ответьте до».
func (n *Notices) Done(ctx context.Context, tx *db.Tx, owner, object string) error {
	_, err := tx.Exec(ctx, `
		UPDATE notice.entry SET done_at = $3 WHERE owner_id = $1 AND object = $2 AND action AND done_at IS NULL`,
		owner, object, n.Clock.Now())
	if err != nil {
		return fmt.Errorf("end actions of %s: %w", object, err)
	}
	return nil
}

// Remove takes the entries of an object that is gone, such as a deleted draft.
func (n *Notices) Remove(ctx context.Context, w db.Writer, owner, object string) error {
	return n.RemoveAll(ctx, w, []string{owner}, []string{object})
}

// RemoveAll is [Notices.Remove] of several owners' objects, owner by owner.
func (n *Notices) RemoveAll(ctx context.Context, w db.Writer, owners, objects []string) error {
	err := w.Write(ctx, `
		DELETE FROM notice.entry AS e USING unnest($1::uuid[], $2::text[]) AS gone (owner_id, object)
		 WHERE e.owner_id = gone.owner_id AND e.object = gone.object`, owners, objects)
	if err != nil {
		return fmt.Errorf("remove notices: %w", err)
	}
	return w.Changed(ctx, Topic, owners...)
}

// Forget erases all of an owner: feed, choices, hours.
func (n *Notices) Forget(ctx context.Context, tx *db.Tx, owner string) error {
	for _, table := range []string{"entry", "choice", "hours"} {
		if _, err := tx.Exec(ctx, `DELETE FROM notice.`+table+` WHERE owner_id = $1`, owner); err != nil {
			return fmt.Errorf("forget notices: %w", err)
		}
	}
	return tx.Changed(ctx, Topic, owner)
}

// Filter chooses a page of the feed.
type Filter struct {
	Category Category // empty: all
	Query    string   // words of service, number or agency
	Unread   bool
	After    string // cursor of the page before
	Limit    int    // 0: 20, at most 100
}

// Page is a part of a feed, the newest first. Next is empty on the last page.
type Page struct {
	Entries []Entry
	Next    string
}

// List reads an owner's feed.
func (n *Notices) List(ctx context.Context, owner string, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 100 {
		f.Limit = 20
	}
	below, ok := db.ParseCursor(f.After)
	if !ok {
		return Page{}, fault.NotFound("notice.not_found")
	}
	var rows []entryRow
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[entryRow](ctx, tx, `
			SELECT `+entryColumns+` FROM notice.entry
			 WHERE owner_id = $1 AND ($2 = '' OR category = $2) AND (NOT $3 OR read_at IS NULL)
			   AND ($4 = '' OR words LIKE '%' || $4 || '%') AND (at, id) < ($5, $6::uuid)
			 ORDER BY at DESC, id DESC LIMIT $7`,
			owner, f.Category, f.Unread, likeEscape(rutext.MatchKey(f.Query)), below.At, below.ID, f.Limit+1)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list feed: %w", err)
	}
	var page Page
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[len(rows)-1]
		page.Next = db.Cursor{At: last.At, ID: last.ID}.String()
	}
	for i := range rows {
		page.Entries = append(page.Entries, rows[i].entry())
	}
	return page, nil
}

// Topic is told when what an owner has not read has changed, see base/recall;
// keys are owners.
const Topic = "notice"

// keptCounts are those of people who look at pages.
type keptCounts struct {
	once sync.Once
	recall.Rows[string, map[Category]int]
}

// Unread counts the unread entries of each category; the sum is the counter in
// the header of every page (NTF-11), so it is kept in memory. Nobody changes
// the map.
func (n *Notices) Unread(ctx context.Context, owner string) (map[Category]int, error) {
	n.kept.once.Do(func() {
		n.kept.DB, n.kept.Topic = n.DB, Topic
		n.kept.Keys = func(owner string, _ map[Category]int) []string { return []string{owner} }
	})
	return n.kept.Get(ctx, owner, func(ctx context.Context) (map[Category]int, bool, error) {
		out, err := n.unread(ctx, owner)
		return out, err == nil, err
	})
}

func (n *Notices) unread(ctx context.Context, owner string) (map[Category]int, error) {
	type count struct {
		Category string
		N        int
	}
	var rows []count
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[count](ctx, tx, `
			SELECT category, count(*)::int AS n FROM notice.entry
			 WHERE owner_id = $1 AND read_at IS NULL GROUP BY category LIMIT 20`, owner)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count unread: %w", err)
	}
	out := map[Category]int{}
	for _, r := range rows {
		out[Category(r.Category)] = r.N
	}
	return out, nil
}

// MarkRead marks entries as read, all of them without ids. Foreign ids are not
// there and change nothing.
func (n *Notices) MarkRead(ctx context.Context, owner string, ids ...string) error {
	for _, id := range ids {
		if !db.IsID(id) {
			return fault.NotFound("notice.not_found")
		}
	}
	return n.markRead(ctx, owner, `(cardinality($3::uuid[]) = 0 OR id = ANY($3::uuid[]))`, append([]string{}, ids...))
}

// MarkObjectRead marks what leads to an object as read: its page was opened.
func (n *Notices) MarkObjectRead(ctx context.Context, owner, object string) error {
	return n.markRead(ctx, owner, `object = $3`, object)
}

func (n *Notices) markRead(ctx context.Context, owner, where string, arg any) error {
	return n.DB.InTx(ctx, func(tx *db.Tx) error {
		read, err := tx.Exec(ctx, `UPDATE notice.entry SET read_at = $2 WHERE owner_id = $1 AND read_at IS NULL AND `+where,
			owner, n.Clock.Now(), arg)
		if err != nil {
			return fmt.Errorf("mark read: %w", err)
		}
		if read == 0 {
			return nil
		}
		return tx.Changed(ctx, Topic, owner)
	})
}

const entryColumns = `id, owner_id::text AS owner, category, type, topic, args, object, action, due, done_at, at, read_at`

type entryRow struct {
	ID, Owner, Category, Type, Topic string
	Args                             map[string]string
	Object                           string
	Action                           bool
	Due                              *time.Time
	DoneAt                           *time.Time
	At                               time.Time
	ReadAt                           *time.Time
}

func (r *entryRow) entry() Entry {
	return Entry{
		ID: r.ID, Owner: r.Owner, Category: Category(r.Category), Type: Type(r.Type), Topic: r.Topic, Args: r.Args,
		Object: r.Object, Action: r.Action, Due: r.Due, DoneAt: r.DoneAt, At: r.At, ReadAt: r.ReadAt,
	}
}

// likeEscape makes a text mean itself in LIKE.
func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
