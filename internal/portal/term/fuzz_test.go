package term

import (
	"bytes"
	"testing"
	"time"
)

// A production calendar that is accepted tells a type for each of its days.
func FuzzParseXML(f *testing.F) {
	raw, err := data.ReadFile("data/ru-2026.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`<?xml version="1.0"?><!DOCTYPE calendar [<!ENTITY a "b">]><calendar year="2026" country="ru"><days><day d="&a;" t="1"/></days></calendar>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		y, err := ParseXML(bytes.NewReader(raw))
		if err != nil {
			return
		}
		c := Russian().With(y)
		for day := time.Date(y.Year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == y.Year; day = day.AddDate(0, 0, 1) {
			if k := c.Type(day); k < Off || k > Working {
				t.Fatalf("%s is of type %d", day.Format(time.DateOnly), k)
			}
		}
	})
}
