package ui

import "context"

// The scripts take their words from attributes of the group, as govuk-frontend does.

func passwordAttrs(ctx context.Context) Attrs {
	return Attrs{
		"data-module":                            "govuk-password-input",
		"data-i18n.hide-password":                T(ctx, "ui.password.hide"),
		"data-i18n.hide-password-aria-label":     T(ctx, "ui.password.hide_label"),
		"data-i18n.password-shown-announcement":  T(ctx, "ui.password.shown"),
		"data-i18n.password-hidden-announcement": T(ctx, "ui.password.hidden"),
	}
}

func (f TextArea) countAttrs(ctx context.Context) Attrs {
	a := Attrs{
		"data-module":                   "govuk-character-count",
		"data-maxlength":                itoa(f.Limit),
		"data-i18n.characters-at-limit": T(ctx, "ui.count.none"),
	}
	// The number is put in by the script, therefore each plural form is sent.
	for _, form := range []string{"one", "few", "many", "other"} {
		a["data-i18n.characters-under-limit."+form] = T(ctx, "ui.count.left_"+form)
		a["data-i18n.characters-over-limit."+form] = T(ctx, "ui.count.over_"+form)
	}
	return a
}
