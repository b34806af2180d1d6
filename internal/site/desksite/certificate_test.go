package desksite_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

func certificate(t *testing.T, name string, from, to time.Time, key crypto.Signer) []byte {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// BO-09: certificates of a client are added as text or file, shown with subject, dates and fingerprint, and
// removed; what cannot be used is refused with the reason.
func TestCertificatesByPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, admin := d.administrator("vera@example.org")
	p := admin.Get("/admin/clients/new").Submit("form[action='/admin/clients/new']", "id", "CLINIC_1", "name", "Клиника", "kind", "state", "redirect_uris", "https://clinic.example.org/cb")
	p.WantPath("/admin/clients/CLINIC_1").Want("main", "ничем не докажет")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	d.check(err)
	long, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	d.check(err)
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	d.check(err)
	now, day := time.Now(), 24*time.Hour
	year := certificate(t, "clinic.example.org", now.Add(-day), now.Add(365*day), key)
	text := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	const form = "form[action$='/certificate']"
	open := func() *kittest.Page { return admin.Get("/admin/clients/CLINIC_1") }

	for typed, want := range map[string]string{
		"": "Выберите файл", "abc": "не сертификат", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----": "не сертификат",
		text(certificate(t, "old", now.Add(-2*day), now.Add(-day), key)): "Срок сертификата",
		text(certificate(t, "weak", now, now.Add(day), short)):           "Ключ сертификата",
		text(certificate(t, "p384", now, now.Add(day), long)):            "Ключ сертификата",
	} {
		open().SubmitFiles(form, nil, "certificate", typed).WantStatus(http.StatusUnprocessableEntity).Want("#certificate-error", want)
	}
	p = open().SubmitFiles(form, nil, "certificate", "some words before\n"+text(year)).WantPath("/admin/clients/CLINIC_1")
	p.Want("[data-certificate]", "clinic.example.org").Want("[data-certificate]", "EC P-256").Want("[data-certificate] .govuk-tag", "Действует")
	open().SubmitFiles(form, nil, "certificate", text(year)) // twice is once
	soon := certificate(t, "soon.example.org", now.Add(-day), now.Add(10*day), key)
	open().SubmitFiles(form, []kittest.File{{Field: "file", Name: "soon.der", Content: soon}}).Want("[data-certificate]", "Скоро закончится")
	p = open()
	if n := len(p.All("[data-certificate]")); n != 2 {
		t.Fatalf("%d certificates", n)
	}
	if _, certs, err := d.Clients.Certified(t.Context(), "CLINIC_1"); err != nil || len(certs) != 2 {
		t.Errorf("%d certificates count, %v", len(certs), err)
	}
	for range 2 {
		p = open().Submit("[data-certificate] form").Want("main", "Сертификат удалён")
	}
	if p.Has("[data-certificate]") {
		t.Error("a removed certificate is still shown")
	}
	if _, _, err := d.Clients.Certified(t.Context(), "CLINIC_1"); !errors.Is(err, client.ErrCredentials) {
		t.Errorf("a removed certificate counts: %v", err)
	}
	// The configuration alone gives this deployment's own sites their proofs.
	for _, path := range []string{"secret", "retire", "certificate", "certificate/remove"} {
		admin.Post("/admin/clients/okno-desk/"+path, url.Values{"certificate": {text(year)}, "fingerprint": {"00"}, "_key": {strings.Repeat("0", 8) + "-0000-7000-8000-000000000001"}}).WantStatus(http.StatusForbidden)
	}
	admin.Get("/admin/journal").Want("main", "Добавлен сертификат").Want("main", "Удалён сертификат")
}
