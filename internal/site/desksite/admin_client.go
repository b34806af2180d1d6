package desksite

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// clientsView is the registry of relying parties (BO-09).
type clientsView struct {
	adminHead
	Rows []ui.DataRow
	Next string
}

func (s *Site) showClients(w http.ResponseWriter, r *http.Request, _ me) error {
	l := kit.L(r)
	list, err := s.Clients.List(r.Context(), r.URL.Query().Get("after"), adminPageSize+1)
	if err != nil {
		return err
	}
	v := clientsView{adminHead: s.adminHead(w, r, "/admin/clients")}
	if len(list) > adminPageSize {
		list = list[:adminPageSize]
		v.Next = "/admin/clients?after=" + list[adminPageSize-1].ID
	}
	for i := range list {
		c := &list[i]
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: linkCell(c.Name, "/admin/clients/"+c.ID, c.ID)},
			{Text: l.T("admin.client.kind." + string(c.Kind)), Label: l.T("admin.client.kind")},
			{Text: l.T("ui.level." + itoa(int(c.MinLevel))), Label: l.T("admin.client.level")},
			{Text: itoa(len(c.Scopes)), Label: l.T("admin.client.scopes"), Numeric: true},
			{Body: tagCell(ui.TagProps{Text: l.T("admin.client.status." + string(c.Status)), Colour: statusColour(c.Status)}), Label: l.T("admin.staff.state")},
		}})
	}
	return s.adminPage(w, r, http.StatusOK, "admin.tab.clients", kit.Wrong{}, "", clientsPage(v))
}

func statusColour(s client.Status) string {
	return map[client.Status]string{client.Active: "green", client.Pending: "yellow", client.Suspended: "red"}[s]
}

// clientView is one relying party: its registration, proofs and state.
type clientView struct {
	adminHead
	New           bool
	Client        client.Client
	Own           bool // a site of this deployment: the configuration registers it
	Redirects     string
	AfterLogout   string
	Levels        []ui.Option
	Scopes        []ui.Option
	Certificate   string
	Hidden        []ui.Hidden
	Proofs        []ui.DataRow
	Certificates  []certificateView
	Shown         string // a new secret, this once
	Moves         []moveView
	Wrong         kit.Wrong
	SecretExpires bool // more than one secret: the older ones can be retired
}

// moveView is a button that changes the state of a client.
type moveView struct{ To, Text, Kind string }

func (s *Site) newClient(w http.ResponseWriter, r *http.Request, _ me) error {
	return s.clientForm(w, r, http.StatusOK, clientView{New: true, Client: client.Client{Kind: client.State, MinLevel: 1, Scopes: []string{"openid", "fullname"}}})
}

func (s *Site) findClient(r *http.Request) (*client.Client, error) {
	c, err := s.Clients.Find(r.Context(), r.PathValue("id"))
	if err == nil && c == nil {
		err = fault.NotFound("signin.client.unknown")
	}
	return c, err
}

func (s *Site) showClient(w http.ResponseWriter, r *http.Request, _ me) error {
	c, err := s.findClient(r)
	if err != nil {
		return err
	}
	return s.clientForm(w, r, http.StatusOK, viewOf(c))
}

func viewOf(c *client.Client) clientView {
	return clientView{
		Client: *c, Own: c.FirstParty || strings.HasPrefix(c.ID, "okno-"), Redirects: strings.Join(c.RedirectURIs, "\n"), AfterLogout: strings.Join(c.PostLogoutURIs, "\n"),
	}
}

func (s *Site) clientForm(w http.ResponseWriter, r *http.Request, status int, v clientView) error {
	l := kit.L(r)
	v.adminHead, v.Hidden = s.adminHead(w, r, "/admin/clients"), formKey()
	for n := 1; n <= 3; n++ {
		v.Levels = append(v.Levels, ui.Option{Value: itoa(n), Text: l.T("ui.level." + itoa(n))})
	}
	for _, x := range client.Scopes() {
		v.Scopes = append(v.Scopes, ui.Option{Value: x, Text: x, Hint: l.T("idsite.scope." + x)})
	}
	title := "admin.client.new"
	if !v.New {
		title = "admin.client.edit"
		p, err := s.Clients.Proofs(r.Context(), v.Client.ID)
		if err != nil {
			return err
		}
		v.Proofs, v.Certificates = s.proofRows(r, p), s.certificateViews(r, p)
		v.SecretExpires = len(p.Secrets) > 1
		switch v.Client.Status {
		case client.Pending:
			v.Moves = []moveView{{"approve", l.T("admin.client.approve"), ""}, {"suspend", l.T("admin.client.refuse"), "secondary"}}
		case client.Active:
			v.Moves = []moveView{{"suspend", l.T("admin.client.suspend"), "warning"}}
		case client.Suspended:
			v.Moves = []moveView{{"resume", l.T("admin.client.resume"), ""}}
		}
	}
	return s.adminPage(w, r, status, title, v.Wrong, "/admin/clients", clientPage(v))
}

