package officesite

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// settingRoutes are the portal's settings for its administrators (BO-29).
func (s *Site) settingRoutes() {
	s.mux.Handle("GET /settings", s.admin(s.showSettings))
	s.mux.Handle("GET /settings/{name}", s.admin(s.showSetting))
	s.mux.Handle("POST /settings/{name}", s.admin(s.changeSetting))
}

// settingText is a text of a setting. Values are named, numbers have their unit.
func (w words) settingText(name, part string, args ...any) string {
	return w.T("portal_setting."+name+"."+part, args...)
}

// settingValue is a value in words.
func (w words) settingValue(d setting.Declared, raw json.RawMessage) string {
	if d.Words != nil {
		var word string
		if json.Unmarshal(raw, &word) == nil {
			return w.settingText(d.Name, "word."+word)
		}
	}
	var n int
	if json.Unmarshal(raw, &n) == nil {
		return w.settingText(d.Name, "value", "n", n)
	}
	return string(raw)
}

// editable are the settings that a page can show.
func editable(d setting.Declared) bool { return d.Words != nil || d.High > d.Low }

func (s *Site) showSettings(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	list, err := s.Settings.List(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	var out []page.Setting
	for _, c := range list {
		if !editable(c.Declared) {
			continue
		}
		area, _, _ := strings.Cut(c.Name, ".")
		out = append(out, page.Setting{
			Area: l.T("portal_setting.area." + area), Title: l.settingText(c.Name, "title"), Value: l.settingValue(c.Declared, c.Value), Href: "/settings/" + c.Name,
			Default: l.settingValue(c.Declared, c.Default), Changed: string(c.Value) != string(c.Default),
		})
	}
	p := kit.Base(r)
	p.Title = l.T("portal_setting.title")
	return kit.Render(w, r, http.StatusOK, p, page.SettingsPage(out, s.mux.TakeFlash(w, r)))
}

func (s *Site) showSetting(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	return s.settingPage(w, r, http.StatusOK, nil, "", kit.Wrong{})
}

// settingPage is one setting with all the values that it had.
func (s *Site) settingPage(w http.ResponseWriter, r *http.Request, status int, typed *string, reason string, bad kit.Wrong) error {
	c, err := s.Settings.Current(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	if !editable(c.Declared) {
		return fault.NotFound("setting.not_found")
	}
	history, err := s.Settings.History(r.Context(), c.Name)
	if err != nil {
		return err
	}
	l := s.words(r)
	value := strings.Trim(string(c.Value), `"`)
	if typed != nil {
		value = *typed
	}
	out := page.SettingForm{
		Title: l.settingText(c.Name, "title"), Text: l.settingText(c.Name, "text"), Action: "/settings/" + c.Name,
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.Itoa(c.Version)}}, Reason: reason, Error: bad.Field,
		Default: l.T("portal_setting.default", "value", l.settingValue(c.Declared, c.Default)),
	}
	if c.Words != nil {
		out.Choice = &ui.Choice{Field: ui.Field{Name: "value", Label: l.T("portal_setting.value"), LabelSize: "s", Value: value, Error: bad.Field("value")}}
		for _, word := range c.Words {
			out.Choice.Options = append(out.Choice.Options, ui.Option{Value: word, Text: l.settingText(c.Name, "word."+word)})
		}
	} else {
		out.Number = &ui.TextField{Field: ui.Field{
			Name: "value", Label: l.T("portal_setting.value"), Hint: l.T("portal_setting.range", "low", c.Low, "high", c.High), Value: value, Error: bad.Field("value"),
		}, InputMode: "numeric", Width: "5", Autocomplete: "off"}
	}
	for _, v := range history {
		out.History = append(out.History, ui.Moment{
			Title: l.settingValue(c.Declared, v.Value), When: l.moment(v.SetAt), DateTime: l.machine(v.SetAt), Text: join(": ", s.officerName(r, v.SetBy), v.Reason),
		})
	}
	p := kit.Base(r)
	p.Title, p.Errors = out.Title, bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.T("portal_setting.title"), "/settings"), {Text: out.Title}}
	return kit.Render(w, r, status, p, page.SettingPage(out))
}

// officerName names who changed a setting; programs have no name.
func (s *Site) officerName(r *http.Request, id string) string {
	if o, err := s.Officers.Get(r.Context(), id); err == nil {
		return o.Name
	}
	return ""
}

func (s *Site) changeSetting(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	name, typed, reason := r.PathValue("name"), f.Text("value"), f.Text("reason")
	version, err := strconv.Atoi(f.Text("version"))
	if err != nil {
		return fault.Invalid("kit.bad_form").Wrap(err)
	}
	c, err := s.Settings.Current(r.Context(), name)
	if err != nil {
		return err
	}
	if !editable(c.Declared) {
		return fault.NotFound("setting.not_found")
	}
	err = s.Settings.Change(r.Context(), name, version, rawValue(c.Declared, typed), o.ID, reason, s.Officers.Administering(o.ID, officer.DeedSetting, name, reason))
	if err != nil {
		bad, ok := kit.WrongOf(r, renamedField(err, name, "value"), map[string]string{"": "value"})
		if !ok {
			return err
		}
		return s.settingPage(w, r, kit.Status(fault.KindOf(err)), &typed, reason, bad)
	}
	s.mux.Flash(w, "portal_setting.saved")
	return kit.See(w, r, "/settings")
}

// rawValue is what was typed as the setting keeps it. What is no number stays a
// word, which the setting refuses in its own words.
func rawValue(d setting.Declared, typed string) json.RawMessage {
	if d.Words == nil {
		if n, err := strconv.Atoi(typed); err == nil {
			return json.RawMessage(strconv.Itoa(n))
		}
	}
	raw, err := json.Marshal(typed)
	if err != nil { // a text can always be written
		return json.RawMessage(`""`)
	}
	return raw
}
