package client

import (
	"cmp"
	"context"
	"embed"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the tables of schema client.
func Migrations() db.Source { return db.Source{Context: "client", FS: migrations, Tables: tables} }

const columns = `id, name, kind, status, purpose, home_url, redirect_uris, post_logout_uris, backchannel_uri, event_uri,
	scopes, min_level, refused_proofing, first_party, second_factor, created_at, changed_at`

func find(ctx context.Context, tx *db.Tx, id string) (*Client, error) {
	return db.Find[Client](ctx, tx, `SELECT `+columns+` FROM client.client WHERE id = $1`, id)
}

func put(ctx context.Context, tx *db.Tx, c *Client) error {
	_, err := tx.Exec(ctx, `INSERT INTO client.client (`+columns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)
		ON CONFLICT (id) DO UPDATE SET name=$2, kind=$3, purpose=$5, home_url=$6, redirect_uris=$7, post_logout_uris=$8,
			backchannel_uri=$9, event_uri=$10, scopes=$11, min_level=$12, refused_proofing=$13, first_party=$14,
			second_factor=$15, changed_at=$17`,
		c.ID, c.Name, c.Kind, c.Status, c.Purpose, c.HomeURL, list(c.RedirectURIs), list(c.PostLogoutURIs), c.BackchannelURI,
		c.EventURI, list(c.Scopes), c.MinLevel, list(c.RefusedProofing), c.FirstParty, c.SecondFactor, c.CreatedAt, c.ChangedAt)
	return cmp.Or(err, tx.Changed(ctx, topic, c.ID))
}

// list keeps NULL out of array columns.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func setStatus(ctx context.Context, tx *db.Tx, id string, from []string, to Status, now time.Time) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE client.client SET status=$3, changed_at=$4 WHERE id=$1 AND status = ANY($2)`, id, from, to, now)
	if err != nil {
		return 0, err
	}
	return n, tx.Changed(ctx, topic, id)
}

func addSecret(ctx context.Context, tx *db.Tx, id string, mac []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO client.secret (client_id, mac, created_at) VALUES ($1,$2,$3)
		ON CONFLICT (client_id, mac) DO UPDATE SET expires_at = NULL`, id, mac, now)
	return cmp.Or(err, tx.Changed(ctx, topic, id))
}

func secrets(ctx context.Context, tx *db.Tx, id string, now time.Time) ([]secret, error) {
	return db.List[secret](ctx, tx, `SELECT mac, expires_at FROM client.secret
		WHERE client_id=$1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC LIMIT 10`, id, now)
}

func certificates(ctx context.Context, tx *db.Tx, id string) ([][]byte, error) {
	return db.List[[]byte](ctx, tx, `SELECT der FROM client.certificate WHERE client_id=$1 ORDER BY created_at DESC LIMIT $2`, id, maxCertificates)
}

// maxCertificates of one client: an old and a new one, for a few systems of it.
const maxCertificates = 10
