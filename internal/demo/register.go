package demo

import (
	"crypto/subtle"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Mode is what a register has been told to do.
type Mode string

// The modes of a register.
const (
	ModeRecords  Mode = "records"  // answer by what it knows: the default
	ModeMatch    Mode = "match"    // always match
	ModeMismatch Mode = "mismatch" // always mismatch, with the reason told
	ModeDelay    Mode = "delay"    // pending until the delay is over (domain time), then by records
	ModeError    Mode = "500"      // internal error
	ModeNothing  Mode = "nothing"  // take the question and never answer
)

var modes = []Mode{ModeRecords, ModeMatch, ModeMismatch, ModeDelay, ModeError, ModeNothing}

// Order is what the desk tells a register.
type Order struct {
	Mode   Mode   `json:"mode"`
	Reason string `json:"reason,omitempty"` // code, with mode mismatch
	Delay  string `json:"delay,omitempty"`  // such as 72h, with mode delay
}

// Asked is one question that a register got, for the desk's page.
type Asked struct {
	At     time.Time `json:"at"`
	ID     string    `json:"id"`
	Result string    `json:"result"`
}

// Register is one simulated state register with its own data.
type Register struct {
	Name  string // mvd, sfr or fns
	Title string
	Token string // the bearer token that it wants
	Now   func() time.Time
	// Done ends answers that never come, when the demo stops.
	Done <-chan struct{}

	mu    sync.Mutex
	order Order
	delay time.Duration
	first map[string]time.Time // question id → when it was first asked
	log   []Asked
}

// Tell gives the register its order.
func (g *Register) Tell(o Order) error {
	if o.Mode == "" {
		o.Mode = ModeRecords
	}
	if !slices.Contains(modes, o.Mode) {
		return fmt.Errorf("unknown mode %q: one of %v", o.Mode, modes)
	}
	var delay time.Duration
	if o.Mode == ModeDelay {
		var err error
		if delay, err = time.ParseDuration(o.Delay); err != nil || delay <= 0 {
			return fmt.Errorf("mode delay wants a delay such as 72h, not %q", o.Delay)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.order, g.delay = o, delay
	return nil
}

// State is the order in force and the last questions, the newest first.
func (g *Register) State() (Order, []Asked) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.order
	if o.Mode == "" {
		o.Mode = ModeRecords
	}
	log := slices.Clone(g.log)
	slices.Reverse(log)
	return o, log
}

// Handler serves the registers' protocols; each register gets its own server.
func (g *Register) Handler() http.Handler {
	mux := http.NewServeMux()
	switch g.Name {
	case "mvd":
		mux.HandleFunc("POST /identity-document/check", g.serveMVD)
	case "sfr":
		mux.HandleFunc("POST /snils/check", g.serveSFR)
	case "fns":
		mux.HandleFunc("POST /inn/check", g.serveFNS)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(got), []byte(g.Token)) != 1 {
			http.Error(w, "unknown system", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// question is what both protocols ask.
type question struct {
	id      string
	check   func(p *Person) (reason string) // "" when the record agrees
	find    func(p *Person) bool
	unknown string // reason when nobody is found
}

type answer struct{ result, reason string }

// decide obeys the order; ok false means that the answer has been written or
// that there is none.
func (g *Register) decide(w http.ResponseWriter, r *http.Request, q question) (answer, bool) {
	now := g.Now()
	g.mu.Lock()
	o, delay := g.order, g.delay
	if g.first == nil {
		g.first = map[string]time.Time{}
	}
	asked, known := g.first[q.id]
	if !known {
		asked = now
		if len(g.first) < 10000 {
			g.first[q.id] = now
		}
	}
	g.mu.Unlock()

	var a answer
	switch o.Mode {
	case ModeError:
		g.remember(now, q.id, "500")
		http.Error(w, "internal error of the register", http.StatusInternalServerError)
		return a, false
	case ModeNothing:
		g.remember(now, q.id, "nothing")
		select {
		case <-r.Context().Done():
		case <-g.Done:
		}
		return a, false
	case ModeMatch:
		a = answer{"match", ""}
	case ModeMismatch:
		a = answer{"mismatch", orElse(o.Reason, q.unknown)}
	case ModeDelay:
		if now.Before(asked.Add(delay)) {
			a = answer{"pending", ""}
			break
		}
		a = records(q)
	default:
		a = records(q)
	}
	g.remember(now, q.id, a.result)
	return a, true
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// records answers by what the register knows. The person whose check is under
// way for ever is the demo's only exception to that.
func records(q question) answer {
	for _, p := range Persons() {
		if !q.find(&p) {
			continue
		}
		if p.Account.State == Checking {
			return answer{"pending", ""}
		}
		if reason := q.check(&p); reason != "" {
			return answer{"mismatch", reason}
		}
		return answer{"match", ""}
	}
	return answer{"mismatch", q.unknown}
}

func (g *Register) remember(at time.Time, id, result string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log = append(g.log, Asked{at, id, result})
	if len(g.log) > 100 {
		g.log = g.log[len(g.log)-100:]
	}
}

func sameName(p *Person, surname, name, patronymic string) bool {
	return rutext.MatchKey(p.Surname+" "+p.Name+" "+p.Patronymic) == rutext.MatchKey(surname+" "+name+" "+patronymic)
}

type mvdRequest struct {
	XMLName    xml.Name `xml:"urn:okno:register:mvd:1 identityDocumentRequest"`
	ID         string   `xml:"id,attr"`
	Surname    string   `xml:"surname"`
	Name       string   `xml:"name"`
	Patronymic string   `xml:"patronymic"`
	BirthDate  string   `xml:"birthDate"`
	Document   struct {
		Type       string `xml:"type"`
		Series     string `xml:"series"`
		Number     string `xml:"number"`
		IssueDate  string `xml:"issueDate"`
		IssuerCode string `xml:"issuerCode"`
	} `xml:"document"`
}

type mvdResponse struct {
	XMLName xml.Name   `xml:"urn:okno:register:mvd:1 identityDocumentResponse"`
	ID      string     `xml:"id,attr"`
	Result  string     `xml:"result"`
	Reason  *mvdReason `xml:"reason,omitempty"`
}

type mvdReason struct {
	Code string `xml:"code,attr"`
	Text string `xml:",chardata"`
}

func (g *Register) serveMVD(w http.ResponseWriter, r *http.Request) {
	var q mvdRequest
	if err := xml.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil || q.ID == "" {
		http.Error(w, "unreadable request", http.StatusBadRequest)
		return
	}
	a, ok := g.decide(w, r, question{
		id:      q.ID,
		unknown: "DOCUMENT_NOT_FOUND",
		find:    func(p *Person) bool { return p.Series == q.Document.Series && p.Number == q.Document.Number },
		check: func(p *Person) string {
			switch {
			case p.DocumentType != q.Document.Type:
				return "DOCUMENT_NOT_FOUND"
			case !sameName(p, q.Surname, q.Name, q.Patronymic):
				return "NAME_DIFFERS"
			case p.BirthDate != q.BirthDate:
				return "BIRTH_DATE_DIFFERS"
			case p.IssueDate != q.Document.IssueDate:
				return "ISSUE_DIFFERS"
			}
			return ""
		},
	})
	if !ok {
		return
	}
	out := mvdResponse{ID: q.ID, Result: a.result}
	if a.reason != "" {
		out.Reason = &mvdReason{Code: a.reason, Text: reasonText(a.reason)}
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	_ = xml.NewEncoder(w).Encode(out)
}

type sfrRequest struct {
	ID         string `json:"request_id"`
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Patronymic string `json:"patronymic"`
	BirthDate  string `json:"birth_date"`
	Sex        string `json:"sex"`
	SNILS      string `json:"snils"`
}

type jsonResponse struct {
	ID     string      `json:"request_id"`
	Result string      `json:"result"`
	Reason *jsonReason `json:"reason,omitempty"`
}

type jsonReason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (g *Register) serveSFR(w http.ResponseWriter, r *http.Request) {
	var q sfrRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil || q.ID == "" {
		http.Error(w, "unreadable request", http.StatusBadRequest)
		return
	}
	a, ok := g.decide(w, r, question{
		id:      q.ID,
		unknown: "SNILS_NOT_FOUND",
		find:    func(p *Person) bool { return p.SNILS == q.SNILS },
		check: func(p *Person) string {
			switch {
			case !sameName(p, q.Surname, q.Name, q.Patronymic):
				return "NAME_DIFFERS"
			case p.BirthDate != q.BirthDate || p.Sex != q.Sex:
				return "BIRTH_DATE_DIFFERS"
			}
			return ""
		},
	})
	if !ok {
		return
	}
	writeJSON(w, q.ID, a)
}

func writeJSON(w http.ResponseWriter, id string, a answer) {
	out := jsonResponse{ID: id, Result: a.result}
	if a.reason != "" {
		out.Reason = &jsonReason{Code: a.reason, Text: reasonText(a.reason)}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

type fnsRequest struct {
	ID         string `json:"request_id"`
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Patronymic string `json:"patronymic"`
	BirthDate  string `json:"birth_date"`
	INN        string `json:"inn"`
}

func (g *Register) serveFNS(w http.ResponseWriter, r *http.Request) {
	var q fnsRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil || q.ID == "" {
		http.Error(w, "unreadable request", http.StatusBadRequest)
		return
	}
	a, ok := g.decide(w, r, question{
		id:      q.ID,
		unknown: "INN_NOT_FOUND",
		find:    func(p *Person) bool { return p.INN() == q.INN },
		check: func(p *Person) string {
			switch {
			case !sameName(p, q.Surname, q.Name, q.Patronymic):
				return "NAME_DIFFERS"
			case p.BirthDate != q.BirthDate:
				return "BIRTH_DATE_DIFFERS"
			}
			return ""
		},
	})
	if ok {
		writeJSON(w, q.ID, a)
	}
}

// reasonText is what a register writes for people; registers speak Russian.
func reasonText(code string) string {
	switch code {
	case "DOCUMENT_NOT_FOUND":
		return "Документ с такими серией и номером не найден"
	case "DOCUMENT_INVALID":
		return "Документ недействителен"
	case "ISSUE_DIFFERS":
		return "Дата выдачи не совпадает"
	case "SNILS_NOT_FOUND":
		return "СНИЛС не найден"
	case "INN_NOT_FOUND":
		return "ИНН не найден"
	case "NAME_DIFFERS":
		return "Фамилия, имя или отчество не совпадают"
	case "BIRTH_DATE_DIFFERS":
		return "Дата рождения не совпадает"
	}
	return code
}
