// Package setting holds what an administrator of the portal may change while
// it runs: typed, versioned values with a journal. The binding decisions (C-*,
// G-*) are their first values and are written down where the setting is
// declared:
//
//	var DraftDays = setting.Int("application.draft_days", 90, 1, 3650)
//	days, err := setting.Get(ctx, tx, DraftDays)
//
// A value that was never set is its default. Infrastructure (addresses, keys,
// hosts) is not here: it is in the configuration file.
package setting
