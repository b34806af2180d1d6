package desksite

import (
	"net/http"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// durations are the settings that are spans of time, with the unit in which the
// page asks for them; the text is admin.setting.<name>.
var durations = []struct {
	name string
	unit time.Duration
	of   func(*setting.Values) *setting.Duration
}{
	{"code_life", time.Minute, func(v *setting.Values) *setting.Duration { return &v.CodeLife }},
	{"code_pause", time.Second, func(v *setting.Values) *setting.Duration { return &v.CodePause }},
	{"link_life", time.Hour, func(v *setting.Values) *setting.Duration { return &v.LinkLife }},
	{"attempt_life", time.Hour, func(v *setting.Values) *setting.Duration { return &v.AttemptLife }},
	{"session_idle", time.Minute, func(v *setting.Values) *setting.Duration { return &v.SessionIdle }},
	{"session_life", time.Minute, func(v *setting.Values) *setting.Duration { return &v.SessionLife }},
	{"fresh_auth", time.Minute, func(v *setting.Values) *setting.Duration { return &v.FreshAuth }},
	{"temporary_life", time.Hour, func(v *setting.Values) *setting.Duration { return &v.TemporaryLife }},
	{"first_pause", time.Second, func(v *setting.Values) *setting.Duration { return &v.FirstPause }},
	{"longest_pause", time.Minute, func(v *setting.Values) *setting.Duration { return &v.LongestPause }},
	{"check_term", time.Hour, func(v *setting.Values) *setting.Duration { return &v.CheckTerm }},
	{"journal_term", 24 * time.Hour, func(v *setting.Values) *setting.Duration { return &v.JournalTerm }},
	{"remind_deletion", 24 * time.Hour, func(v *setting.Values) *setting.Duration { return &v.RemindDeletion }},
}

var counts = []struct {
	name string
	of   func(*setting.Values) *int
}{
	{"code_tries", func(v *setting.Values) *int { return &v.CodeTries }},
	{"codes_per_hour", func(v *setting.Values) *int { return &v.CodesPerHour }},
	{"free_failures", func(v *setting.Values) *int { return &v.FreeFailures }},
}

// settingsView is the page of settings with their journal.
type settingsView struct {
	adminHead
	Contacts, Password string
	Contact, Passwords []ui.Option
	Numbers            []numberView
	Operator, Reason   string
	MVD, SFR           string
	History            []ui.DataRow
	Wrong              kit.Wrong
}

// numberView is a setting that is a number.
type numberView struct{ Name, Value, Default, Unit string }

func (s *Site) showSettings(w http.ResponseWriter, r *http.Request, m me) error {
	v, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	return s.settingsPage(w, r, m, http.StatusOK, valuesView(v), kit.Wrong{})
}

// valuesView are settings as texts of fields.
func valuesView(v setting.Values) settingsView {
	def := setting.Default()
	out := settingsView{Contacts: string(v.Contacts), Password: string(v.Password), Operator: v.Operator, MVD: v.Verifiers["mvd"], SFR: v.Verifiers["sfr"]}
	for _, d := range durations {
		out.Numbers = append(out.Numbers, numberView{d.name, itoa(int(d.of(&v).D() / d.unit)), itoa(int(d.of(&def).D() / d.unit)), unitKey(d.unit)})
	}
	for _, c := range counts {
		out.Numbers = append(out.Numbers, numberView{c.name, itoa(*c.of(&v)), itoa(*c.of(&def)), ""})
	}
	return out
}

func unitKey(d time.Duration) string {
	switch d {
	case time.Second:
		return "admin.unit.seconds"
	case time.Minute:
		return "admin.unit.minutes"
	case time.Hour:
		return "admin.unit.hours"
	}
	return "admin.unit.days"
}

func (s *Site) settingsPage(w http.ResponseWriter, r *http.Request, _ me, status int, v settingsView, wrong kit.Wrong) error {
	l := kit.L(r)
	v.adminHead, v.Wrong = s.adminHead(w, r, "/admin/settings"), wrong
	for _, x := range []setting.ContactPolicy{setting.ContactAny, setting.ContactPhone, setting.ContactBoth} {
		v.Contact = append(v.Contact, ui.Option{Value: string(x), Text: l.T("admin.setting.contacts." + string(x))})
	}
	for _, x := range []setting.PasswordPolicy{setting.PasswordStrict, setting.PasswordNoPunctuation} {
		v.Passwords = append(v.Passwords, ui.Option{Value: string(x), Text: l.T("admin.setting.password." + string(x))})
	}
	history, err := s.Settings.History(r.Context())
	if err != nil {
		return err
	}
	for _, h := range history {
		v.History = append(v.History, ui.DataRow{Cells: []ui.Cell{
			{Text: itoa(h.Version), Numeric: true},
			{Text: l.DateTime(h.At, s.Zone), Label: l.T("desk.journal.at"), Class: "okno-nowrap"},
			{Text: h.Actor, Label: l.T("admin.journal.who")},
			{Text: h.Reason, Label: l.T("desk.journal.reason")},
		}})
	}
	return s.adminPage(w, r, status, "admin.tab.settings", wrong, "", settingsPage(v))
}

func (s *Site) changeSettings(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	numbers := map[string]int{}
	var bad []fault.Field
	number := func(name string) {
		n, err := strconv.Atoi(f.Text(name))
		if err != nil || n < 0 || n > 1_000_000 {
			bad = append(bad, fault.F(name, "admin.setting.number"))
		}
		numbers[name] = n
	}
	for _, d := range durations {
		number(d.name)
	}
	for _, c := range counts {
		number(c.name)
	}
	if len(bad) > 0 {
		err = fault.Invalid("setting.invalid", bad...)
	} else {
		err = s.Operators.Administer(r.Context(), m.OID, operator.DeedSettings, "settings", f.Lines("reason"), func(tx *db.Tx) error {
			return s.Settings.UpdateTx(r.Context(), tx, person.FormatOID(m.OID), f.Lines("reason"), func(v *setting.Values) { edit(v, f, numbers) })
		})
		s.Settings.Forget()
	}
	return s.adminDone(w, r, err, map[string]string{"": "reason"}, "admin.saved", "/admin/settings", func(status int, wrong kit.Wrong) error {
		v := valuesView(setting.Default())
		v.Contacts, v.Password, v.Operator, v.Reason = f.Text("contacts"), f.Text("password"), f.Text("operator"), f.Lines("reason")
		v.MVD, v.SFR = f.Text("mvd"), f.Text("sfr")
		for i := range v.Numbers {
			v.Numbers[i].Value = f.Text(v.Numbers[i].Name)
		}
		return s.settingsPage(w, r, m, status, v, wrong)
	})
}

func edit(v *setting.Values, f kit.Form, numbers map[string]int) {
	v.Contacts, v.Password = setting.ContactPolicy(f.Text("contacts")), setting.PasswordPolicy(f.Text("password"))
	for _, d := range durations {
		*d.of(v) = setting.Duration(time.Duration(numbers[d.name]) * d.unit)
	}
	for _, c := range counts {
		*c.of(v) = numbers[c.name]
	}
	if x := f.Text("operator"); x != "" {
		v.Operator = x
	}
	names := map[string]string{}
	for k, x := range v.Verifiers {
		names[k] = x
	}
	for _, k := range []string{"mvd", "sfr"} {
		if x := f.Text(k); x != "" {
			names[k] = x
		}
	}
	v.Verifiers = names
}

// keysView are the keys that sign tokens.
type keysView struct {
	adminHead
	Keys []keyView
}

// keyView is one published key.
type keyView struct {
	KID, Text string
	Tag       ui.TagProps
}

func (s *Site) showKeys(w http.ResponseWriter, r *http.Request, _ me) error {
	l := kit.L(r)
	list, err := s.SigningKeys.List(r.Context())
	if err != nil {
		return err
	}
	v := keysView{adminHead: s.adminHead(w, r, "/admin/keys")}
	now := s.Clock.Now()
	for _, k := range list {
		tag := ui.TagProps{Text: l.T("admin.key.old"), Colour: "grey"}
		switch {
		case k.Signs:
			tag = ui.TagProps{Text: l.T("admin.key.signs"), Colour: "green"}
		case k.ActiveAt.After(now):
			tag = ui.TagProps{Text: l.T("admin.key.next")}
		}
		v.Keys = append(v.Keys, keyView{k.KID, l.T("admin.key.times", "from", l.DateTime(k.ActiveAt, s.Zone), "until", l.DateTime(k.RetiredAt, s.Zone), "gone", l.DateTime(k.RemovedAt, s.Zone)), tag})
	}
	return s.adminPage(w, r, http.StatusOK, "admin.tab.keys", kit.Wrong{}, "", keysPage(v))
}

func (s *Site) rotateKeys(w http.ResponseWriter, r *http.Request, m me) error {
	err := s.Operators.Administer(r.Context(), m.OID, operator.DeedRotateKey, "jwks", "", func(tx *db.Tx) error { return s.SigningKeys.RotateTx(r.Context(), tx) })
	s.SigningKeys.Forget()
	return s.adminDone(w, r, err, nil, "admin.key.rotated", "/admin/keys", nil)
}

// replaceKey removes a key that has leaked.
func (s *Site) replaceKey(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	kid := f.Text("kid")
	err = s.Operators.Administer(r.Context(), m.OID, operator.DeedReplaceKey, kid, "", func(tx *db.Tx) error { return s.SigningKeys.ReplaceTx(r.Context(), tx, kid) })
	s.SigningKeys.Forget()
	return s.adminDone(w, r, err, nil, "admin.key.replaced", "/admin/keys", nil)
}