func (s *Site) proofRows(r *http.Request, p *client.Proofs) []ui.DataRow {
	l := kit.L(r)
	var out []ui.DataRow
	for _, x := range p.Secrets {
		until := l.T("admin.client.no_end")
		if x.ExpiresAt != nil {
			until = l.DateTime(*x.ExpiresAt, s.Zone)
		}
		out = append(out, ui.DataRow{Cells: []ui.Cell{
			{Text: l.T("admin.client.secret")}, {Text: l.DateTime(x.CreatedAt, s.Zone), Label: l.T("admin.client.since")}, {Text: until, Label: l.T("admin.client.until")},
		}})
	}
	return out
}

// certificateView is one certificate of a client.
type certificateView struct {
	Fingerprint, Subject string
	Rows                 []ui.Row
	Tag                  ui.TagProps
}

// certificateSoon is how long before its end a certificate is called to attention:
// a certification centre needs days, a release of the relying party too.
const certificateSoon = 30 * 24 * time.Hour

func (s *Site) certificateViews(r *http.Request, p *client.Proofs) []certificateView {
	l, now := kit.L(r), s.Clock.Wall()
	var out []certificateView
	for _, x := range p.Certificates {
		v := certificateView{Fingerprint: x.Fingerprint, Subject: x.Subject, Rows: []ui.Row{
			{Key: l.T("admin.client.cert.valid"), Value: l.T("admin.client.cert.from_to", "from", l.Date(x.NotBefore.In(s.Zone)), "to", l.Date(x.NotAfter.In(s.Zone)))},
			{Key: l.T("admin.client.cert.issuer"), Value: x.Issuer},
			{Key: l.T("admin.client.cert.key"), Value: x.Key},
			{Key: l.T("admin.client.cert.print"), Value: grouped(x.Fingerprint)},
			{Key: l.T("admin.client.cert.added"), Value: l.DateTime(x.CreatedAt, s.Zone)},
		}}
		state, colour := "live", "green"
		switch {
		case now.Before(x.NotBefore):
			state, colour = "future", "grey"
		case now.After(x.NotAfter):
			state, colour = "over", "red"
		case now.Add(certificateSoon).After(x.NotAfter):
			state, colour = "soon", "yellow"
		}
		v.Tag = ui.TagProps{Text: l.T("admin.client.cert.state." + state), Colour: colour}
		out = append(out, v)
	}
	return out
}

// grouped is a fingerprint in groups of four, so that it can be compared and wraps.
func grouped(hex string) string {
	var b strings.Builder
	for i := 0; i < len(hex); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hex[i:min(i+4, len(hex))])
	}
	return b.String()
}

func (s *Site) addClient(w http.ResponseWriter, r *http.Request, m me) error {
	return s.saveClient(w, r, m, true)
}

func (s *Site) changeClient(w http.ResponseWriter, r *http.Request, m me) error {
	return s.saveClient(w, r, m, false)
}

func (s *Site) saveClient(w http.ResponseWriter, r *http.Request, m me, add bool) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	c := client.Client{ID: f.Text("id")}
	if !add {
		was, err := s.findClient(r)
		if err != nil {
			return err
		}
		if viewOf(was).Own {
			return fault.Forbidden("admin.client.own")
		}
		c = *was
	}
	level, _ := strconv.Atoi(f.Text("min_level"))
	c.Name, c.Kind, c.Purpose, c.HomeURL = f.Text("name"), client.Kind(f.Text("kind")), f.Text("purpose"), f.Text("home_url")
	c.RedirectURIs, c.PostLogoutURIs = lines(f.Lines("redirect_uris")), lines(f.Lines("post_logout_uris"))
	c.BackchannelURI, c.EventURI = f.Text("backchannel_uri"), f.Text("event_uri")
	c.Scopes, c.MinLevel, c.SecondFactor = f.All("scopes"), person.Level(level), f.Ticked("second_factor")
	err = s.Operators.Administer(r.Context(), m.OID, operator.DeedClient, c.ID, "", func(tx *db.Tx) error {
		if add {
			known, err := s.Clients.FindTx(r.Context(), tx, c.ID)
			if err != nil {
				return err
			}
			if known != nil || strings.HasPrefix(c.ID, "okno-") {
				return fault.Invalid("admin.client.taken", fault.F("id", "admin.client.taken"))
			}
		}
		if c.MinLevel == 0 {
			return fault.Invalid("signin.client.invalid", fault.F("min_level", "signin.client.bad_level"))
		}
		return s.Clients.PutTx(r.Context(), tx, c)
	})
	return s.adminDone(w, r, err, map[string]string{"": "id"}, "admin.saved", "/admin/clients/"+c.ID, func(status int, wrong kit.Wrong) error {
		v := viewOf(&c)
		v.New, v.Own, v.Wrong, v.Redirects, v.AfterLogout = add, false, wrong, f.Lines("redirect_uris"), f.Lines("post_logout_uris")
		return s.clientForm(w, r, status, v)
	})
}

