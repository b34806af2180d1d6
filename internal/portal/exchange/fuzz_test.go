package exchange

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/portal/document"
)

// Only the scanner's plain word makes a file clean.
func FuzzVerdict(f *testing.F) {
	f.Add("stream: OK")
	f.Add("stream: Eicar-Test-Signature FOUND")
	f.Add("INSTREAM size limit exceeded. ERROR")
	f.Add("stream: OK FOUND")
	f.Fuzz(func(t *testing.T, answer string) {
		v, err := verdict(answer, nil)
		switch {
		case err != nil && v != (document.Verdict{}):
			t.Errorf("%q: an error, and yet %+v", answer, v)
		case err == nil && v.State == document.ScanClean && answer != "stream: OK":
			t.Errorf("%q counts as clean", answer)
		case err == nil && v.State == document.ScanInfected && v.Signature == "":
			t.Errorf("%q: infected by nothing", answer)
		}
	})
}

// Whatever a provider answers as a profile, a level is one of three, and a value
// counts as verified only where the provider says so.
func FuzzProfile(f *testing.F) {
	f.Add([]byte(`{"firstName":"Анна","birthDate":"17.04.1991","snils":"112-233-445 95","trusted":true,"kids":{"elements":[{"id":1,"birthDate":"29.02.2020"}]}}`))
	f.Add([]byte(`{"contacts":{"elements":[{"type":"MBT","vrfStu":"VERIFIED","value":"+7(912)0000001"},{"type":"EML","value":"a@b.ru"}]}}`))
	f.Add([]byte(`{"documents":{"elements":[{"type":"RF_PASSPORT","vrfStu":"VERIFIED","series":"7111","number":"904513","issueDate":"06.05.2011","vrfOn":-1}]}}`))
	f.Add([]byte(`{"addresses":{"elements":[{"type":"PLV","addressStr":"x","zipCode":"625000"}]},"oknoLevel":99}`))
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var w wirePerson
		if json.Unmarshal(raw, &w) != nil {
			return
		}
		p := w.profile("1000000001", now)
		if p.Level != "simplified" && p.Level != "standard" && p.Level != "confirmed" {
			t.Errorf("level %q", p.Level)
		}
		if p.Level == "simplified" && p.Person.Mark.Verified {
			t.Error("a simplified account with a verified name")
		}
		for i := range w.Kids.Elements {
			w.Kids.Elements[i].child()
		}
		if _, err := json.Marshal(p); err != nil {
			t.Errorf("the snapshot cannot be kept: %v", err)
		}
	})
}
