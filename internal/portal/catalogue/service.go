package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/term"
)

// Service is one state or municipal service: its card, its form and its long description. Values of
// a snapshot are shared by all readers: do not change them.
type Service struct {
	Card
	// Form is nil for services that are not applied for on the portal.
	Form *form.Definition `json:"form,omitempty"`
	// Body is the long description in Markdown.
	Body form.Text `json:"body,omitzero"`
	// Revision names the content; empty before it is published.
	Revision string `json:"-"`
}

// How a service is applied for (CAT-08).
const (
	DeliveryRemote   = "remote"    // wholly through the portal: the card has «Получить услугу»
	DeliveryInPerson = "in_person" // only at the agency or a centre
	DeliveryExternal = "external"  // on another site, which the card names
)

// Card is what a citizen reads before applying (SVC-01).
type Card struct {
	Code  string    `yaml:"code" json:"code"`
	Title form.Text `yaml:"title" json:"title"`
	// Short says in one sentence what the service is good for.
	Short form.Text `yaml:"short" json:"short"`
	// Agency is the code of the body that gives the service, in the region's directory.
	Agency string `yaml:"agency" json:"agency"`
	// Level is federal, regional or municipal (CAT-07).
	Level string `yaml:"level" json:"level"`
	// MinLevel is the account level that applying needs: simplified, standard or confirmed (SVC-03).
	MinLevel string `yaml:"min_level" json:"min_level"`
	// ExcludedProofing are ways of confirmation that are not enough for this service (C-12).
	ExcludedProofing []string `yaml:"excluded_proofing,omitempty" json:"excluded_proofing,omitempty"`

	Categories []string `yaml:"categories" json:"categories"`
	LifeEvents []string `yaml:"life_events,omitempty" json:"life_events,omitempty"`

	Delivery string `yaml:"delivery" json:"delivery"`
	// ExternalURL is where an external service is applied for.
	ExternalURL string `yaml:"external_url,omitempty" json:"external_url,omitempty"`
	// Places are where one goes: for services in person, and beside external ones.
	Places []Place `yaml:"places,omitempty" json:"places,omitempty"`

	// Keywords are how people call the service: words and whole phrases for the search.
	Keywords []string `yaml:"keywords,omitempty" json:"keywords,omitempty"`
	// Weight is the editor's place among the popular services, 0 for none, higher is earlier (CAT-05).
	Weight int `yaml:"weight,omitempty" json:"weight,omitempty"`

	// Applicants says who may apply; Capacities for whom: self, child, organisation, mandate (SVC-26).
	Applicants []form.Text `yaml:"applicants" json:"applicants"`
	Capacities []string    `yaml:"capacities,omitempty" json:"capacities,omitempty"`
	Result     form.Text   `yaml:"result" json:"result"`
	// Term is the longest time of the whole service, Registration that of registering the request.
	Term         term.Term `yaml:"term,omitempty" json:"term,omitzero"`
	TermNote     form.Text `yaml:"term_note,omitempty" json:"term_note,omitzero"`
	Registration term.Term `yaml:"registration,omitempty" json:"registration,omitzero"`
	Fee          Fee       `yaml:"fee" json:"fee"`
	// Minutes is how long filling in the form takes.
	Minutes   int        `yaml:"minutes,omitempty" json:"minutes,omitempty"`
	Documents []Document `yaml:"documents" json:"documents"`
	// Reception are grounds not to accept the application, Refusal grounds to refuse the service;
	// the clerk chooses among the latter (SVC-25).
	Reception []Ground `yaml:"reception,omitempty" json:"reception,omitempty"`
	Refusal   []Ground `yaml:"refusal" json:"refusal"`
	Acts      []Act    `yaml:"acts" json:"acts"`
	// Complaint opens the pre-trial complaint (CMP-01).
	Complaint bool `yaml:"complaint,omitempty" json:"complaint,omitempty"`
	// Signature is simple (the account) or qualified (G-03).
	Signature string `yaml:"signature,omitempty" json:"signature,omitempty"`
}

// Fee is what the service costs. Amount is in kopecks; 0 with no variants means free.
type Fee struct {
	Amount   int64     `yaml:"amount,omitempty" json:"amount,omitempty"`
	Variants []Price   `yaml:"variants,omitempty" json:"variants,omitempty"`
	Note     form.Text `yaml:"note,omitempty" json:"note,omitzero"`
}

