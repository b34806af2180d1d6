package portalsite

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// showFeed is «Лента уведомлений» with its search and filters (NTF-02, NTF-03).
func (s *Site) showFeed(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	f := notice.Filter{Category: notice.Category(q.Get("category")), Query: kit.Clean(q.Get("q")), After: q.Get("after")}
	if f.Category != "" && !slices.Contains(notice.Categories, f.Category) {
		return fault.NotFound("kit.no_page")
	}
	list, err := s.Notices.List(r.Context(), v.acc.ID, f)
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.cabinetPage(r, "lk.feed")
	out := page.Feed{
		Level: int(v.acc.Level), Query: f.Query, Unread: v.unreadTotal(), Days: l.feedDays(list.Entries),
		Hidden: []ui.Hidden{{Name: "back", Value: p.PageURL}},
	}
	out.Chips = append(out.Chips, ui.Link{Text: l.t("feed.any"), Href: feedURL("", f.Query, ""), Current: f.Category == "", Count: v.unreadTotal()})
	for _, c := range notice.Categories {
		out.Chips = append(out.Chips, ui.Link{
			Text: l.T("notice.category." + string(c)), Href: feedURL(c, f.Query, ""), Current: f.Category == c, Count: v.unread[c],
		})
	}
	if list.Next != "" {
		out.Pager = &ui.PagerProps{Next: feedURL(f.Category, f.Query, list.Next), NextText: l.t("feed.older")}
	}
	return kit.Render(w, r, http.StatusOK, p, page.FeedPage(out))
}

func feedURL(c notice.Category, query, after string) string {
	v := url.Values{}
	for name, value := range map[string]string{"category": string(c), "q": query, "after": after} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return "/lk/notifications"
	}
	return "/lk/notifications?" + v.Encode()
}

// feedDays groups entries by day: today, yesterday, then the dates.
func (w words) feedDays(entries []notice.Entry) []page.FeedDay {
	var out []page.FeedDay
	last := -1
	for i := range entries {
		e := &entries[i]
		if ago := w.daysAgo(e.At); ago != last || len(out) == 0 {
			last = ago
			title := w.day(e.At)
			switch ago {
			case 0:
				title = w.t("feed.today")
			case 1:
				title = w.t("feed.yesterday")
			}
			out = append(out, page.FeedDay{Title: title})
		}
		d := &out[len(out)-1]
		d.Items = append(d.Items, w.feedItem(e))
	}
	return out
}

// noticePath is where an entry leads: to its object, which its page marks as read.
func noticePath(e *notice.Entry) string {
	if to := notice.Path(e.Object); to != "" {
		return to
	}
	return "/lk/notifications?category=" + url.QueryEscape(string(e.Category))
}

var categoryIcons = map[notice.Category]icon.Name{
	notice.CategoryPayment: icon.Ruble, notice.CategoryApplication: icon.Doc, notice.CategoryDraft: icon.Edit,
	notice.CategoryAppointment: icon.Calendar, notice.CategoryLetter: icon.Mail, notice.CategorySupport: icon.Info,
	notice.CategoryNews: icon.Bell,
}

func (w words) feedItem(e *notice.Entry) ui.FeedItem {
	item := ui.FeedItem{
		Category: w.T("notice.category." + string(e.Category)), Title: e.Title(w.Localizer), Text: e.Note(w.Localizer),
		Href: noticePath(e), When: w.Time(e.At, w.zone), DateTime: w.machine(e.At),
		Icon: categoryIcons[e.Category], Unread: e.ReadAt == nil, Act: e.Waiting(),
	}
	switch {
	case e.Waiting() && e.Category == notice.CategoryDraft:
		item.Tag = &ui.TagProps{Text: w.t("drafts.unsigned"), Colour: "yellow"}
	case e.Waiting() && e.Due != nil:
		item.Tag = &ui.TagProps{Text: w.t("feed.answer_until", "date", w.lastDay(*e.Due)), Colour: "yellow"}
	case e.Waiting():
		item.Tag = &ui.TagProps{Text: w.t("feed.your_turn"), Colour: "yellow"}
	case e.Category == notice.CategoryDraft:
		item.Tone = "grey"
		item.Tag = &ui.TagProps{Text: w.t("drafts.draft"), Colour: "grey"}
	}
	return item
}

