package catalogue

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/form"
)

// keepProposals is how long an upload waits for its editor.
const keepProposals = 7 * 24 * time.Hour

// Proposal is what an editor has uploaded, compared to the catalogue of this moment.
type Proposal struct {
	ID     string
	By     string // an officer's id
	At     time.Time
	Bundle *Bundle
	// Whole tells that it sets the shelves: an archive with catalogue.yaml.
	Whole bool
	// Seen is the version of the catalogue that it was compared to.
	Seen    int64
	Steps   []Step
	Shelves []Difference // of the categories and life situations, with Whole
}

// Step is what a proposal would do with one service.
type Step struct {
	Service     *Service
	Kind        string // new, changed, same, again (withdrawn now, published by it)
	Differences []Difference
	// Meanwhile tells that somebody has changed the service since the upload: the
	// proposal would undo it.
	Meanwhile bool
}

// Changes tells whether the proposal would change anything.
func (p *Proposal) Changes() bool {
	return len(p.Shelves) > 0 || slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind != "same" })
}

// Service finds a service of the proposal, nil where there is none.
func (p *Proposal) Service(code string) *Service {
	for _, s := range p.Steps {
		if s.Service.Code == code {
			return s.Service
		}
	}
	return nil
}

// Propose keeps files for their editor and answers the id of the proposal. key is the
// key of the form: sent twice with the same files it is one proposal, with other files
// another one, so that nobody accepts what he has not seen. What cannot be published is
// answered as problems, a line each, and is not kept. region is the portal's code.
func (s *Services) Propose(ctx context.Context, key, by, region string, files Files) (string, Problems, error) {
	if _, p, err := s.Check(ctx, region, files); err != nil || len(p) > 0 {
		return "", p, err
	}
	archive, err := files.Zip()
	if err != nil {
		return "", nil, err
	}
	id := proposalID(key, by, archive)
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO catalogue.proposal (id, archive, created_by, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
			id, archive, by, s.Clock.Now())
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("keep proposal: %w", err)
	}
	return id, nil, nil
}

// Check reads files as [Services.Propose] does; what is wrong with them is answered as
// problems, a line each.
func (s *Services) Check(ctx context.Context, region string, files Files) (*Bundle, Problems, error) {
	b, err := s.load(ctx, files, region)
	if err != nil {
		p, err := problemsOf(err)
		return nil, p, err
	}
	return b, nil, nil
}

