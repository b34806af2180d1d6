package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/idp/token"
)

// Profiles serves /rs/.
type Profiles struct {
	Issuer   *token.Issuer
	Persons  *person.Persons
	Consents *consent.Consents
	Settings *setting.Settings
}

// section is one collection below a person.
type section struct {
	path   string   // below the person
	embed  string   // its name in ?embed=
	scopes []string // any of these opens it
	list   func(*view) []any
}

var sections = []section{
	{"ctts", "contacts", []string{"contacts", "mobile", "email"}, (*view).contacts},
	{"addrs", "addresses", []string{"addresses", "contacts"}, (*view).addresses},
	{"docs", "documents", []string{"id_doc", "drivers_licence_doc", "foreign_passport_doc", "military_doc", "medical_doc", "inn"}, (*view).documents},
	{"vhls", "vehicles", []string{"vehicles"}, (*view).vehicles},
	{"kids", "kids", []string{"kid_fullname", "kid_birthdate", "kid_gender", "kid_snils", "kid_birth_cert_doc"}, (*view).kids},
}

// problem is an error in ESIA's form.
type problem struct {
	status        int
	code, message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

var (
	errNoToken  = &problem{http.StatusUnauthorized, "ESIA-007011", "the access token is missing or not valid"}
	errNoScope  = &problem{http.StatusForbidden, "ESIA-007019", "the token has no permission for this"}
	errNotFound = &problem{http.StatusNotFound, "ESIA-005002", "there is no such resource"}
)

// ServeHTTP answers GET and HEAD below /rs/.
func (p *Profiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		write(w, http.StatusMethodNotAllowed, map[string]string{"code": "ESIA-007003", "message": "only GET is served"})
		return
	}
	v, err := p.answer(r)
	if err == nil {
		write(w, http.StatusOK, v)
		return
	}
	var e *problem
	switch {
	case errors.As(err, &e):
	case errors.Is(err, token.ErrToken):
		e = errNoToken
	case fault.Is(err, fault.KindNotFound):
		e = errNotFound
	default:
		slog.ErrorContext(r.Context(), "profile request failed", "error", err)
		e = &problem{http.StatusInternalServerError, "ESIA-007007", "unexpected condition"}
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="okno", error="invalid_token"`)
	}
	write(w, e.status, map[string]string{"code": e.code, "message": e.message})
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// answer finds the resource of a path, however many slashes it has.
func (p *Profiles) answer(r *http.Request) (any, error) {
	a, err := p.bearer(r)
	if err != nil {
		return nil, err
	}
	path := slices.DeleteFunc(strings.Split(r.URL.Path, "/"), func(s string) bool { return s == "" })
	if len(path) < 3 || len(path) > 6 || path[0] != "rs" || path[1] != "prns" {
		return nil, errNotFound
	}
	if path[2] != person.FormatOID(a.OID) { // whether that person exists is nobody's business
		return nil, errNoScope
	}
	profile, err := p.Persons.Profile(r.Context(), a.OID)
	if err != nil {
		return nil, err
	}
	settings, err := p.Settings.Get(r.Context())
	if err != nil {
		return nil, err
	}
	v := &view{Profile: profile, access: a, verifiers: settings.Verifiers}
	return p.resource(r, v, path[3:])
}

func (p *Profiles) bearer(r *http.Request) (*token.Access, error) {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, errNoToken
	}
	return p.Issuer.Check(r.Context(), strings.TrimSpace(raw))
}

func (p *Profiles) resource(r *http.Request, v *view, path []string) (any, error) {
	embed := embedded(r.URL.Query().Get("embed"))
	base := p.Issuer.URL + "/rs/prns/" + person.FormatOID(v.OID)
	if len(path) == 0 {
		return p.person(r, v, embed, base)
	}
	i := slices.IndexFunc(sections, func(s section) bool { return s.path == path[0] })
	if i < 0 {
		return nil, errNotFound
	}
	s := sections[i]
	if !v.access.Has(s.scopes...) {
		return nil, errNoScope
	}
	if err := p.Consents.Used(r.Context(), v.OID, v.access.ClientOf, s.embed); err != nil {
		return nil, err
	}
	base += "/" + s.path
	if len(path) == 1 {
		return collection(s.list(v), base, slices.Contains(embed, "elements")), nil
	}
	if s.path == "kids" {
		return kid(v, path[1:], base, embed)
	}
	if len(path) > 2 {
		return nil, errNotFound
	}
	return element(s.list(v), path[1])
}

func (p *Profiles) person(r *http.Request, v *view, embed []string, base string) (any, error) {
	out := v.person()
	read := []string{"person"}
	slots := map[string]**Collection{
		"contacts": &out.Contacts, "addresses": &out.Addresses, "documents": &out.Documents, "vehicles": &out.Vehicles, "kids": &out.Kids,
	}
	for _, s := range sections {
		// What the token may not see is left out, as fields are.
		if !slices.Contains(embed, s.embed+".elements") && !slices.Contains(embed, s.embed) || !v.access.Has(s.scopes...) {
			continue
		}
		*slots[s.embed] = collection(s.list(v), base+"/"+s.path, slices.Contains(embed, s.embed+".elements"))
		read = append(read, s.embed)
	}
	if err := p.Consents.Used(r.Context(), v.OID, v.access.ClientOf, read...); err != nil {
		return nil, err
	}
	return out, nil
}

// kid is a child, or its documents.
func kid(v *view, path []string, base string, embed []string) (any, error) {
	for _, c := range v.Children {
		if strconv.FormatInt(number(c.ID), 10) != path[0] {
			continue
		}
		base += "/" + path[0] + "/docs"
		switch {
		case len(path) == 1:
			k := v.kid(c)
			if slices.Contains(embed, "documents.elements") && v.access.Has("kid_birth_cert_doc") {
				k.Documents = collection(v.kidDocuments(c), base, true)
			}
			return k, nil
		case path[1] != "docs" || len(path) > 3:
			return nil, errNotFound
		case !v.access.Has("kid_birth_cert_doc"):
			return nil, errNoScope
		case len(path) == 2:
			return collection(v.kidDocuments(c), base, slices.Contains(embed, "elements")), nil
		}
		return element(v.kidDocuments(c), path[2])
	}
	return nil, errNotFound
}

// embedded reads ?embed=(a.elements,b).
func embedded(s string) []string {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "("), ")")
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func collection(elements []any, base string, embed bool) *Collection {
	c := &Collection{StateFacts: []string{"hasSize"}, Size: len(elements), ETag: etag(elements), Elements: elements}
	if !embed {
		c.Elements = make([]any, len(elements))
		for i, e := range elements {
			c.Elements[i] = fmt.Sprintf("%s/%d", base, idOf(e))
		}
	}
	return c
}

func element(elements []any, id string) (any, error) {
	for _, e := range elements {
		if strconv.FormatInt(idOf(e), 10) == id {
			return e, nil
		}
	}
	return nil, errNotFound
}

func idOf(e any) int64 {
	switch v := e.(type) {
	case *Contact:
		return v.ID
	case *Address:
		return v.ID
	case *Document:
		return v.ID
	case *Vehicle:
		return v.ID
	case *Kid:
		return v.ID
	}
	return 0
}
