package app

import (
	"runtime/debug"
)

// Version names the build: the revision that Go recorded, with a mark when the
// tree was changed.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "okno (unknown build)"
	}
	rev, dirty := "unknown revision", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			rev = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+"
			}
		}
	}
	return "okno " + rev + dirty + " " + info.GoVersion
}