// proposalID names what one editor has sent with one form.
func proposalID(key, by string, archive []byte) string {
	sum := sha256.Sum256(slices.Concat([]byte(key+"\n"+by+"\n"), archive))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// load reads files as a bundle; without catalogue.yaml its services stand on the
// shelves of this portal.
func (s *Services) load(ctx context.Context, files Files, region string) (*Bundle, error) {
	if _, whole := files[archiveIndex]; !whole {
		snap, err := s.current(ctx)
		if err != nil {
			return nil, err
		}
		shelves, err := encodeYAML(snap.shelves)
		if err != nil {
			return nil, err
		}
		with := Files{archiveIndex: shelves}
		for name, body := range files {
			with[name] = body
		}
		files = with
	}
	raw, err := files.Zip()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	b, err := LoadBundle(z, region)
	if err != nil {
		return nil, err
	}
	var problems Problems
	for _, sv := range b.Services {
		if _, err := s.Directory.Agency(ctx, sv.Agency); err != nil {
			problems = append(problems, form.ProblemOf(sv.Code, "lint.no_agency", "agency %q is not in the directory", sv.Agency))
		}
	}
	if len(b.Services) == 0 && len(b.Shelves.Categories) == 0 {
		problems = append(problems, form.ProblemOf("", "lint.nothing", "there is no service and no category in it"))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return b, nil
}

// Proposal answers what an editor has uploaded, compared to the catalogue as it is
// now; fault catalogue.proposal_not_found when it is not his or its time is over.
func (s *Services) Proposal(ctx context.Context, id, by, region string) (*Proposal, error) {
	type row struct {
		Archive []byte    `db:"archive"`
		By      string    `db:"created_by"`
		At      time.Time `db:"created_at"`
	}
	if !db.IsID(id) {
		return nil, fault.NotFound("catalogue.proposal_not_found")
	}
	type state struct {
		Version int64  `db:"version"`
		Shelves []byte `db:"shelves"`
	}
	var r *row
	var now state // not the snapshot, which another process may have outrun
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if now, err = db.Get[state](ctx, tx, `SELECT version, shelves FROM catalogue.state`); err != nil {
			return err
		}
		r, err = db.Find[row](ctx, tx, `SELECT archive, created_by, created_at FROM catalogue.proposal WHERE id = $1 AND created_by = $2`, id, by)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read proposal: %w", err)
	}
	if r == nil {
		return nil, fault.NotFound("catalogue.proposal_not_found")
	}
	files, err := ReadArchive(r.Archive, region)
	if err != nil {
		return nil, err
	}
	p := &Proposal{ID: id, By: r.By, At: r.At, Seen: now.Version}
	_, p.Whole = files[archiveIndex]
	if p.Bundle, err = s.load(ctx, files, region); err != nil {
		// It was right when it was uploaded: an agency or category has gone since.
		return nil, fault.Conflict("catalogue.proposal_old").Wrap(err)
	}
	var shelves Shelves
	if err := json.Unmarshal(now.Shelves, &shelves); err != nil {
		return nil, fmt.Errorf("read proposal: %w", err)
	}
	return p, s.compare(ctx, p, shelves)
}

// compare tells what the proposal would do to the services and these shelves.
func (s *Services) compare(ctx context.Context, p *Proposal, shelves Shelves) error {
	list, err := s.Listing(ctx, "", "")
	if err != nil {
		return err
	}
	known := map[string]Listed{}
	for _, l := range list {
		known[l.Code] = l
	}
	for _, sv := range p.Bundle.Services {
		id, _, err := sv.encode()
		if err != nil {
			return err
		}
		step := Step{Service: sv, Kind: "new"}
		if l, ok := known[sv.Code]; ok {
			step.Kind, step.Meanwhile = "changed", l.ChangedAt.After(p.At)
			if step.Differences, err = differences(l.Service, sv); err != nil {
				return err
			}
			switch {
			case !l.Published:
				step.Kind = "again"
			case l.Revision == id:
				step.Kind = "same"
			}
		}
		p.Steps = append(p.Steps, step)
	}
	if !p.Whole {
		return nil
	}
	p.Shelves, err = differences(shelves, p.Bundle.Shelves)
	return err
}

// Accept publishes a proposal, all or nothing. seen is the version of the catalogue
// that the editor saw it compared to: any change in between is fault Conflict
// catalogue.compare_again. Shelves that were not shown as changed stay as they are.
// It answers how many services changed.
func (s *Services) Accept(ctx context.Context, e Edit, id, region string, seen int64) (int, error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	p, err := s.Proposal(ctx, id, e.By, region)
	if err != nil {
		return 0, err
	}
	agencies, err := s.touched(ctx, p)
	if err != nil {
		return 0, err
	}
	n, err := s.take(ctx, p.Bundle, e.By, taking{keepShelves: len(p.Shelves) == 0, reason: e.Reason, within: func(ctx context.Context, tx *db.Tx) error {
		now, err := db.Get[int64](ctx, tx, `SELECT version FROM catalogue.state`)
		if err != nil {
			return err
		}
		if now != seen || p.Seen != seen {
			return fault.Conflict("catalogue.compare_again")
		}
		if err := e.Within(ctx, tx, agencies...); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM catalogue.proposal WHERE id = $1`, id)
		return err
	}})
	return n, err
}

// touched are the agencies whose services a proposal changes, before and after; the
// shelves belong to the whole portal.
func (s *Services) touched(ctx context.Context, p *Proposal) ([]string, error) {
	var out []string
	if len(p.Shelves) > 0 {
		out = append(out, "")
	}
	for _, step := range p.Steps {
		if step.Kind == "same" {
			continue
		}
		out = append(out, step.Service.Agency)
		if step.Kind == "new" {
			continue
		}
		was, err := s.Edited(ctx, step.Service.Code)
		if err != nil {
			return nil, err
		}
		out = append(out, was.Agency)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Drop throws a proposal away.
func (s *Services) Drop(ctx context.Context, id, by string) error {
	if !db.IsID(id) {
		return fault.NotFound("catalogue.proposal_not_found")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM catalogue.proposal WHERE id = $1 AND created_by = $2`, id, by)
		return err
	})
}

// forgetProposals erases what nobody has published; for a sweep.
func (s *Services) forgetProposals(ctx context.Context) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(ctx, `DELETE FROM catalogue.proposal WHERE created_at <= $1`, s.Clock.Now().Add(-keepProposals))
		n = int(rows)
		return err
	})
	return n, err
}
