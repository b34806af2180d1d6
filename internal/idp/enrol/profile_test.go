package enrol_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
)

// ID-ACC-11: both addresses and the landline are stored and edited apart.
func TestAddressesAndHomePhone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e := w.registered(t, phone)
	self := w.self(e)
	if err := w.PutAddress(ctx, self, person.Residence, enrol.AddressForm{Zip: "62500", Street: "<b>"}); fields(err) !=
		"zip enrol.zip_format, region enrol.region_missing, city enrol.city_missing, street enrol.text_format, house enrol.house_missing" {
		t.Errorf("%s", fields(err))
	}
	home := enrol.AddressForm{Zip: "625000", Region: "Тюменская область", City: "г. Тюмень", Street: "ул. Республики", House: "1", Building: "литера А", Flat: "3"}
	must(t, w.PutAddress(ctx, self, person.Residence, home))
	must(t, w.PutAddress(ctx, self, person.Registration, enrol.AddressForm{Region: "Тюменская область", City: "с. Аромашево", House: "5"}))
	must(t, w.SetHomePhone(ctx, self, "8 3452 00-00-01"))
	p := w.profile(t, e.OID)
	if got := p.Address(person.Residence).Text; got != "625000, Тюменская область, г. Тюмень, ул. Республики, д. 1, литера А, кв. 3" {
		t.Errorf("residence %q", got)
	}
	if back := enrol.AddressFormOf(p.Address(person.Residence).AddressData); back != home {
		t.Errorf("form %+v", back)
	}
	if got := p.Address(person.Registration).Text; got != "Тюменская область, с. Аромашево, д. 5" {
		t.Errorf("registration %q", got)
	}
	if c := p.Contact(person.HomePhone); c == nil || c.Value != "+73452000001" {
		t.Errorf("home phone %+v", c)
	}
	must(t, w.PutAddress(ctx, self, person.Residence, enrol.AddressForm{}))
	must(t, w.SetHomePhone(ctx, self, ""))
	if p := w.profile(t, e.OID); p.Address(person.Residence) != nil || p.Address(person.Registration) == nil || p.Contact(person.HomePhone) != nil {
		t.Errorf("after removing: %+v", p.Addresses)
	}
}

func TestChildrenAndVehicles(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e, other := w.registered(t, phone), w.registered(t, second)
	card := enrol.ChildForm{
		Surname: "Тестов", Given: "Илья", Sex: "M", BirthDate: "25.03.2017", SNILS: "173-344-521 59", Certificate: "II-ФР 803317",
		CertificateDate: "04.04.2017", CertificateBy: "Отдел ЗАГС",
	}
	id, err := w.PutChild(ctx, w.self(e), "", card)
	must(t, err)
	p := w.profile(t, e.OID)
	if len(p.Children) != 1 || p.Children[0].CertificateNumber != "803317" || p.Children[0].SNILS != "17334452159" {
		t.Fatalf("children %+v", p.Children)
	}
	if back := enrol.ChildFormOf(p.Children[0]); back.Certificate != card.Certificate || back.BirthDate != card.BirthDate || back.CertificateDate != card.CertificateDate {
		t.Errorf("form %+v", back)
	}
	for _, c := range []struct{ birth, want string }{
		{"21.11.2008", "birth_date enrol.child_adult"}, // 18 today
		{"22.11.2008", "certificate_date enrol.issue_before_birth"},
		{"04.04.2017", ""},
	} {
		f := card
		f.BirthDate, f.CertificateDate = c.birth, "04.04.2008"
		if c.want == "" {
			f.CertificateDate = c.birth
		}
		if _, err := w.PutChild(ctx, w.self(e), id, f); fields(err) != c.want && !strings.HasPrefix(fields(err), c.want) || (c.want == "") != (err == nil) {
			t.Errorf("%s: %s", c.birth, fields(err))
		}
	}
	if _, err := w.PutChild(ctx, w.self(other), id, card); key(err) != "person.child_not_found" {
		t.Errorf("a foreign card: %v", err)
	}
	if err := w.RemoveChild(ctx, w.self(other), id); key(err) != "person.child_not_found" {
		t.Errorf("a foreign card: %v", err)
	}
	must(t, w.RemoveChild(ctx, w.self(e), id))

	car, err := w.AddVehicle(ctx, w.self(e), enrol.VehicleForm{Name: "Лада Гранта", Plate: "a 123 bc 72", Certificate: "99 12 123456"})
	must(t, err)
	if v := w.profile(t, e.OID).Vehicles; len(v) != 1 || v[0].Plate != "А123ВС72" || v[0].CertificateNumber != "123456" {
		t.Errorf("vehicles %+v", v)
	}
	if _, err := w.AddVehicle(ctx, w.self(e), enrol.VehicleForm{}); fields(err) != "vehicle enrol.vehicle_missing, plate enrol.plate_missing" {
		t.Errorf("%s", fields(err))
	}
	if err := w.RemoveVehicle(ctx, w.self(other), car); key(err) != "person.vehicle_not_found" {
		t.Errorf("a foreign vehicle: %v", err)
	}
	must(t, w.RemoveVehicle(ctx, w.self(e), car))
}

func picture(t *testing.T, width, height int, asPNG bool) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.Set(i%width, i/width, color.RGBA{200, 40, 40, 255})
	}
	var b bytes.Buffer
	if asPNG {
		must(t, png.Encode(&b, m))
	} else {
		must(t, jpeg.Encode(&b, m, nil))
	}
	return b.Bytes()
}

// ID-ACC-03: type and size are checked; a small square of pixels is kept, for its owner alone.
func TestAvatar(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	e, other := w.registered(t, phone), w.registered(t, second)
	bomb := picture(t, 10, 10, true)
	copy(bomb[16:24], []byte{0, 0, 255, 255, 0, 0, 255, 255}) // claims 65535 × 65535 pixels
	for name, raw := range map[string][]byte{
		"text": []byte("not a picture"), "gif": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "cut": picture(t, 100, 100, false)[:200], "empty": nil,
		"bomb": bomb, "large": make([]byte, enrol.MaxAvatarBytes+1),
	} {
		if err := w.SetAvatar(ctx, w.self(e), bytes.NewReader(raw)); err == nil || !strings.HasPrefix(key(err), "person.avatar_") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range [][]byte{picture(t, 900, 300, false), picture(t, 300, 700, true)} {
		must(t, w.SetAvatar(ctx, w.self(e), bytes.NewReader(raw)))
		id := w.profile(t, e.OID).Avatar
		got, err := w.Persons.Avatar(ctx, e.OID, id)
		must(t, err)
		m, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || m.Bounds().Dx() != 256 || m.Bounds().Dy() != 256 {
			t.Fatalf("picture %v, %v", m.Bounds(), err)
		}
		if r, g, _, _ := m.At(128, 128).RGBA(); r>>8 < 180 || g>>8 > 60 {
			t.Errorf("colour %d %d", r>>8, g>>8)
		}
		if _, err := w.Persons.Avatar(ctx, other.OID, id); key(err) != "person.avatar_not_found" {
			t.Errorf("somebody else's picture: %v", err)
		}
	}
	must(t, w.RemoveAvatar(ctx, w.self(e)))
	if w.profile(t, e.OID).Avatar != "" {
		t.Error("the picture is still there")
	}
}
