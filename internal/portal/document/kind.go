package document

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

// DefaultMaxBytes is the limit of one file where the slot sets none: 15 MB
// (APL-07, C-23), that is 15 × 2^20 bytes.
const DefaultMaxBytes = 15 << 20

// kind is a permitted type: the media type it is served with and the media
// types that its content may be told as.
type kind struct {
	media   string
	content []string
}

const ole = "application/x-ole-storage" // a compound file whose directory lies beyond the head

// kinds are the 19 types of APL-06 by extension.
var kinds = map[string]kind{
	"txt":  {"text/plain", nil}, // see text.go
	"rtf":  {"application/rtf", []string{"text/rtf"}},
	"doc":  {"application/msword", []string{"application/msword", ole}},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}},
	"xls":  {"application/vnd.ms-excel", []string{"application/vnd.ms-excel", ole}},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}},
	"odf":  {"application/vnd.oasis.opendocument.formula", []string{"application/vnd.oasis.opendocument.formula", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet"}},
	"odt":  {"application/vnd.oasis.opendocument.text", []string{"application/vnd.oasis.opendocument.text"}},
	"ods":  {"application/vnd.oasis.opendocument.spreadsheet", []string{"application/vnd.oasis.opendocument.spreadsheet"}},
	"tif":  {"image/tiff", []string{"image/tiff"}},
	"tiff": {"image/tiff", []string{"image/tiff"}},
	"jpg":  {"image/jpeg", []string{"image/jpeg"}},
	"jpeg": {"image/jpeg", []string{"image/jpeg"}},
	"bmp":  {"image/bmp", []string{"image/bmp"}},
	"pdf":  {"application/pdf", []string{"application/pdf"}},
	"rar":  {"application/vnd.rar", []string{"application/x-rar-compressed"}},
	"zip":  {"application/zip", []string{"application/zip"}},
	"7z":   {"application/x-7z-compressed", []string{"application/x-7z-compressed"}},
	"png":  {"image/png", []string{"image/png"}},
}

// Types are the extensions that are permitted where a slot sets none.
func Types() []string {
	out := make([]string, 0, len(kinds))
	for ext := range kinds {
		out = append(out, ext)
	}
	slices.Sort(out)
	return out
}

// headBytes is how much of a file tells its type.
const headBytes = 3072

// fits tells whether content that begins with head may bear the extension.
// A txt file is judged further while it streams.
func fits(ext string, head []byte) bool {
	k, known := kinds[ext]
	if !known {
		return false
	}
	m := mimetype.Detect(head)
	switch ext {
	case "txt":
		return plainText(m)
	case "zip":
		return archive(m)
	case "docx", "xlsx":
		if m.Is("application/zip") {
			return officeEntry(ext, head)
		}
	}
	return slices.ContainsFunc(k.content, m.Is)
}

// plainText is text of any sort but what a browser would run as a page.
func plainText(m *mimetype.MIME) bool {
	for p := m; p != nil; p = p.Parent() {
		switch {
		case p.Is("text/html"), p.Is("text/xml"), p.Is("image/svg+xml"), p.Is("application/xhtml+xml"), p.Is("text/rtf"):
			return false
		case p.Is("text/plain"):
			return true
		}
	}
	// Cyrillic in windows-1251 is told as unknown bytes: the text check decides.
	return m.Is("application/octet-stream")
}

// archive is zip or what is packed as zip, but not a program.
func archive(m *mimetype.MIME) bool {
	if m.Is("application/jar") || m.Is("application/java-archive") || m.Is("application/vnd.android.package-archive") {
		return false
	}
	for p := m; p != nil; p = p.Parent() {
		if p.Is("application/zip") {
			return true
		}
	}
	return false
}

// officeEntry looks at the names of the first entries of a package: some
// writers put the parts that tell Word from Excel beyond the head.
func officeEntry(ext string, head []byte) bool {
	if !bytes.Contains(head, []byte("[Content_Types].xml")) && !bytes.Contains(head, []byte("_rels/.rels")) {
		return false
	}
	foreign := map[string]string{"docx": "xl/", "xlsx": "word/"}[ext]
	return !bytes.Contains(head, []byte(foreign))
}

// locked tells whether an archive says in its head that it needs a password.
func locked(ext string, head []byte) bool {
	switch ext {
	case "zip", "docx", "xlsx", "odt", "ods", "odf":
		// Local file header: general purpose flag at offset 6, bit 0.
		return len(head) > 8 && bytes.HasPrefix(head, []byte("PK\x03\x04")) && head[6]&1 != 0
	case "rar":
		switch {
		case bytes.HasPrefix(head, []byte("Rar!\x1a\x07\x01\x00")): // version 5: header type 4 comes first
			return len(head) > 14 && rar5HeaderType(head[12:]) == 4
		case bytes.HasPrefix(head, []byte("Rar!\x1a\x07\x00")): // version 4: archive header flag 0x80
			return len(head) > 11 && head[9] == 0x73 && head[10]&0x80 != 0
		}
	}
	return false
}

// rar5HeaderType reads the variable-length size and then the type.
func rar5HeaderType(b []byte) int {
	i := 0
	for i < len(b) && b[i]&0x80 != 0 {
		i++
	}
	if i+1 >= len(b) {
		return 0
	}
	return int(b[i+1])
}

// extension is the part after the last dot, lower case.
func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

// textCheck judges a txt file as it streams: UTF-8 or windows-1251, no control
// characters but line ends and tabs.
type textCheck struct {
	bad      bool
	notUTF8  bool
	not1251  bool
	leftover []byte // start of a rune that the last write cut off
}

// Write implements io.Writer; it never fails.
func (c *textCheck) Write(p []byte) (int, error) {
	for _, b := range p {
		switch {
		case b >= 0x20 || b == '\t' || b == '\n' || b == '\r' || b == '\f':
		default:
			c.bad = true
		}
		if b == 0x98 || b == 0x7f {
			c.not1251 = true // the one hole of windows-1251
		}
	}
	if c.notUTF8 {
		return len(p), nil
	}
	rest := p
	if len(c.leftover) > 0 {
		rest = append(c.leftover, p...)
	}
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			if utf8.FullRune(rest) {
				c.notUTF8 = true
				rest = nil
			}
			break
		}
		rest = rest[size:]
	}
	c.leftover = append([]byte(nil), rest...) // at most three bytes
	return len(p), nil
}

// ok is the judgement after the last byte.
func (c *textCheck) ok() bool {
	utf8 := !c.notUTF8 && len(c.leftover) == 0
	return !c.bad && (utf8 || !c.not1251)
}
