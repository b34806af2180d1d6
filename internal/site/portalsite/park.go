package portalsite

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/site/kit"
)

// Answers of a step that arrive after the session has ended are parked in the
// browser, sealed, until the person has signed in again: nothing that was typed
// is lost, and nobody who is not signed in writes to a draft. Files are not
// kept; they are chosen once more.
const (
	parkCookies = 4
	parkChunk   = 3600 // bytes of a cookie: browsers keep 4096 with its name
	parkLife    = time.Hour
	parkAAD     = "portalsite.parked"
	parkMax     = 1 << 20 // what unpacks from the cookies at most
)

type parked struct {
	Path   string     `json:"p"`
	Values url.Values `json:"v"`
}

// step is [Site.person] for the answers of a form.
func (s *Site) step(h handler) kit.HandlerFunc {
	inner := s.person(h)
	return func(w http.ResponseWriter, r *http.Request) error {
		if visitorOf(r) != nil {
			return inner(w, r)
		}
		values, err := readStep(r, func(kit.Upload) error { return nil })
		if err != nil {
			return err
		}
		s.park(w, parked{Path: r.URL.Path, Values: values})
		return s.signIn(w, r, r.URL.Path)
	}
}

// park keeps answers; more than the cookies hold is not kept.
func (s *Site) park(w http.ResponseWriter, p parked) {
	raw, err := json.Marshal(p)
	if err != nil {
		return // strings always marshal
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return // the level is a constant
	}
	if _, err := z.Write(raw); err != nil || z.Close() != nil {
		return
	}
	text := base64.RawURLEncoding.EncodeToString(s.Keys.Seal(b.Bytes(), parkAAD))
	if len(text) > parkCookies*parkChunk {
		return
	}
	for i := range parkCookies {
		if text == "" {
			s.mux.DropCookie(w, parkName(i))
			continue
		}
		n := min(parkChunk, len(text))
		s.mux.SetCookie(w, parkName(i), text[:n], parkLife)
		text = text[n:]
	}
}

func parkName(i int) string { return "parked" + strconv.Itoa(i) }

// unpark takes what was parked for a path, nil without.
func (s *Site) unpark(w http.ResponseWriter, r *http.Request) url.Values {
	if s.mux.Cookie(r, parkName(0)) == "" {
		return nil
	}
	text := ""
	for i := range parkCookies {
		text += s.mux.Cookie(r, parkName(i))
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	packed, err := s.Keys.Open(sealed, parkAAD)
	if err != nil {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), parkMax))
	if err != nil {
		return nil
	}
	var p parked
	if json.Unmarshal(raw, &p) != nil || p.Path != r.URL.Path {
		return nil
	}
	for i := range parkCookies {
		s.mux.DropCookie(w, parkName(i))
	}
	return p.Values
}
