package enrol

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // decoder
	"io"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Limits of an uploaded picture. The number of pixels bounds the memory that a
// small file may ask for.
const (
	MaxAvatarBytes = 5 << 20
	maxPixels      = 40_000_000
	avatarSide     = 256
)

// SetAvatar takes a JPEG or PNG picture, cuts its middle to a square, makes it
// small and keeps only the pixels: what a camera notes beside them is gone
// (ID-ACC-03). Faults Invalid person.avatar_large, person.avatar_format.
func (e *Enrolments) SetAvatar(ctx context.Context, s Self, r io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(r, MaxAvatarBytes+1))
	if err != nil {
		return err
	}
	if len(raw) > MaxAvatarBytes {
		return fault.Invalid("person.avatar_large", fault.F("avatar", "person.avatar_large"))
	}
	small, err := shrink(raw)
	if err != nil {
		return err
	}
	return e.edit(ctx, s, "avatar", func(tx *db.Tx) error { return e.Persons.SetAvatar(ctx, tx, s.OID, small) })
}

// RemoveAvatar deletes the picture.
func (e *Enrolments) RemoveAvatar(ctx context.Context, s Self) error {
	return e.edit(ctx, s, "avatar", func(tx *db.Tx) error { return e.Persons.SetAvatar(ctx, tx, s.OID, nil) })
}

func shrink(raw []byte) ([]byte, error) {
	bad := fault.Invalid("person.avatar_format", fault.F("avatar", "person.avatar_format"))
	c, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || (kind != "jpeg" && kind != "png") || c.Width < 1 || c.Height < 1 {
		return nil, bad
	}
	if c.Width > maxPixels/c.Height {
		return nil, fault.Invalid("person.avatar_large", fault.F("avatar", "person.avatar_large"))
	}
	full, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, bad
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, square(full), &jpeg.Options{Quality: 85}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// square averages the middle of a picture into a small square on white.
func square(full image.Image) *image.RGBA {
	b := full.Bounds()
	side := min(b.Dx(), b.Dy())
	x0, y0 := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	n := min(side, avatarSide)
	out := image.NewRGBA(image.Rect(0, 0, n, n))
	for y := range n {
		for x := range n {
			out.SetRGBA(x, y, average(full, image.Rect(x0+x*side/n, y0+y*side/n, x0+(x+1)*side/n, y0+(y+1)*side/n)))
		}
	}
	return out
}

func average(full image.Image, r image.Rectangle) color.RGBA {
	var sum [4]uint64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			red, green, blue, alpha := full.At(x, y).RGBA()
			sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(red), sum[1]+uint64(green), sum[2]+uint64(blue), sum[3]+uint64(alpha)
		}
	}
	n := uint64(r.Dx() * r.Dy())
	white := 0xffff - sum[3]/n // what shines through a transparent picture
	channel := func(s uint64) uint8 { return uint8(min(s/n+white, 0xffff) >> 8) }
	return color.RGBA{channel(sum[0]), channel(sum[1]), channel(sum[2]), 255}
}