// lines are the lines of a text, empty ones left out.
func lines(s string) []string {
	var out []string
	for _, x := range strings.Split(s, "\n") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// moveClient approves, suspends or resumes.
func (s *Site) moveClient(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	c, err := s.findClient(r)
	if err != nil {
		return err
	}
	deed, do := operator.DeedSuspend, s.Clients.SuspendTx
	switch f.Text("to") {
	case "approve":
		deed, do = operator.DeedApprove, s.Clients.ApproveTx
	case "resume":
		deed, do = operator.DeedResume, s.Clients.ResumeTx
	case "suspend":
		if c.FirstParty {
			return fault.Forbidden("admin.client.own")
		}
	default:
		return fault.NotFound("signin.client.unknown")
	}
	err = s.Operators.Administer(r.Context(), m.OID, deed, c.ID, "", func(tx *db.Tx) error { return do(r.Context(), tx, c.ID) })
	if fault.Is(err, fault.KindConflict) { // done already, in another tab
		err = nil
	}
	return s.adminDone(w, r, err, nil, "admin.saved", "/admin/clients/"+c.ID, nil)
}

// newSecret shows a further secret once.
func (s *Site) newSecret(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	key, err := f.Key()
	if err != nil {
		return err
	}
	c, err := s.foreignClient(r)
	if err != nil {
		return err
	}
	v := viewOf(c)
	err = s.Operators.Administer(r.Context(), m.OID, operator.DeedSecret, c.ID, "", func(tx *db.Tx) (err error) {
		v.Shown, err = s.Clients.NewSecretTx(r.Context(), tx, c.ID, key)
		return err
	})
	if err != nil {
		return err
	}
	return s.clientForm(w, r, http.StatusOK, v)
}

// secretOverlap is how long older secrets live on after the newest: a release of
// the relying party fits in.
const secretOverlap = 7 * 24 * time.Hour

func (s *Site) retireSecrets(w http.ResponseWriter, r *http.Request, m me) error {
	c, err := s.foreignClient(r)
	if err != nil {
		return err
	}
	err = s.Operators.Administer(r.Context(), m.OID, operator.DeedRetire, c.ID, "", func(tx *db.Tx) error {
		return s.Clients.RetireSecretsTx(r.Context(), tx, c.ID, secretOverlap)
	})
	return s.adminDone(w, r, err, nil, "admin.client.retired", "/admin/clients/"+c.ID, nil)
}

// maxCertificate is more than any certificate with its chain takes.
const maxCertificate = 64 << 10

// addCertificate takes a certificate as text (PEM) or as a file (PEM or DER).
func (s *Site) addCertificate(w http.ResponseWriter, r *http.Request, m me) error {
	var file bytes.Buffer
	f, err := kit.UploadOf(r, func(u kit.Upload) error {
		_, err := io.Copy(&file, io.LimitReader(u.Body, maxCertificate))
		return err
	})
	if err != nil {
		return err
	}
	c, err := s.foreignClient(r)
	if err != nil {
		return err
	}
	raw := file.Bytes()
	if len(raw) == 0 {
		raw = []byte(f.Lines("certificate"))
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		err = fault.Invalid("signin.client.invalid", fault.F("certificate", "signin.client.certificate_missing"))
	} else {
		err = s.Operators.Administer(r.Context(), m.OID, operator.DeedCertificate, c.ID, "", func(tx *db.Tx) error {
			return s.Clients.AddCertificateTx(r.Context(), tx, c.ID, certificateOf(raw))
		})
	}
	return s.adminDone(w, r, err, map[string]string{"": "certificate"}, "admin.saved", "/admin/clients/"+c.ID, func(status int, wrong kit.Wrong) error {
		v := viewOf(c)
		v.Wrong, v.Certificate = wrong, f.Lines("certificate")
		return s.clientForm(w, r, status, v)
	})
}

// foreignClient is the client of the address, unless it is a site of this deployment:
// the configuration alone gives these their proofs.
func (s *Site) foreignClient(r *http.Request) (*client.Client, error) {
	c, err := s.findClient(r)
	if err == nil && viewOf(c).Own {
		err = fault.Forbidden("admin.client.own")
	}
	return c, err
}

// certificateOf finds the first certificate of a PEM text; what is no PEM is taken
// for DER, and the registry judges it.
func certificateOf(raw []byte) []byte {
	rest := raw
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return raw
		}
		if block.Type == "CERTIFICATE" {
			return block.Bytes
		}
	}
}

// removeCertificate takes a certificate away at once.
func (s *Site) removeCertificate(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	c, err := s.foreignClient(r)
	if err != nil {
		return err
	}
	sum := f.Text("fingerprint")
	err = s.Operators.Administer(r.Context(), m.OID, operator.DeedUncertify, c.ID, sum, func(tx *db.Tx) error {
		return s.Clients.RemoveCertificateTx(r.Context(), tx, c.ID, sum)
	})
	return s.adminDone(w, r, err, nil, "admin.client.cert.removed", "/admin/clients/"+c.ID, nil)
}