// Price is one of several fees.
type Price struct {
	Label  form.Text `yaml:"label" json:"label"`
	Amount int64     `yaml:"amount" json:"amount"`
}

// Free tells whether nothing is to be paid.
func (f Fee) Free() bool { return f.Amount == 0 && len(f.Variants) == 0 }

// Document is something that the service needs.
type Document struct {
	Label form.Text `yaml:"label" json:"label"`
	Note  form.Text `yaml:"note,omitempty" json:"note,omitzero"`
	// Profile names the part of the profile that covers it, as a form binds it: "profile.snils".
	Profile string `yaml:"profile,omitempty" json:"profile,omitempty"`
	// By is who brings it: citizen, agency (asked by inter-agency request) or form (asked there).
	By string `yaml:"by" json:"by"`
}

// Ground is a legal ground of a refusal.
type Ground struct {
	Code string    `yaml:"code" json:"code"`
	Text form.Text `yaml:"text" json:"text"`
	// Law is the norm, «п. 2 ст. 11.1 210-ФЗ».
	Law form.Text `yaml:"law,omitempty" json:"law,omitzero"`
}

// Act is a legal act that the service rests on.
type Act struct {
	Title form.Text `yaml:"title" json:"title"`
	URL   string    `yaml:"url,omitempty" json:"url,omitempty"`
}

// Place is an address to go to.
type Place struct {
	Name    form.Text `yaml:"name" json:"name"`
	Address form.Text `yaml:"address" json:"address"`
	Phones  []string  `yaml:"phones,omitempty" json:"phones,omitempty"`
	Hours   form.Text `yaml:"hours,omitempty" json:"hours,omitzero"`
}

// Apply tells whether the card has «Получить услугу» with a form behind it.
func (s *Service) Apply() bool { return s.Delivery == DeliveryRemote && s.Form != nil }

// Ground finds a ground of refusal by its code.
func (s *Service) Ground(code string) (Ground, bool) {
	i := slices.IndexFunc(s.Refusal, func(g Ground) bool { return g.Code == code })
	if i < 0 {
		return Ground{}, false
	}
	return s.Refusal[i], true
}

// LevelNumber orders account levels: simplified 1, standard 2, confirmed 3; 0 for anything else.
func LevelNumber(level string) int { return slices.Index(accountLevels, level) + 1 }

var accountLevels = []string{"simplified", "standard", "confirmed"}

// encode answers the stored bytes of a service and the name of its revision: 32 hex digits of their
// SHA-256. Equal content has an equal name.
func (s *Service) encode() (id string, body []byte, err error) {
	body, err = json.Marshal(s)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16]), body, nil
}

func decode(id string, body []byte) (*Service, error) {
	var stored struct {
		Card
		Form json.RawMessage `json:"form"`
		Body form.Text       `json:"body"`
	}
	if err := json.Unmarshal(body, &stored); err != nil {
		return nil, err
	}
	s := &Service{Card: stored.Card, Body: stored.Body, Revision: id}
	if len(stored.Form) > 0 {
		d, err := form.FromJSON(stored.Form)
		if err != nil {
			return nil, err
		}
		s.Form = d
	}
	return s, nil
}

// Category is a shelf of the catalogue.
type Category struct {
	Code  string    `yaml:"code" json:"code"`
	Title form.Text `yaml:"title" json:"title"`
	Short form.Text `yaml:"short,omitempty" json:"short,omitzero"`
	// Icon is a name of the interface's icons.
	Icon string `yaml:"icon,omitempty" json:"icon,omitempty"`
}

// LifeEvent is a life situation with what it calls for (CAT-02).
type LifeEvent struct {
	Code  string    `yaml:"code" json:"code"`
	Title form.Text `yaml:"title" json:"title"`
	Short form.Text `yaml:"short,omitempty" json:"short,omitzero"`
	Art   string    `yaml:"art,omitempty" json:"art,omitempty"`
	// Body explains what to do in which order, in Markdown.
	Body form.Text `yaml:"body,omitempty" json:"body,omitzero"`
}
