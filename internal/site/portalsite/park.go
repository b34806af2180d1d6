package portalsite

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/site/kit"
)

// What was typed and arrives after the session has ended, or before a new
// edition of the agreement is accepted, is parked in the browser, sealed, until
// the person is back on the page: nothing that was typed is lost, and nobody who
// is not signed in writes to a draft. Files are not kept; they are chosen once
// more.
const (
	parkCookies = 4
	parkChunk   = 3600 // bytes of a cookie: browsers keep 4096 with its name
	parkLife    = time.Hour
	parkAAD     = "portalsite.parked"
	parkMax     = 1 << 20 // what unpacks from the cookies at most
)

type parked struct {
	Path   string     `json:"p"` // of the page with the form
	Form   string     `json:"f"` // where the form goes, of a page with several
	Values url.Values `json:"v"`
}

// step is [Site.person] for the answers of a form that is sent to its own page.
func (s *Site) step(h handler) kit.HandlerFunc {
	return s.typed(h, func(r *http.Request) string { return r.URL.Path })
}

// reply is [Site.person] for a form of a page one level above its address.
func (s *Site) reply(h handler) kit.HandlerFunc {
	return s.typed(h, func(r *http.Request) string { return path.Dir(r.URL.Path) })
}

// typed is [Site.person] for forms in which people write; where is the page of
// the form.
func (s *Site) typed(h handler, where func(*http.Request) string) kit.HandlerFunc {
	inner := s.person(h)
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visitorOf(r)
		if v != nil {
			ok, err := s.agreed(r, v)
			if err != nil {
				return err
			}
			if ok {
				return inner(w, r)
			}
		}
		values, err := readStep(r, func(kit.Upload) error { return nil })
		if err != nil {
			return err
		}
		return s.parkFor(w, r, where(r), values)
	}
}

// parkFor parks what was sent to the address of this request and leads through
// sign-in or agreement back to the page of the form.
func (s *Site) parkFor(w http.ResponseWriter, r *http.Request, back string, values url.Values) error {
	s.park(w, parked{Path: back, Form: r.URL.Path, Values: values})
	if visitorOf(r) == nil {
		return s.signIn(w, r, back)
	}
	return kit.See(w, r, "/agreement?back="+query(back))
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
		s.unparked(w) // nothing older comes back instead
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

// unpark is what was parked for a page, nil without. It stays parked until
// [Site.unparked].
func (s *Site) unpark(r *http.Request) *parked {
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
	return &p
}

// unparked ends the parking: the page has what was typed.
func (s *Site) unparked(w http.ResponseWriter) {
	for i := range parkCookies {
		s.mux.DropCookie(w, parkName(i))
	}
}
