package outbound

import (
	"bytes"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func FuzzReadPDU(f *testing.F) {
	f.Add(pdu{command: cmdSubmit | cmdResponse, sequence: 7, body: []byte("id\x00")}.bytes())
	f.Add([]byte{0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPDU(bytes.NewReader(b))
		if err == nil && !bytes.HasPrefix(b, p.bytes()) {
			t.Fatalf("%x read as %+v", b, p)
		}
	})
}

// Parts put together give the text, each fits, and none cuts a surrogate pair.
func TestSMSPartsKeepTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aд🙂\n")), 1, 500, -1).Draw(t, "text")
		parts, err := smsParts(text, 7)
		if err != nil {
			if units := len(utf16.Encode([]rune(text))); units <= ucs2Part*maxParts-maxParts {
				t.Fatalf("%d units refused: %v", units, err)
			}
			return
		}
		var got []rune
		for i, p := range parts {
			if len(p) > 140 {
				t.Fatalf("part %d has %d octets", i, len(p))
			}
			if len(parts) > 1 {
				if !bytes.Equal(p[:6], []byte{5, 0, 3, 7, byte(len(parts)), byte(i + 1)}) {
					t.Fatalf("part %d has header %x", i, p[:6])
				}
				p = p[6:]
			}
			var units []uint16
			for j := 0; j < len(p); j += 2 {
				units = append(units, uint16(p[j])<<8|uint16(p[j+1]))
			}
			got = append(got, utf16.Decode(units)...)
		}
		if string(got) != text {
			t.Fatalf("got %q, want %q", string(got), text)
		}
	})
}
