package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config names a bucket of an S3 service; the bucket must exist.
type S3Config struct {
	Endpoint  string // host:port
	Bucket    string
	Region    string
	AccessKey string
	SecretKey string
	Secure    bool // TLS
	// Transport carries the requests; nil for the library's own.
	Transport http.RoundTripper
}

// S3 is a [Store] in a bucket.
type S3 struct {
	client *minio.Client
	bucket string
}

// partSize bounds the memory of one upload; the smallest that the protocol permits is 5 MiB.
const partSize = 5 << 20

// OpenS3 connects to a bucket and tells at once when it cannot be used.
func OpenS3(ctx context.Context, c S3Config) (*S3, error) {
	client, err := minio.New(c.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: c.Secure, Region: c.Region,
		BucketLookup: minio.BucketLookupPath, Transport: c.Transport, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ok, err := client.BucketExists(ctx, c.Bucket)
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("open S3 store: the bucket %q does not exist", c.Bucket)
	}
	return &S3{client: client, bucket: c.Bucket}, nil
}

// Put uploads r; an object appears as a whole when the upload is complete.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) error {
	if err := checkKey(key); err != nil {
		return err
	}
	src := &source{r: contextReader{ctx, r}}
	_, err := s.client.PutObject(ctx, s.bucket, key, src, -1,
		minio.PutObjectOptions{PartSize: partSize, ContentType: "application/octet-stream"})
	if src.err != nil {
		err = src.err
	}
	if err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	return nil
}

// source keeps a reader's own error from the library, which takes
// io.ErrUnexpectedEOF, the end of an upload that was cut off, for the end.
type source struct {
	r   io.Reader
	err error
}

var errSource = errors.New("the source failed")

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err == nil || err == io.EOF { //nolint:errorlint // a wrapped one is no end but a failure, see io.Reader
		return n, err
	}
	s.err = err
	return n, errSource
}

// Open reads a range of an object.
func (s *S3) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	size, err := s.Size(ctx, key)
	if err != nil {
		return nil, err
	}
	if length < 0 || length > size-offset {
		length = size - offset
	}
	if length <= 0 {
		return io.NopCloser(http.NoBody), nil // S3 refuses a range beyond the end
	}
	var o minio.GetObjectOptions
	if err := o.SetRange(offset, offset+length-1); err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	// Core's reader streams; that of the high-level client asks again for every seek.
	body, _, _, err := (&minio.Core{Client: s.client}).GetObject(ctx, s.bucket, key, o)
	if err != nil {
		return nil, s3Error("open", err)
	}
	return body, nil
}

// Size gives the number of bytes of an object.
func (s *S3) Size(ctx context.Context, key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	info, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return 0, s3Error("size of", err)
	}
	return info.Size, nil
}

// Delete removes an object.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if err = s3Error("delete", err); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// List walks a folder.
func (s *S3) List(ctx context.Context, folder string, fn func(Info) error) error {
	if err := checkFolder(folder); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the lister when fn gives up
	for object := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: folder + "/", Recursive: true}) {
		if object.Err != nil {
			return fmt.Errorf("list blobs: %w", object.Err)
		}
		if err := fn(Info{Key: object.Key, Size: object.Size, Modified: object.LastModified}); err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
	}
	return nil
}

func s3Error(what string, err error) error {
	if err == nil {
		return nil
	}
	if response := minio.ToErrorResponse(err); response.Code == "NoSuchKey" || response.StatusCode == http.StatusNotFound {
		return ErrNotFound
	}
	return fmt.Errorf("%s blob: %w", what, err)
}
