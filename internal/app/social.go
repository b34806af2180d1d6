package app

import (
	"maps"
	"slices"

	"github.com/okno-gov/okno/internal/ui"
)

// socialNames are the networks by the short names that a configuration may use;
// any other name is shown as it is written.
var socialNames = map[string]string{
	"vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Telegram", "twitter": "Twitter", "facebook": "Facebook",
}

// socialLinks are the support's pages in social networks, by name (HLP-09).
func (b BrandConfig) socialLinks() []ui.Link {
	var out []ui.Link
	for _, name := range slices.Sorted(maps.Keys(b.Social)) {
		text := name
		if known := socialNames[name]; known != "" {
			text = known
		}
		out = append(out, ui.Link{Text: text, Href: b.Social[name]})
	}
	return out
}
