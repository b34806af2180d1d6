package portalsite

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/recall"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/form"
)

// What the identity provider last said of who is signed in, for pages that only
// show it (decisions/0011). Forms ask anew: what is filed rests on a reading of
// its own. It lives in memory alone, belongs to one session, ends with it, and
// goes when the provider sends word of the person or his account here changes.
type knownProfiles struct {
	once sync.Once
	recall.Rows[string, form.Profile]
}

const (
	// knownFresh is how long a page of the cabinet does not ask again.
	knownFresh = 2 * time.Minute
	// knownLife bounds what is shown, with its age, while the provider is away.
	knownLife = 15 * time.Minute
	// maxKnown bounds the memory: some 5 kB each.
	maxKnown = 2000
)

func (s *Site) keptProfiles() *knownProfiles {
	k := &s.known
	k.once.Do(func() {
		k.DB, k.Topic, k.More = s.Accounts.DB, account.Topic, []string{oidcrp.Topic}
		k.Keys = func(session string, p form.Profile) []string { return []string{session, p.Subject} }
		k.Max, k.Life = maxKnown, knownLife
	})
	return k
}

// readProfile asks the identity provider for the profile of who is signed in.
func (s *Site) readProfile(r *http.Request, v *visitor) (form.Profile, error) {
	return s.keptProfiles().Load(r.Context(), v.sess.ID, func(ctx context.Context) (form.Profile, bool, error) {
		token, err := s.Party.AccessToken(ctx, v.sess)
		if err != nil {
			return form.Profile{}, false, err
		}
		p, err := s.Profiles.Profile(ctx, token, v.sess.Subject)
		return p, err == nil, err
	})
}

// knownProfile is the profile for a page that shows it: as it was read a moment
// ago, or now. Who comes from elsewhere, such as the profile's own pages, or asks
// for the page again sees what is true now. away tells that the provider does not
// answer and the profile is of its TakenAt.
func (s *Site) knownProfile(r *http.Request, v *visitor) (p form.Profile, away bool, err error) {
	kept, ok := s.keptProfiles().Kept(v.sess.ID)
	age := s.Clock.Now().Sub(kept.TakenAt)
	if ok && age < knownFresh && !asksAnew(r) {
		return kept, false, nil
	}
	p, err = s.readProfile(r, v)
	if ok && age < knownLife && fault.Is(err, fault.KindUnavailable) {
		return kept, true, nil
	}
	return p, false, err
}

// asksAnew tells a reload, and a page that was not reached from this site.
func asksAnew(r *http.Request) bool {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return true
	}
	c := r.Header.Get("Cache-Control")
	return strings.Contains(c, "no-cache") || strings.Contains(c, "max-age=0")
}
