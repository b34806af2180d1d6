package app

import (
	"context"
	"path/filepath"

	"github.com/okno-gov/okno/internal/base/blob"
)

// openStore is where sealed files lie: a bucket, or a folder of the state.
func openStore(ctx context.Context, cfg Config) (blob.Store, error) {
	if b := cfg.Blobs; b.Endpoint != "" {
		return blob.OpenS3(ctx, blob.S3Config{
			Endpoint: b.Endpoint, Bucket: b.Bucket, AccessKey: b.AccessKey, SecretKey: string(b.SecretKey), Secure: !b.Insecure,
		})
	}
	return blob.OpenFolder(filepath.Join(cfg.State, "blobs"))
}
