package document

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

func zipOf(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		name, content, _ := strings.Cut(e, "=")
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write([]byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const oleMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

func samples(t testing.TB) map[string][]byte {
	cyrillic, err := charmap.Windows1251.NewEncoder().String("Заявление о выдаче справки\r\n")
	if err != nil {
		t.Fatal(err)
	}
	s := map[string][]byte{
		"txt":  []byte("Заявление о выдаче справки\r\n"),
		"rtf":  []byte(`{\rtf1\ansi Hello}`),
		"doc":  []byte(oleMagic + strings.Repeat("\x00", 600)),
		"xls":  []byte(oleMagic + strings.Repeat("\x00", 600)),
		"docx": zipOf(t, "[Content_Types].xml=<x/>", "_rels/.rels=<x/>", "word/document.xml=<x/>"),
		"xlsx": zipOf(t, "[Content_Types].xml=<x/>", "_rels/.rels=<x/>", "xl/workbook.xml=<x/>"),
		"odt":  zipOf(t, "mimetype=application/vnd.oasis.opendocument.text"),
		"ods":  zipOf(t, "mimetype=application/vnd.oasis.opendocument.spreadsheet"),
		"odf":  zipOf(t, "mimetype=application/vnd.oasis.opendocument.formula"),
		"tif":  []byte("II*\x00\x08\x00\x00\x00"),
		"tiff": []byte("MM\x00*\x00\x00\x00\x08"),
		"jpg":  []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
		"jpeg": []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00"),
		"bmp":  []byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"),
		"pdf":  []byte("%PDF-1.4\n"),
		"rar":  []byte("Rar!\x1a\x07\x01\x00\x00\x00\x00\x00\x00"),
		"zip":  zipOf(t, "scan.jpg=x"),
		"7z":   []byte("7z\xbc\xaf\x27\x1c\x00\x04"),
		"png":  []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
	}
	s["txt in windows-1251"] = []byte(cyrillic)
	return s
}

// The nineteen types of the list are accepted, each by its content too.
//
// APL-06
func TestNineteenTypesAreAccepted(t *testing.T) {
	t.Parallel()
	n := 0
	for name, content := range samples(t) {
		ext, _, _ := strings.Cut(name, " ")
		if !fits(ext, content) {
			t.Errorf("%s: its own content is refused", name)
		}
		if name == ext {
			n++
		}
	}
	if n != 19 || len(Types()) != 19 {
		t.Errorf("%d samples and %d types, want 19", n, len(Types()))
	}
}

// What pretends to be another type is refused, as are programs and pages.
//
// APL-06
func TestContentMustBeWhatTheExtensionSays(t *testing.T) {
	t.Parallel()
	all := samples(t)
	same := func(a, b string) bool { // pairs that no head tells apart
		pair := a + " " + b
		return a == b || strings.Contains("jpg jpeg jpg, tif tiff tif, doc xls doc, odt odf, ods odf", pair) || b == "zip" && strings.Contains("docx xlsx odt ods odf", a)
	}
	for name, content := range all {
		from, _, _ := strings.Cut(name, " ")
		for _, to := range Types() {
			if !same(from, to) && fits(to, content) {
				t.Errorf("the content of a %s passes as %s", name, to)
			}
		}
	}
	for name, content := range map[string][]byte{
		"windows program": append([]byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"), make([]byte, 200)...),
		"linux program":   append([]byte("\x7fELF\x02\x01\x01\x00"), make([]byte, 200)...),
		"page":            []byte("<!DOCTYPE html><html><script>alert(1)</script>"),
		"drawing":         []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"bare drawing":    []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"java program":    zipOf(t, "META-INF/MANIFEST.MF=Manifest-Version: 1.0", "A.class=x"),
	} {
		for _, ext := range append(Types(), "exe", "html", "svg", "htm", "") {
			if !fits(ext, content) {
				continue
			}
			text := &textCheck{}
			_, _ = text.Write(content)
			if ext != "txt" || text.ok() {
				t.Errorf("a %s passes as %q", name, ext)
			}
		}
	}
}

func TestTextIsUTF8OrWindows1251(t *testing.T) {
	t.Parallel()
	cyrillic, _ := charmap.Windows1251.NewEncoder().String("Ёлка № 1")
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"utf-8", "Заявление\r\n\tПрошу…\n", true},
		{"windows-1251", cyrillic, true},
		{"ascii", "plain", true},
		{"utf-16", "\xff\xfeH\x00i\x00", false},
		{"zero bytes", "a\x00b", false},
		{"escape codes", "\x1b[31mred", false},
		{"neither", "\x98\x98", false},
	} {
		for _, size := range []int{1, 3, 100} { // runes cut anywhere
			check := &textCheck{}
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				_, _ = check.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if check.ok() != c.want {
				t.Errorf("%s in pieces of %d: %v, want %v", c.name, size, check.ok(), c.want)
			}
		}
	}
}

// A text of 15 MB that is not UTF-8 is judged as it streams, in the memory of a
// cut rune: a file that had to be kept whole would cost a copy at every piece.
func TestTextCheckKeepsNothing(t *testing.T) {
	t.Parallel()
	piece := bytes.Repeat([]byte{0xcf, 0xf0, 0xe8}, 4096/3) // «При» in windows-1251
	check := &textCheck{}
	for n := 0; n < DefaultMaxBytes; n += len(piece) {
		_, _ = check.Write(piece)
		if len(check.leftover) > 3 {
			t.Fatalf("after %d bytes it keeps %d", n, len(check.leftover))
		}
	}
	if !check.ok() {
		t.Error("windows-1251 is refused")
	}
}

func TestLockedArchivesAreShownAsSuch(t *testing.T) {
	t.Parallel()
	open := zipOf(t, "scan.jpg=x")
	shut := bytes.Clone(open)
	shut[6] |= 1
	if locked("zip", open) || !locked("zip", shut) {
		t.Error("the password flag of a zip is not told")
	}
	if !locked("rar", []byte("Rar!\x1a\x07\x01\x00\x00\x00\x00\x00\x21\x04\x00\x00")) {
		t.Error("the password header of a rar 5 is not told")
	}
	if !locked("rar", []byte("Rar!\x1a\x07\x00\xce\x99\x73\x80\x00\x0d\x00")) || locked("rar", []byte("Rar!\x1a\x07\x00\xcf\x90\x73\x00\x00\x0d\x00")) {
		t.Error("the password flag of a rar 4 is not told")
	}
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"паспорт.pdf":                     "паспорт.pdf",
		`C:\docs\..\паспорт.pdf`:          "паспорт.pdf",
		"../../etc/passwd.txt":            "passwd.txt",
		"фото\u202egpj.exe":               "фотоgpj.exe",
		"a\x00b\r\nc.pdf":                 "abc.pdf",
		"  много   пробелов  .pdf":        "много пробелов.pdf",
		`<script>"x".pdf`:                 "_script__x_.pdf",
		".pdf":                            "document.pdf",
		"":                                "document",
		"й.pdf":                           "й.pdf",
		strings.Repeat("я", 300) + ".pdf": strings.Repeat("я", 116) + ".pdf",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("a/b\\c\u202e.pdf")
	f.Fuzz(func(t *testing.T, name string) {
		got := CleanName(name)
		if got == "" || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\r\n\"") {
			t.Errorf("CleanName(%q) = %q", name, got)
		}
		if again := CleanName(got); again != got {
			t.Errorf("cleaning %q twice gives %q, then %q", name, got, again)
		}
	})
}

func FuzzFits(f *testing.F) {
	for ext, content := range samples(f) {
		f.Add(ext, content)
	}
	f.Fuzz(func(_ *testing.T, ext string, head []byte) {
		fits(ext, head)
		locked(ext, head)
		_, _ = (&textCheck{}).Write(head)
	})
}
