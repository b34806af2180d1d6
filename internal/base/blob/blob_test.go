package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/crypt"
)

func folder(t *testing.T) (*blob.Folder, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

// bucket opens the bucket that $OKNO_TEST_S3 names, such as http://access:secret@127.0.0.1:7070/bucket.
func bucket(t *testing.T) *blob.S3 {
	t.Helper()
	raw := os.Getenv("OKNO_TEST_S3")
	if raw == "" {
		t.Skip("OKNO_TEST_S3 names no S3 service; «go run ./test/services go test ./internal/base/blob» starts one")
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("OKNO_TEST_S3 is no URL")
	}
	secret, _ := u.User.Password()
	s, err := blob.OpenS3(context.Background(), blob.S3Config{
		Endpoint: u.Host, Bucket: strings.Trim(u.Path, "/"), Region: "us-east-1", AccessKey: u.User.Username(), SecretKey: secret,
		Secure: u.Scheme == "https",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFolderConforms(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	testStore(t, f)
}

func TestS3Conforms(t *testing.T) {
	t.Parallel()
	testStore(t, bucket(t))
}

func TestOpenS3TellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := blob.OpenS3(context.Background(), blob.S3Config{
		Endpoint: "127.0.0.1:1", Bucket: "b", Transport: failing{},
	})
	if err == nil || !strings.Contains(err.Error(), "open S3 store") {
		t.Errorf("err = %v", err)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("away") }

// testStore is the conformance test that every store passes.
func testStore(t *testing.T, s blob.Store) {
	ctx := context.Background()
	name := "test" + blob.NewKey("x")[2:10]                  // a folder of its own, since a bucket is shared
	big := bytes.Repeat([]byte("0123456789abcdef"), 700_000) // 11.2 MB: three parts of an upload
	key := blob.NewKey(name)
	if err := s.Put(ctx, key, bytes.NewReader(big)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Size(ctx, key); err != nil || n != int64(len(big)) {
		t.Errorf("size %d, %v", n, err)
	}
	for _, r := range []struct{ offset, length, from, to int64 }{
		{0, -1, 0, int64(len(big))},
		{5, 10, 5, 15},
		{int64(len(big)) - 3, -1, int64(len(big)) - 3, int64(len(big))},
		{int64(len(big)) - 3, 100, int64(len(big)) - 3, int64(len(big))},
		{int64(len(big)), -1, 0, 0},
		{int64(len(big)) + 10, 5, 0, 0},
		{0, 0, 0, 0},
	} {
		if got := read(t, s, key, r.offset, r.length); !bytes.Equal(got, big[r.from:r.to]) {
			t.Errorf("range %d+%d gave %d bytes", r.offset, r.length, len(got))
		}
	}
	replaceAndAbort(ctx, t, s, key)
	absent(ctx, t, s, blob.NewKey(name))
	listAndDelete(ctx, t, s, name, key)
	for _, bad := range []string{"", "x", "../../etc/passwd", "a/../b0000000", "a/b", "A/00000000", "a/0000000000/1", "a/0000.000", "/a/00000000"} {
		if err := s.Put(ctx, bad, strings.NewReader("x")); err == nil {
			t.Errorf("key %q was taken", bad)
		}
		if _, err := s.Open(ctx, bad, 0, -1); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("key %q was looked up: %v", bad, err)
		}
		if s.Delete(ctx, bad) == nil {
			t.Errorf("key %q was deleted", bad)
		}
	}
	if s.List(ctx, "../x", func(blob.Info) error { return nil }) == nil {
		t.Error("a folder outside was listed")
	}
}

func read(t *testing.T, s blob.Store, key string, offset, length int64) []byte {
	t.Helper()
	r, err := s.Open(context.Background(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// replaceAndAbort: a failed Put leaves the old file whole, a second one replaces it as a whole.
func replaceAndAbort(ctx context.Context, t *testing.T, s blob.Store, key string) {
	t.Helper()
	before, err := s.Size(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	// The second one is how a request body ends that was cut off.
	for _, broken := range []error{errors.New("line broke"), io.ErrUnexpectedEOF, fmt.Errorf("body: %w", io.EOF)} {
		err := s.Put(ctx, key, io.MultiReader(strings.NewReader("half"), failingReader{broken}))
		if !errors.Is(err, broken) {
			t.Errorf("an upload broken by «%v» gave %v", broken, err)
		}
		if after, err := s.Size(ctx, key); err != nil || after != before {
			t.Errorf("an upload broken by «%v» changed the file: %d, %v", broken, after, err)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Put(gone, key, strings.NewReader("late")); err == nil {
		t.Error("a cancelled upload succeeded")
	}
	if after, err := s.Size(ctx, key); err != nil || after != before {
		t.Errorf("a failed Put changed the file: %d, %v", after, err)
	}
	if err := s.Put(ctx, key, strings.NewReader("new")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, key, 0, -1); string(got) != "new" {
		t.Errorf("after replacing: %q", got)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func absent(ctx context.Context, t *testing.T, s blob.Store, key string) {
	t.Helper()
	if _, err := s.Open(ctx, key, 0, -1); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.Size(ctx, key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("size: %v", err)
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func listAndDelete(ctx context.Context, t *testing.T, s blob.Store, name, key string) {
	t.Helper()
	empty := blob.NewKey(name)
	if err := s.Put(ctx, empty, strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	listed := map[string]int64{}
	err := s.List(ctx, name, func(i blob.Info) error {
		listed[i.Key] = i.Size
		if age := time.Since(i.Modified); age < -time.Minute || age > time.Hour {
			t.Errorf("modified %v", i.Modified)
		}
		return nil
	})
	if err != nil || len(listed) != 2 || listed[key] != 3 || listed[empty] != 0 {
		t.Errorf("listed %v, %v", listed, err)
	}
	stop := errors.New("enough")
	if err := s.List(ctx, name, func(blob.Info) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("list did not stop: %v", err)
	}
	for _, k := range []string{key, empty} {
		if err := s.Delete(ctx, k); err != nil {
			t.Error(err)
		}
	}
	if err := s.List(ctx, name, func(i blob.Info) error { return fmt.Errorf("left %s", i.Key) }); err != nil {
		t.Error(err)
	}
	if err := s.List(ctx, "neverused", func(blob.Info) error { return stop }); err != nil {
		t.Errorf("an unknown folder: %v", err)
	}
}

func TestFolderRemovesOnlyStaleTemporaries(t *testing.T) {
	t.Parallel()
	_, dir := folder(t)
	fresh, stale := filepath.Join(dir, ".tmp", "put-fresh"), filepath.Join(dir, ".tmp", "put-stale")
	for _, name := range []string{fresh, stale} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a write in progress was removed")
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a stale temporary stayed")
	}
}

func sealed(t *testing.T) (*blob.Sealed, *blob.Folder, string) {
	t.Helper()
	f, dir := folder(t)
	return &blob.Sealed{Store: f, Keys: crypt.NewTestKeyring()}, f, dir
}

func put(t *testing.T, s *blob.Sealed, plain []byte) blob.Ref {
	t.Helper()
	ref, err := s.Put(context.Background(), blob.NewKey("document"), bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

const chunk = 64 << 10

func TestSealedRoundTripAtChunkEdges(t *testing.T) {
	t.Parallel()
	s, _, _ := sealed(t)
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2*chunk + 1, 300_000} {
		plain := pattern(n)
		ref := put(t, s, plain)
		if sum := sha256.Sum256(plain); ref.Size != int64(n) || !bytes.Equal(ref.SHA256, sum[:]) {
			t.Errorf("%d bytes: ref %d %x", n, ref.Size, ref.SHA256)
		}
		r, err := s.Open(context.Background(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: read %d, %v", n, len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSealedLimit(t *testing.T) {
	t.Parallel()
	s, f, dir := sealed(t)
	for _, limit := range []int64{0, 10, chunk, 15 << 20} {
		key := blob.NewKey("document")
		r := io.LimitReader(endless{}, limit+1)
		if _, err := s.Put(context.Background(), key, r, limit); !errors.Is(err, blob.ErrTooLarge) {
			t.Errorf("limit %d: %v", limit, err)
		}
		if _, err := f.Size(context.Background(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("limit %d: the file stayed: %v", limit, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".tmp")); err != nil || len(left) != 0 {
		t.Errorf("temporaries left: %v, %v", left, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestSealedFileShowsNothing(t *testing.T) {
	t.Parallel()
	s, f, _ := sealed(t)
	ref := put(t, s, bytes.Repeat([]byte("Соколова Анна "), 1000))
	if stored := read(t, f, ref.Key, 0, -1); bytes.Contains(stored, []byte("Соколова")) {
		t.Error("the store holds plain text")
	}
}

func TestSealedFindsEveryDamage(t *testing.T) {
	t.Parallel()
	s, f, _ := sealed(t)
	ctx := context.Background()
	plain := pattern(3*chunk + 100)
	const full = chunk + 16
	for name, damage := range map[string]func(b []byte, ref *blob.Ref) []byte{
		"flipped bit":  func(b []byte, _ *blob.Ref) []byte { b[5+full+100] ^= 1; return b },
		"flipped tag":  func(b []byte, _ *blob.Ref) []byte { b[len(b)-1] ^= 1; return b },
		"cut byte":     func(b []byte, _ *blob.Ref) []byte { return b[:len(b)-1] },
		"cut chunk":    func(b []byte, _ *blob.Ref) []byte { return b[:5+3*full] },
		"cut with row": func(b []byte, ref *blob.Ref) []byte { ref.Size = 3 * chunk; return b[:5+3*full] },
		"appended":     func(b []byte, _ *blob.Ref) []byte { return append(b, 0) },
		"empty":        func([]byte, *blob.Ref) []byte { return nil },
		"swapped chunks": func(b []byte, _ *blob.Ref) []byte {
			return append(append(append(append([]byte{}, b[:5]...), b[5+full:5+2*full]...), b[5:5+full]...), b[5+2*full:]...)
		},
		"repeated chunk":   func(b []byte, _ *blob.Ref) []byte { copy(b[5+full:5+2*full], b[5:5+full]); return b },
		"another file":     func(_ []byte, ref *blob.Ref) []byte { other := put(t, s, plain); return read(t, f, other.Key, 0, -1) },
		"another's key":    func(b []byte, ref *blob.Ref) []byte { ref.Wrapped = put(t, s, plain).Wrapped; return b },
		"under other name": func(b []byte, ref *blob.Ref) []byte { ref.Key = blob.NewKey("document"); return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref := put(t, s, plain)
			stored := damage(read(t, f, ref.Key, 0, -1), &ref)
			if err := f.Put(ctx, ref.Key, bytes.NewReader(stored)); err != nil {
				t.Fatal(err)
			}
			r, err := s.Open(ctx, ref)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			if !errors.Is(err, blob.ErrDamaged) {
				t.Errorf("err = %v, want ErrDamaged", err)
			}
		})
	}
	ref := put(t, s, plain)
	ref.Wrapped = ref.Wrapped[:10]
	if _, err := s.Open(ctx, ref); err == nil {
		t.Error("a broken wrapped key opened")
	}
	if err := s.Delete(ctx, ref.Key); err != nil {
		t.Fatal(err)
	}
	ref = put(t, s, plain)
	if err := s.Delete(ctx, ref.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, ref); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("deleted file: %v", err)
	}
}

func TestSealedSeeksLikeABuffer(t *testing.T) {
	t.Parallel()
	s, _, _ := sealed(t)
	plain := pattern(2*chunk + 777)
	ref := put(t, s, plain)
	rapid.Check(t, func(t *rapid.T) {
		r, err := s.Open(context.Background(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		want := bytes.NewReader(plain)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			offset, whence := rapid.Int64Range(-ref.Size-5, ref.Size+5).Draw(t, "offset"), rapid.IntRange(0, 2).Draw(t, "whence")
			a, errA := r.Seek(offset, whence)
			b, errB := want.Seek(offset, whence)
			if (errA == nil) != (errB == nil) || errA == nil && a != b {
				t.Fatalf("seek %d from %d: %d, %v; want %d, %v", offset, whence, a, errA, b, errB)
			}
			n := rapid.IntRange(0, chunk+10).Draw(t, "n")
			got, wanted := make([]byte, n), make([]byte, n)
			x, errA := io.ReadFull(r, got)
			y, errB := io.ReadFull(want, wanted)
			if x != y || !bytes.Equal(got[:x], wanted[:y]) || !errors.Is(errA, errB) {
				t.Fatalf("read %d: %d, %v; want %d, %v", n, x, errA, y, errB)
			}
		}
	})
}

func TestSealedServesRanges(t *testing.T) {
	t.Parallel()
	s, _, _ := sealed(t)
	plain := pattern(3*chunk + 5)
	ref := put(t, s, plain)
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", chunk-10, chunk+9))
	w := httptest.NewRecorder()
	http.ServeContent(w, req, "a.bin", time.Time{}, r)
	if w.Code != http.StatusPartialContent || !bytes.Equal(w.Body.Bytes(), plain[chunk-10:chunk+10]) {
		t.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
	}
}

// An upload that is cut off is no shorter file: whatever its reader says instead
// of a clean end, nothing of it stays.
func TestSealedRefusesHalfAFile(t *testing.T) {
	t.Parallel()
	s, store, _ := sealed(t)
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 200 << 10} {
		for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("line broke"), fmt.Errorf("body: %w", io.EOF)} {
			key := blob.NewKey("document")
			_, err := s.Put(context.Background(), key, io.MultiReader(bytes.NewReader(pattern(size)), failingReader{broken}), 1<<20)
			if !errors.Is(err, broken) {
				t.Errorf("%d bytes and «%v»: %v", size, broken, err)
			}
			if _, err := store.Size(context.Background(), key); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%d bytes and «%v» left something: %v", size, broken, err)
			}
		}
	}
}

func TestSealedRewrap(t *testing.T) {
	t.Parallel()
	s, _, _ := sealed(t)
	ref := put(t, s, pattern(100))
	w, err := crypt.NewFileKey("newkey01", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	old, err := crypt.NewFileKey("testtest", func() []byte { k := sha256.Sum256([]byte("test key")); return k[:] }())
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := crypt.NewKeyring(bytes.Repeat([]byte{2}, 32), w, old)
	if err != nil {
		t.Fatal(err)
	}
	s.Keys = rotated
	if ref.Wrapped, err = s.Rewrap(ref.Wrapped); err != nil {
		t.Fatal(err)
	}
	only, err := crypt.NewKeyring(bytes.Repeat([]byte{2}, 32), w)
	if err != nil {
		t.Fatal(err)
	}
	s.Keys = only // the old key is gone for good
	r, err := s.Open(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, pattern(100)) {
		t.Errorf("after rotation: %d bytes, %v", len(got), err)
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	t.Parallel()
	s, _, _ := sealed(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			plain := pattern(1000 * (i + 1))
			ref, err := s.Put(context.Background(), blob.NewKey("document"), bytes.NewReader(plain), 1<<20)
			if err != nil {
				t.Error(err)
				return
			}
			r, err := s.Open(context.Background(), ref)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("writer %d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	wg.Wait()
}