func (s *Site) readFeed(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := s.Notices.MarkRead(r.Context(), v.acc.ID); err != nil {
		return err
	}
	return kit.See(w, r, kit.LocalPath(f.Text("back"), "/lk/notifications"))
}

// showSettings is «Настройка уведомлений»: type × channel and the convenient
// time (NTS-01, NTS-02, NTS-06).
func (s *Site) showSettings(w http.ResponseWriter, r *http.Request, v *visitor) error {
	set, err := s.Notices.Settings(r.Context(), v.acc.ID)
	if err != nil {
		return err
	}
	return s.settingsPage(w, r, v, http.StatusOK, set, kit.Wrong{})
}

func (s *Site) settingsPage(w http.ResponseWriter, r *http.Request, v *visitor, status int, set notice.Settings, bad kit.Wrong) error {
	l := s.words(r)
	contacts, err := s.contacts(r, v)
	if err != nil {
		return err
	}
	out := page.Settings{Level: int(v.acc.Level), Profile: s.IDP + "/profile/contacts", Errors: bad.Summary, Saved: s.mux.TakeFlash(w, r) != ""}
	for _, c := range notice.Channels {
		at := map[notice.Channel]string{notice.ChannelEmail: contacts.Email, notice.ChannelSMS: contacts.Mobile}[c]
		if at == "" {
			at = l.t("settings.where.none")
		} else if c == notice.ChannelSMS {
			at = phone(at)
		}
		out.Where = append(out.Where, ui.Fact{Name: l.t("settings.where." + string(c)), Text: at})
	}
	for _, t := range notice.Types {
		row := page.SettingRow{Title: l.T("notice.type." + string(t))}
		for _, c := range notice.Channels {
			row.Boxes = append(row.Boxes, page.SettingBox{
				Name: string(t), Value: string(c), Label: l.t("settings.channel." + string(c)), On: set.Wanted[t][c],
			})
		}
		out.Rows = append(out.Rows, row)
	}
	from, until := -1, -1
	if set.Hours != nil {
		from, until = set.Hours.From, set.Hours.Until
	}
	out.From, out.To = l.hours("from", from, bad.Field("from")), l.hours("until", until, bad.Field("until"))
	return kit.Render(w, r, status, s.cabinetPage(r, "lk.settings"), page.SettingsPage(out))
}

// hours is the choice of a full hour; -1 is any time.
func (w words) hours(name string, minute int, bad string) ui.Choice {
	c := ui.Choice{Field: ui.Field{ID: name, Name: name, Label: w.t("settings." + name), Error: bad}}
	c.Options = append(c.Options, ui.Option{Value: "", Text: w.t("settings.any_time"), Checked: minute < 0})
	for h := range 24 {
		at := time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC).Format("15:04")
		c.Options = append(c.Options, ui.Option{Value: strconv.Itoa(h), Text: at, Checked: minute == 60*h})
	}
	return c
}

func (s *Site) saveSettings(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	set := notice.Settings{Wanted: map[notice.Type]map[notice.Channel]bool{}}
	for _, t := range notice.Types {
		set.Wanted[t] = map[notice.Channel]bool{}
		for _, c := range f.All(string(t)) {
			if f.Text("go") != "off" && slices.Contains(notice.Channels, notice.Channel(c)) {
				set.Wanted[t][notice.Channel(c)] = true
			}
		}
	}
	set.Hours = hoursOf(f)
	if err := s.Notices.Choose(r.Context(), v.acc.ID, set); err != nil {
		if bad, ok := kit.WrongOf(r, err, nil); ok {
			return s.settingsPage(w, r, v, http.StatusUnprocessableEntity, set, bad)
		}
		return err
	}
	s.mux.Flash(w, "portal.settings.saved")
	return kit.See(w, r, "/lk/settings")
}

// hoursOf reads the convenient time; with one end open the day's own end counts.
func hoursOf(f kit.Form) *notice.Hours {
	read := func(name string, otherwise int) (int, bool) {
		h, err := strconv.Atoi(f.Text(name))
		if err != nil || h < 0 || h > 23 {
			return otherwise, false
		}
		return 60 * h, true
	}
	from, a := read("from", 0)
	until, b := read("until", 0)
	if !a && !b {
		return nil
	}
	if !b {
		until = 1439
	}
	return &notice.Hours{From: from, Until: until}
}
