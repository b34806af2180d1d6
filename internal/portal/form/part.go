package form

import (
	"slices"
	"strings"
)

// part describes one input of a field that consists of several. Its label is the message
// "form.part.<name>", its hint "form.part.<name>.hint" where hinted.
type part struct {
	name         string
	kind         Kind
	optional     bool
	pattern      string // key of a named check instead of the kind's own
	max          int    // characters
	hinted       bool
	autocomplete string
	width        string
	options      []string // values of a choice; labels are "form.<name>.<value>"
}

var personParts = []part{
	{name: "surname", kind: KindText, pattern: "name", max: 100, autocomplete: "family-name"},
	{name: "name", kind: KindText, pattern: "name", max: 100, autocomplete: "given-name"},
	{name: "patronymic", kind: KindText, pattern: "name", max: 100, optional: true, hinted: true, autocomplete: "additional-name"},
	{name: "birth_date", kind: KindDate, autocomplete: "bday"},
	{name: "birth_place", kind: KindText, max: 255, hinted: true},
	{name: "sex", kind: KindChoice, options: []string{"M", "F"}},
	{name: "citizenship", kind: KindText, max: 60},
	{name: "snils", kind: KindSNILS, hinted: true, width: "short"},
	{name: "birth_certificate", kind: KindText, pattern: "birth_certificate", max: 24, hinted: true, width: "medium"},
}

var addressParts = []part{
	{name: "line", kind: KindText, max: 300, hinted: true, autocomplete: "address-line1"},
	{name: "postcode", kind: KindText, pattern: "postcode", max: 6, optional: true, width: "short", autocomplete: "postal-code"},
	{name: "region", kind: KindText, max: 100, autocomplete: "address-level1"},
	{name: "district", kind: KindText, max: 100, optional: true},
	{name: "city", kind: KindText, max: 100, autocomplete: "address-level2"},
	{name: "street", kind: KindText, max: 150, optional: true},
	{name: "house", kind: KindText, max: 20, width: "short"},
	{name: "building", kind: KindText, max: 20, optional: true, width: "short"},
	{name: "flat", kind: KindText, max: 20, optional: true, width: "short"},
}

var documentParts = []part{
	{name: "type", kind: KindSelect},
	{name: "number", kind: KindText, max: 40, hinted: true, width: "medium"},
	{name: "issue_date", kind: KindDate},
	{name: "issue_code", kind: KindText, pattern: "issue_code", max: 7, hinted: true, width: "short"},
	{name: "issued_by", kind: KindText, max: 255},
	{name: "expiry_date", kind: KindDate, optional: true},
}

// documentTypes are the kinds of papers with the form of their numbers and the parts that each has.
var documentTypes = map[string]struct {
	number string // a check of identifier.go
	parts  []string
}{
	"passport_rf":             {"passport", []string{"number", "issue_date", "issue_code", "issued_by"}},
	"foreign_document":        {"any", []string{"number", "issue_date", "issued_by", "expiry_date"}},
	"international_passport":  {"international_passport", []string{"number", "issue_date", "issued_by", "expiry_date"}},
	"birth_certificate":       {"birth_certificate", []string{"number", "issue_date", "issued_by"}},
	"marriage_certificate":    {"birth_certificate", []string{"number", "issue_date", "issued_by"}},
	"divorce_certificate":     {"birth_certificate", []string{"number", "issue_date", "issued_by"}},
	"name_change_certificate": {"birth_certificate", []string{"number", "issue_date", "issued_by"}},
	"death_certificate":       {"birth_certificate", []string{"number", "issue_date", "issued_by"}},
	"driver_licence":          {"driver_licence", []string{"number", "issue_date", "issued_by", "expiry_date"}},
	"vehicle_certificate":     {"driver_licence", []string{"number", "issue_date"}},
	"vehicle_passport":        {"any", []string{"number", "issue_date"}},
	"military_id":             {"any", []string{"number", "issue_date", "issued_by"}},
	"oms_policy":              {"oms_policy", []string{"number"}},
}

// DocumentTypes are the types of documents that forms and profiles know, in alphabetical order.
// Their names for people are the messages "form.document.<type>".
func DocumentTypes() []string {
	var out []string
	for t := range documentTypes {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

// usualParts are what a composite field asks for when its definition does not say.
var usualParts = map[Kind][]string{
	KindPerson:  {"surname", "name", "patronymic"},
	KindChild:   {"surname", "name", "patronymic", "birth_date", "birth_certificate"},
	KindAddress: {"region", "city", "street", "house", "building", "flat", "postcode"},
}

func partTable(k Kind) []part {
	switch k {
	case KindPerson, KindChild:
		return personParts
	case KindAddress:
		return addressParts
	case KindDocument:
		return documentParts
	}
	return nil
}

// composite tells whether the answers of the field are kept by part.
func (f *Field) composite() bool { return partTable(f.Kind) != nil }

// partsOf answers the parts of a composite field in the order of its table. The parts of a
// document depend on its type; the type is asked only where there is a choice.
func (f *Field) partsOf(docType string) []part {
	table := partTable(f.Kind)
	want := f.Parts
	if f.Kind == KindDocument {
		if len(want) == 0 {
			want = documentTypes[docType].parts
		} else {
			have := documentTypes[docType].parts
			want = slices.DeleteFunc(slices.Clone(want), func(p string) bool { return !slices.Contains(have, strings.TrimSuffix(p, "?")) })
		}
		if len(f.Documents) > 1 {
			want = append([]string{"type"}, want...)
		}
	} else if len(want) == 0 {
		want = usualParts[f.Kind]
	}
	var out []part
	for _, p := range table {
		maybe := slices.Contains(want, p.name+"?")
		if !maybe && !slices.Contains(want, p.name) {
			continue
		}
		p.optional = p.optional || maybe
		if p.name == "number" {
			p.pattern = documentTypes[docType].number
		}
		if p.name == "type" {
			p.options = f.Documents
		}
		out = append(out, p)
	}
	return out
}

// FileTypes are the 19 permitted types of attachments (APL-06), by extension.
var FileTypes = []string{
	"txt", "rtf", "doc", "docx", "xls", "xlsx", "odf", "odt", "ods", "tif", "tiff", "jpg", "jpeg",
	"bmp", "pdf", "rar", "zip", "7z", "png",
}

// MaxFileSize is the limit of one attachment where the slot sets none: 15 MB, that is 15 × 2^20 bytes (APL-07).
const MaxFileSize = 15 << 20

// Slot is what an attachment field permits.
type Slot struct {
	MaxFiles int
	MaxBytes int64
	Types    []string
}

// Slot answers the limits of a file field with the defaults filled in.
func (f *Field) Slot() Slot {
	s := Slot{MaxFiles: max(f.MaxFiles, 1), MaxBytes: MaxFileSize, Types: f.Types}
	if f.MaxSizeMB > 0 {
		s.MaxBytes = int64(f.MaxSizeMB) << 20
	}
	if len(s.Types) == 0 {
		s.Types = FileTypes
	}
	return s
}
